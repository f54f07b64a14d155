package tessera.experiments;

import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Supplier;
import tessera.engine.Device;
import tessera.experiments.GrowthPoint.Form;
import tessera.experiments.GrowthPoint.Part;
import tessera.experiments.GrowthProblem.Subject;
import tessera.planner.Plan;
import tessera.planner.Planner;

/**
 * How linear attention grows with the length beside dense attention: sequences, decode steps, and chunks of different lengths.
 *
 * @param lengths of sequences; {@link #allLengths} adds shorter ones
 * @param contexts tokens before a decode step
 * @param chunkLength tokens of the sequence that is cut into different chunks
 * @param slopeFrom first length that slopes are fitted to
 * @param limitSeconds a point whose runs are predicted to take longer is left out
 */
public record Growth(GrowthProblem problem, List<Integer> lengths, List<Integer> contexts, int chunkLength, int slopeFrom,
        List<Device> devices, Protocol protocol, double limitSeconds) {

    /** Chunk lengths that are compared. */
    private static final List<Integer> CHUNKS = List.of(16, 32, 64, 128, 256);

    /** Tokens that are enough to have the JVM compile every kernel. */
    private static final int SHORT = 128;

    private static final List<Form> FORMS = List.of(Form.values());
    private static final List<Form> STEPS = List.of(Form.RECURRENT, Form.DENSE);

    /** @throws IllegalArgumentException if a size does not fit, naming it */
    public Growth {
        lengths.forEach(problem::dense);
        lengths.forEach(problem::recurrence);
        contexts.forEach(problem::denseStep);
        problem.recurrence(chunkLength);
        if (!(limitSeconds > 0)) {
            throw new IllegalArgumentException("the limit of a point must be above 0 seconds, got " + limitSeconds);
        }
    }

    /** The lengths, and shorter ones by halves down to where operations say that chunks overtake dense attention. */
    public List<Integer> allLengths() {
        TreeSet<Integer> all = new TreeSet<>(lengths);
        while (all.first() > problem.fewestTokens()) {
            all.add(all.first() / 2);
        }
        return List.copyOf(all);
    }

    private List<Integer> chunks() {
        return CHUNKS.stream().filter(chunk -> chunk == CHUNKS.getFirst() || chunk < 2 * chunkLength).toList();
    }

    /** How many points progress is told about. */
    public int size() {
        int settling = FORMS.size() * jvm().size();
        return settling + devices.size() * (FORMS.size() * allLengths().size() + STEPS.size() * contexts.size() + chunks().size());
    }

    private List<Device> jvm() {
        return devices.stream().filter(Device::isJvm).toList();
    }

    /**
     * Measures every point, the short lengths first.
     *
     * @param progress is told what comes next, once for each point
     */
    public GrowthResult run(Consumer<String> progress) {
        Instant date = Instant.now();
        List<GrowthPoint> points = new ArrayList<>();
        measure(Part.SEQUENCE, SHORT, FORMS, () -> problem.sequence(SHORT), jvm(), point -> progress.accept("warming up, " + point), new ArrayList<>());
        for (int length : allLengths()) {
            measure(Part.SEQUENCE, length, FORMS, () -> problem.sequence(length), devices, progress, points);
        }
        for (int context : new TreeSet<>(contexts)) {
            measure(Part.DECODE, context, STEPS, () -> problem.decode(context), devices, progress, points);
        }
        chunks(progress, points);
        points.sort(Comparator.comparing(GrowthPoint::part).thenComparingInt(p -> devices.indexOf(p.measurement().device())));
        return new GrowthResult(Machine.here(devices), this, date, points);
    }

    private void measure(Part part, int length, List<Form> forms, Supplier<List<Subject>> make, List<Device> on, Consumer<String> progress,
            List<GrowthPoint> points) {
        Map<Form, Subject> subjects = new LinkedHashMap<>();
        String reason = null;
        for (Device device : on) {
            for (Form form : forms) {
                progress.accept(part.name().toLowerCase(Locale.ROOT) + " " + form + " at " + length + " on " + device.id());
                String refused = part == Part.SEQUENCE ? tooLong(form, length, device, points).orElse(null) : null;
                if (refused == null && subjects.isEmpty() && reason == null) {
                    reason = attempt(() -> make.get().forEach(subject -> subjects.put(subject.form(), subject)));
                }
                refused = refused == null ? reason : refused;
                Subject s = subjects.get(form);
                points.add(new GrowthPoint(part, form, length, refused != null
                        ? Measurement.impossible(problem.row(form, part == Part.DECODE ? length : 0), device, length, null, List.of(), refused)
                        : protocol.measure(s.row(), s.problem(), s.check(), s.workload(), device)));
            }
        }
    }

    /** Why something cannot be done; null if it was. */
    private static String attempt(Runnable work) {
        try {
            work.run();
            return null;
        } catch (RuntimeException | OutOfMemoryError e) {
            return Protocol.reason(e);
        }
    }

    /** The runs of a point are at least one to verify, one to warm up, and those that are timed. */
    private Optional<String> tooLong(Form form, int length, Device device, List<GrowthPoint> points) {
        return points.stream().filter(p -> p.form() == form && p.verified() && p.measurement().device().equals(device)).reduce((_, last) -> last)
                .filter(last -> seconds(last, length) > limitSeconds)
                .map(last -> String.format(Locale.ROOT, "its %d runs would take about %.0f s, as predicted from %d tokens, more than the limit of %s s",
                        protocol.fewest() + 2, seconds(last, length), last.size(), limitSeconds));
    }

    private double seconds(GrowthPoint last, int length) {
        return last.median() / 1e3 * last.form().growth(last.size(), length) * (protocol.fewest() + 2);
    }

    private void chunks(Consumer<String> progress, List<GrowthPoint> points) {
        List<Subject> made = new ArrayList<>();
        String reason = attempt(() -> made.add(problem.chunks(chunkLength)));
        for (Device device : devices) {
            for (int chunk : chunks()) {
                progress.accept("chunks of " + chunk + " at " + chunkLength + " on " + device.id());
                points.add(new GrowthPoint(Part.CHUNKS, Form.CHUNK, chunk, reason != null
                        ? Measurement.impossible(problem.rule().row(), device, chunkLength, null, List.of(), reason)
                        : measure(made.getFirst(), chunk, device)));
            }
        }
    }

    private Measurement measure(Subject s, int chunk, Device device) {
        Function<Device, List<Plan>> choice = d -> List.of(inChunks(Planner.candidates(s.problem().spec(), d).legal(), chunk)
                .orElseGet(() -> s.problem().plans(d).getFirst()));
        return protocol.measure(s.row(), s.problem(), choice, s.check(), s.workload(), device);
    }

    /** The listed plan with chunks of that length, else the first one in chunks with another length; its cost stays that of the listed one. */
    static Optional<Plan> inChunks(List<Plan> legal, int chunk) {
        List<Plan> listed = legal.stream().filter(plan -> plan.variant().equals("chunk")).toList();
        return listed.stream().filter(plan -> plan.get("chunk") == chunk).findFirst().or(() -> listed.stream().findFirst().map(plan -> {
            Map<String, Integer> tuning = new LinkedHashMap<>(plan.tuning());
            tuning.put("chunk", chunk);
            return new Plan(plan.operator(), plan.variant(), plan.layout(), tuning, plan.storage(), plan.cost(), "chunks of a length that is not listed");
        }));
    }
}
