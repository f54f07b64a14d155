package tessera.planner;

import java.lang.reflect.RecordComponent;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Stream;
import tessera.Spec;
import tessera.engine.Device;

/**
 * Why a spec is computed the way it is on a device: every candidate with its cost, and what was ruled out by which limit.
 *
 * @param profile measured rates of the device, or null: then there are no predicted times
 * @param legal legal plans, best guess first; the first one is chosen
 */
public record Explanation(Spec spec, Device device, DeviceProfile profile, List<Plan> legal, List<Candidates.RuledOut> ruledOut) {

    /** Explains a spec on a device; computes nothing. */
    public static Explanation of(Spec spec, Device device, DeviceProfile profile) {
        Candidates candidates = Planner.candidates(spec, device);
        return new Explanation(spec, device, profile, candidates.legal(), candidates.ruledOut().stream().distinct().toList());
    }

    /** One row for each candidate, legal ones first; values are null where they mean nothing. */
    public List<Map<String, Object>> rows() {
        List<Map<String, Object>> rows = new ArrayList<>();
        for (Plan plan : legal) {
            Map<String, Object> row = new LinkedHashMap<>();
            row.put("device", device.id());
            row.put("plan", plan.summary());
            row.put("chosen", rows.isEmpty());
            row.put("legal", true);
            row.put("variant", plan.variant());
            row.put("layout", plan.layout());
            row.put("tuning", plan.tuning());
            row.put("storage", plan.storage().name());
            row.put("flops", plan.cost().flops());
            row.put("bytes", plan.cost().bytes());
            row.put("memoryBytes", plan.cost().memoryBytes());
            row.put("density", plan.cost().density());
            row.put("predictedMillis", profile == null ? null : profile.predictedMillis(plan));
            TunedPlan measured = TunedPlans.here().find(spec, device, plan);
            row.put("expectedMillis", finite(Planner.expectedMillis(spec, device, plan)));
            row.put("measuredMillis", measured == null ? null : finite(measured.median() / 1e6));
            row.put("reason", plan.reason());
            rows.add(row);
        }
        for (Candidates.RuledOut out : ruledOut) {
            Map<String, Object> row = new LinkedHashMap<>();
            row.put("device", device.id());
            row.put("plan", out.plan());
            row.put("chosen", false);
            row.put("legal", false);
            row.put("reason", out.limit());
            rows.add(row);
        }
        return rows;
    }

    private static Double finite(Double millis) {
        return millis == null || !Double.isFinite(millis) ? null : millis;
    }

    /** The whole explanation as nested maps and lists, ready for JSON. */
    public Map<String, Object> tree() {
        Map<String, Object> tree = new LinkedHashMap<>();
        tree.put("operator", spec.operator());
        tree.put("spec", values());
        tree.put("device", device.id());
        tree.put("gigabytesPerSecond", profile == null ? null : profile.gigabytesPerSecond());
        tree.put("gigaflops", profile == null ? null : profile.gigaflops());
        tree.put("matrixGigaflops", profile == null ? null : profile.matrixGigaflops());
        tree.put("splitMatrixGigaflops", profile == null ? null : profile.splitMatrixGigaflops());
        tree.put("chosen", legal.isEmpty() ? null : legal.getFirst().summary());
        tree.put("candidates", rows().stream().filter(row -> row.get("legal").equals(true)).toList());
        tree.put("ruledOut", ruledOut.stream().map(r -> Map.of("plan", r.plan(), "limit", r.limit())).toList());
        return tree;
    }

    private Map<String, Object> values() {
        Map<String, Object> values = new LinkedHashMap<>();
        for (RecordComponent component : spec.getClass().getRecordComponents()) {
            try {
                Object value = component.getAccessor().invoke(spec);
                values.put(component.getName(), value instanceof Number || value instanceof Boolean ? value : value.toString());
            } catch (ReflectiveOperationException e) {
                throw new IllegalStateException(e);
            }
        }
        return values;
    }

    /** The explanation as a table for people: the chosen plan is marked by {@code *}, plans that a limit rules out by {@code -}. */
    @Override
    public String toString() {
        StringBuilder text = new StringBuilder(spec.operator() + " on " + device);
        if (profile != null) {
            text.append(String.format(Locale.ROOT, ": %.1f GB/s, %.1f GFLOP/s", profile.gigabytesPerSecond(), profile.gigaflops()));
        }
        text.append('\n').append("  inputs  ").append(spec.inputs()).append('\n').append("  outputs ").append(spec.outputs()).append('\n');
        List<List<String>> columns = columns();
        for (int n = 0; n < columns.getFirst().size(); n++) {
            StringBuilder line = new StringBuilder(n == 0 ? " " : n > legal.size() ? "-" : n == 1 ? "*" : " ");
            for (List<String> column : columns) {
                String cell = column.get(n);
                String space = " ".repeat(column.stream().mapToInt(String::length).max().orElse(0) - cell.length());
                line.append(column == columns.getFirst() ? " " : "  ").append(column == columns.getFirst() || column == columns.getLast() ? cell + space : space + cell);
            }
            text.append(line.toString().stripTrailing()).append('\n');
        }
        return text.toString();
    }

    /** Each with its heading; numbers that nothing is known of are left out. */
    private List<List<String>> columns() {
        List<Map<String, Object>> rows = rows();
        List<List<String>> columns = new ArrayList<>();
        columns.add(column(rows, "plan", "plan", Object::toString));
        columns.add(column(rows, "predicted ms", "predictedMillis", ms -> String.format(Locale.ROOT, "%.3f", ms)));
        columns.add(column(rows, "expected ms", "expectedMillis", ms -> String.format(Locale.ROOT, "%.3f", ms)));
        columns.add(column(rows, "measured ms", "measuredMillis", ms -> String.format(Locale.ROOT, "%.3f", ms)));
        columns.add(column(rows, "operations", "flops", flops -> scaled((long) flops)));
        columns.add(column(rows, "moved", "bytes", bytes -> scaled((long) bytes) + "B"));
        columns.add(column(rows, "memory", "memoryBytes", bytes -> scaled((long) bytes) + "B"));
        columns.add(column(rows, "density", "density", density -> String.format(Locale.ROOT, "%.3f", density)));
        columns.add(column(rows, "reason or limit", "reason", Object::toString));
        return columns.stream().filter(column -> column.stream().skip(1).anyMatch(cell -> !cell.isEmpty())).toList();
    }

    private static List<String> column(List<Map<String, Object>> rows, String heading, String key, Function<Object, String> form) {
        return Stream.concat(Stream.of(heading), rows.stream().map(row -> row.get(key) == null ? "" : form.apply(row.get(key)))).toList();
    }

    /** Three digits and a decimal prefix: {@code 1.21 G}. */
    private static String scaled(double value) {
        String prefixes = " kMGTPE";
        int n = 0;
        while (value >= 1000) {
            value /= 1000;
            n++;
        }
        return String.format(Locale.ROOT, "%.3g %s", value, n == 0 ? "" : prefixes.substring(n, n + 1));
    }
}
