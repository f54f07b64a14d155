package tessera.experiments;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.stream.Collectors;
import tessera.DType;
import tessera.engine.Device;
import tessera.experiments.GrowthPoint.Form;
import tessera.experiments.GrowthPoint.Part;

/** Growth as tables for a terminal, each below a title. */
public final class GrowthTables {
    private final GrowthResult result;
    private final GrowthProblem problem;

    private GrowthTables(GrowthResult result) {
        this.result = result;
        this.problem = result.growth().problem();
    }

    /** The tables by their titles. */
    public static Map<String, List<Map<String, Object>>> of(GrowthResult result) {
        GrowthTables tables = new GrowthTables(result);
        Map<String, List<Map<String, Object>>> all = new LinkedHashMap<>();
        all.put("Sequences: kernel time in ms against length, " + tables.what(), tables.sequences());
        all.put("Decode step: kernel time in ms of one token after a context; the state is drawn, as only its size matters", tables.steps());
        all.put("Slopes: time grows as length (or context) to this power, fitted from " + result.growth().slopeFrom() + " on", tables.slopes());
        all.put("Chunk length: kernel time in ms of " + result.growth().chunkLength() + " tokens, the best marked *", tables.chunks());
        all.put("Crossover: from where chunk is faster than dense; the model 2d + C counts operations only", tables.crossings());
        return all;
    }

    private String what() {
        return "gate " + GrowthReport.gate(result.growth()) + " " + problem.rule().row() + ", batch " + problem.batch() + ", " + problem.heads()
                + " heads of " + problem.headDim();
    }

    /** The forms of each size side by side. */
    private List<List<GrowthPoint>> bySize(Part part) {
        List<List<GrowthPoint>> rows = new ArrayList<>();
        for (Device device : result.machine().devices()) {
            rows.addAll(result.points(part, device).stream().collect(Collectors.groupingBy(GrowthPoint::size, TreeMap::new, Collectors.toList())).values());
        }
        return rows;
    }

    private List<Map<String, Object>> sequences() {
        return bySize(Part.SEQUENCE).stream().map(forms -> {
            Map<String, Object> row = row(forms, "length", Form.CHUNK, Form.RECURRENT, Form.DENSE);
            row.put("dense / chunk", ratio(forms, Form.CHUNK));
            return ended(row, forms);
        }).toList();
    }

    private List<Map<String, Object>> steps() {
        double state = (double) problem.step().outputs().get("s").elements() * DType.F32.bytes() / (1 << 10);
        return bySize(Part.DECODE).stream().map(forms -> {
            Map<String, Object> row = row(forms, "context", Form.RECURRENT, Form.DENSE);
            row.put("dense / recurrent", ratio(forms, Form.RECURRENT));
            row.put("state KiB", state);
            row.put("cache KiB", 2.0 * problem.denseStep(forms.getFirst().size()).inputs().get("k").elements() * DType.F32.bytes() / (1 << 10));
            return ended(row, forms);
        }).toList();
    }

    private static Map<String, Object> row(List<GrowthPoint> forms, String size, Form... shown) {
        Map<String, Object> row = new LinkedHashMap<>();
        row.put("device", forms.getFirst().measurement().device().id());
        row.put(size, forms.getFirst().size());
        Arrays.stream(shown).forEach(form -> row.put(form.toString(), median(forms, form)));
        return row;
    }

    private static Double median(List<GrowthPoint> forms, Form form) {
        return forms.stream().filter(p -> p.form() == form).map(GrowthPoint::median).filter(Objects::nonNull).findFirst().orElse(null);
    }

    private static Double ratio(List<GrowthPoint> forms, Form form) {
        Double dense = median(forms, Form.DENSE);
        Double other = median(forms, form);
        return dense == null || other == null ? null : Double.valueOf(dense / other);
    }

    /** With the worst error, and why what is missing is missing. */
    private static Map<String, Object> ended(Map<String, Object> row, List<GrowthPoint> forms) {
        row.put("RMS", forms.stream().map(p -> Report.rms(p.measurement().accuracy())).filter(Objects::nonNull).reduce(Math::max).orElse(null));
        row.put("note", forms.stream().filter(p -> !p.verified()).map(p -> p.form() + " " + note(p)).collect(Collectors.joining("; ")));
        return row;
    }

    private static String note(GrowthPoint point) {
        return Report.failure(point.measurement());
    }

    private List<Map<String, Object>> slopes() {
        return result.slopes().stream().map(growing -> {
            Map<String, Object> row = new LinkedHashMap<>();
            row.put("device", growing.device().id());
            row.put("part", growing.part().name().toLowerCase(Locale.ROOT));
            row.put("form", growing.form().toString());
            GrowthReport.slope(row, growing.slope());
            row.put("plan at the longest", growing.plan());
            return row;
        }).toList();
    }

    private List<Map<String, Object>> chunks() {
        List<Map<String, Object>> rows = new ArrayList<>();
        for (Device device : result.machine().devices()) {
            GrowthPoint best = result.bestChunk(device).orElse(null);
            for (GrowthPoint point : result.points(Part.CHUNKS, device)) {
                Map<String, Object> row = new LinkedHashMap<>();
                row.put("device", device.id());
                row.put("chunk", point.size());
                row.put("best", point == best ? "*" : "");
                row.put("kernel", point.median());
                row.put("p10", point.verified() ? point.measurement().kernel().p10() : null);
                row.put("p90", point.verified() ? point.measurement().kernel().p90() : null);
                row.put("RMS", Report.rms(point.measurement().accuracy()));
                row.put("note", note(point));
                rows.add(row);
            }
        }
        return rows;
    }

    private List<Map<String, Object>> crossings() {
        return result.crossings().stream().map(crossing -> {
            Crossover c = crossing.crossover();
            Map<String, Object> row = new LinkedHashMap<>();
            row.put("device", c.device());
            row.put("measured", c.above() == 0 ? null : c.at());
            row.put("model 2d + C", crossing.model() == 0 ? null : crossing.model());
            row.put("what", c.sentence());
            return row;
        }).toList();
    }
}
