package tessera.experiments.claims;

import static tessera.experiments.claims.Finding.row;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import tessera.RecurrenceSpec;
import tessera.TesseraException;
import tessera.UpdateRule.Gate;
import tessera.experiments.Curves;
import tessera.experiments.Growth;
import tessera.experiments.GrowthPoint;
import tessera.experiments.GrowthPoint.Form;
import tessera.experiments.GrowthPoint.Part;
import tessera.experiments.GrowthProblem;
import tessera.experiments.GrowthResult;
import tessera.experiments.GrowthRule;
import tessera.experiments.Protocol;
import tessera.planner.Planner;

/** Claims about how linear attention grows: with the length, the context, the size of a head, the length of a chunk. */
final class GrowthClaims {
    private static final double NEAR = 0.25;

    static final List<Claim> ALL = List.of(
            Claim.measured("Q04", "Linear attention takes O(L d^2), or O(L d), in place of O(L^2 d)", "arXiv:2006.16236, arXiv:2507.19595",
                    "time over the length, and over the size of a head with a state of d x d and with one of d; confirmed if the powers are at most " + NEAR
                    + " above 1, 2 and 1, conditional if only that of the length is", GrowthClaims::linear),
            Claim.measured("Q08", "Linear attention never forms the matrix of all pairs", "arXiv:2006.16236",
                    "memory of all arrays of its plans, fitted over the length; confirmed if the power is within " + NEAR + " of 1", GrowthClaims::memory),
            Claim.measured("Q09", "A recurrent step needs O(d^2) memory, the whole sequence O(L) time", "arXiv:2312.00752, arXiv:2312.06635",
                    "bytes of a state for heads of 16 to 128, and time over the length; confirmed if the powers are 2 and at most " + NEAR + " above 1",
                    GrowthClaims::state),
            Claim.measured("Q10", "With a recurrent state a step takes the same time after any context", "arXiv:2312.00752",
                    "time of one token after a context, by a recurrence and by attention over a cache, fitted; confirmed if the recurrence's power is "
                    + "within " + NEAR + " of 0 and attention's above 0.5", GrowthClaims::decode),
            Claim.measured("Q14", "The chunkwise form stays linear in the length and gains parallelism", "arXiv:2312.06635, arXiv:2405.21060",
                    "time over the length, and at one length against chunks of 16 to 256 and the recurrent form; confirmed if linear and faster than "
                    + "recurrent, conditional if only linear",
                    GrowthClaims::chunks),
            Claim.measured("Q15", "The forms of linear attention, recurrent, chunkwise and of all pairs, each have their uses",
                    "A Survey of Efficient Attention Methods, 2025",
                    "the fastest form at lengths from one token on; confirmed if more than one form is the fastest somewhere", GrowthClaims::forms));

    private GrowthClaims() {
    }

    /** Sequences, decode steps and chunks, measured once for all claims. */
    static GrowthResult growth(Setting setting) {
        GrowthResult growth = setting.shared("growth", () -> {
            if (setting.device().isJvm()) {
                growth(setting, List.of(512), List.of(1024), 512, Protocol.of(0.5));
            }
            return growth(setting, setting.size(List.of(512, 1024, 2048, 4096), List.of(2048, 4096, 8192, 16384, 32768)),
                    setting.size(List.of(1024, 4096, 16384, 65536), List.of(4096, 16384, 65536, 131072)), setting.size(2048, 8192), setting.protocol());
        });
        return setting.noted(growth, result -> result.points().stream().map(GrowthPoint::measurement).toList());
    }

    private static GrowthResult growth(Setting setting, List<Integer> lengths, List<Integer> contexts, int chunkLength, Protocol protocol) {
        GrowthProblem problem = new GrowthProblem(GrowthRule.HEAD_TOKEN, 1, setting.size(2, 16), setting.size(32, 64), setting.seed());
        return new Growth(problem, lengths, contexts, chunkLength, setting.size(512, 4096), List.of(setting.device()), protocol, 20).run(setting.progress());
    }

    private static Map<Integer, Double> times(GrowthResult growth, Part part, Form form) {
        Map<Integer, Double> times = new TreeMap<>();
        growth.points().stream().filter(p -> p.part() == part && p.form() == form && p.verified()).forEach(p -> times.put(p.size(),
                Setting.millis(p.measurement())));
        return times;
    }

    private static double power(GrowthResult growth, Part part, Form form) {
        Map<Integer, Double> times = times(growth, part, form);
        times.keySet().removeIf(size -> size < growth.growth().slopeFrom());
        return Setting.power(times);
    }

    private static List<Map<String, Object>> rows(GrowthResult growth, Part part, String size) {
        return growth.points().stream().filter(p -> p.part() == part).map(p -> row("form", p.form().toString(), size, p.size(), "ms", p.verified()
                ? Setting.millis(p.measurement()) : null, "plan", p.measurement().plan())).toList();
    }

    private static Curves curves(GrowthResult growth, Part part, String size) {
        Map<String, Map<Integer, Double>> lines = new LinkedHashMap<>();
        for (Form form : Form.values()) {
            lines.put(form.toString(), times(growth, part, form));
        }
        lines.values().removeIf(Map::isEmpty);
        return new Curves("Time", size, "time (ms)", lines);
    }

    private static Finding linear(Setting setting) {
        GrowthResult growth = growth(setting);
        int length = setting.size(1024, 4096);
        Map<Integer, Double> matrix = new TreeMap<>();
        Map<Integer, Double> vector = new TreeMap<>();
        List<Map<String, Object>> rows = new ArrayList<>(rows(growth, Part.SEQUENCE, "length"));
        for (int dim : new int[] {16, 32, 64, 128}) {
            RecurrenceSpec whole = RecurrenceSpec.of(1, setting.size(2, 16), length, dim).gate(Gate.HEAD_TOKEN).build();
            RecurrenceSpec channels = RecurrenceSpec.of(1, setting.size(2, 16) * dim, length, 1).gate(Gate.HEAD_TOKEN).build();
            matrix.put(dim, Setting.millis(setting.measure("G10", whole, plan -> plan.variant().equals("recurrent"))));
            vector.put(dim, Setting.millis(setting.measure("G11", channels, plan -> plan.variant().equals("recurrent"))));
            rows.add(row("form", "state of d x d", "length", length, "ms", matrix.get(dim), "d", dim));
            rows.add(row("form", "state of d", "length", length, "ms", vector.get(dim), "d", dim));
        }
        return linear(power(growth, Part.SEQUENCE, Form.CHUNK), power(growth, Part.SEQUENCE, Form.DENSE), Setting.power(matrix), Setting.power(vector))
                .with(rows).with(curves(growth, Part.SEQUENCE, "length (tokens)"));
    }

    static Finding linear(double length, double dense, double matrix, double vector) {
        boolean dims = matrix <= 2 + NEAR && vector <= 1 + NEAR;
        Verdict verdict = length > 1 + NEAR ? Verdict.REFUTED : dims ? Verdict.CONFIRMED : Verdict.CONDITIONAL;
        return Finding.of(verdict, "time grows with the power %.2f of the length (dense attention %.2f), and of the size of a head with %.2f for a state "
                + "of d x d and %.2f for one of d",
                length, dense, matrix, vector);
    }

    private static Finding memory(Setting setting) {
        GrowthResult growth = growth(setting);
        Map<String, Map<Integer, Double>> lines = new LinkedHashMap<>();
        for (Form form : List.of(Form.CHUNK, Form.RECURRENT)) {
            Map<Integer, Double> line = new TreeMap<>();
            growth.points().stream().filter(p -> p.part() == Part.SEQUENCE && p.form() == form && p.verified()).forEach(p -> line.put(p.size(),
                    p.measurement().cost().memoryBytes() / 1048576.0));
            lines.put(form.toString(), line);
        }
        return memory(Setting.power(lines.get("chunk")), Setting.power(lines.get("recurrent"))).with(rows(growth, Part.SEQUENCE, "length"))
                .with(new Curves("Memory of all arrays", "length (tokens)", "MiB", lines));
    }

    static Finding memory(double chunk, double recurrent) {
        boolean linear = Math.abs(chunk - 1) <= NEAR && Math.abs(recurrent - 1) <= NEAR;
        return Finding.of(linear ? Verdict.CONFIRMED : Verdict.REFUTED, "memory grows with the power %.2f of the length in chunks and %.2f token by token; "
                + "the form of all pairs exists too, and stores them", chunk, recurrent);
    }

    private static Finding state(Setting setting) {
        GrowthResult growth = growth(setting);
        Map<Integer, Double> bytes = new TreeMap<>();
        for (int dim : new int[] {16, 32, 64, 128}) {
            bytes.put(dim, 4.0 * RecurrenceSpec.of(1, 1, 1, dim).finalState().build().outputs().get("s").elements());
        }
        return state(Setting.power(bytes), power(growth, Part.SEQUENCE, Form.RECURRENT)).with(bytes.keySet().stream().map(dim -> row("d", dim,
                "bytes of a state", bytes.get(dim))).toList())
                .with(curves(growth, Part.SEQUENCE, "length (tokens)"));
    }

    static Finding state(double bytes, double time) {
        Verdict verdict = Math.abs(bytes - 2) > 1e-6 ? Verdict.REFUTED : time <= 1 + NEAR ? Verdict.CONFIRMED : Verdict.CONDITIONAL;
        return Finding.of(verdict, "a state's bytes grow with the power %.2f of d, the time of a sequence with the power %.2f of its length; where chunks "
                + "keep their states, that is d/C as much as keys and values again", bytes, time);
    }

    private static Finding decode(Setting setting) {
        GrowthResult growth = growth(setting);
        double floor = times(growth, Part.DECODE, Form.RECURRENT).values().stream().min(Double::compare).orElseThrow();
        return decode(power(growth, Part.DECODE, Form.RECURRENT), power(growth, Part.DECODE, Form.DENSE), floor).with(rows(growth, Part.DECODE, "context"))
                .with(curves(growth, Part.DECODE, "context (tokens)"));
    }

    static Finding decode(double recurrent, double dense, double floor) {
        Verdict verdict = Math.abs(recurrent) > NEAR ? Verdict.REFUTED : dense > 0.5 ? Verdict.CONFIRMED : Verdict.CONDITIONAL;
        return Finding.of(verdict, "a step's time grows with the power %.2f of the context by a recurrence, whose fastest step takes %.3g ms, and %.2f by "
                + "attention over a cache", recurrent,
                floor, dense);
    }

    private static Finding chunks(Setting setting) {
        GrowthResult growth = growth(setting);
        GrowthPoint best = growth.bestChunk(setting.device()).orElseThrow(() -> new TesseraException("no chunk length has a time"));
        int length = growth.growth().chunkLength();
        Double recurrent = times(growth, Part.SEQUENCE, Form.RECURRENT).get(length);
        Map<Integer, Double> byChunk = times(growth, Part.CHUNKS, Form.CHUNK);
        return chunks(power(growth, Part.SEQUENCE, Form.CHUNK), length, best.size(), byChunk.get(best.size()), byChunk.values().stream().max(Double::compare)
                .orElseThrow(), recurrent)
                .with(rows(growth, Part.CHUNKS, "chunk")).with(new Curves("Chunks of " + length + " tokens", "tokens of a chunk", "time (ms)",
                Map.of("chunk", byChunk)));
    }

    static Finding chunks(double power, int length, int best, double bestMillis, double worstMillis, Double recurrent) {
        boolean faster = recurrent != null && bestMillis < recurrent;
        Verdict verdict = power > 1 + NEAR ? Verdict.REFUTED : faster ? Verdict.CONFIRMED : Verdict.CONDITIONAL;
        return Finding.of(verdict, "time in chunks grows with the power %.2f of the length; at %d tokens chunks of %d are best, %.2f times as fast as the "
                + "worst, and %s times as fast as token by token", power, length, best, worstMillis / bestMillis, recurrent == null ? "an unknown number of"
                : String.format(Locale.ROOT,
                "%.2f", recurrent / bestMillis));
    }

    private static Finding forms(Setting setting) {
        Map<String, Map<Integer, Double>> lines = new LinkedHashMap<>();
        Map<Integer, String> fastest = new TreeMap<>();
        List<Map<String, Object>> rows = new ArrayList<>();
        for (int length : setting.size(List.of(1, 64, 512, 2048), List.of(1, 64, 1024, 16384))) {
            RecurrenceSpec spec = RecurrenceSpec.of(1, setting.size(2, 16), length, setting.size(32, 64)).gate(Gate.HEAD_TOKEN).build();
            List<String> variants = Planner.candidates(spec, setting.device()).legal().stream().map(plan -> plan.variant()).distinct().toList();
            for (String variant : variants) {
                double millis = Setting.millis(setting.measure("G10", spec, plan -> plan.variant().equals(variant)));
                lines.computeIfAbsent(variant, _ -> new TreeMap<>()).put(length, millis);
                rows.add(row("length", length, "form", variant, "ms", millis));
                String before = fastest.get(length);
                fastest.put(length, before == null || millis < lines.get(before).get(length) ? variant : before);
            }
        }
        return forms(fastest).with(rows).with(new Curves("Forms of linear attention", "length (tokens)", "time (ms)", lines));
    }

    static Finding forms(Map<Integer, String> fastest) {
        boolean several = fastest.values().stream().distinct().count() > 1;
        return Finding.of(several ? Verdict.CONFIRMED : Verdict.REFUTED, "the fastest form by length: %s", fastest.toString().replaceAll("[{}]", "")
                .replace('=', ' '));
    }
}
