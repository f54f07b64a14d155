package tessera.experiments.claims;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.function.Supplier;
import tessera.Spec;
import tessera.TesseraException;
import tessera.engine.Device;
import tessera.experiments.Comparison;
import tessera.experiments.Data;
import tessera.experiments.Experiment;
import tessera.experiments.Measurement;
import tessera.experiments.Protocol;
import tessera.experiments.Report;
import tessera.experiments.Slope;
import tessera.experiments.Trials;
import tessera.experiments.Workload;
import tessera.methods.Catalogue;
import tessera.methods.Methods;
import tessera.planner.Plan;
import tessera.planner.Planner;

/** Where and how claims are tested on one device. Keeps what was measured, so that claims that need the same share it. */
public final class Setting {
    /** Standard error of a power above which it says nothing. */
    private static final double SCATTER = 0.2;

    /** How often a kernel is measured at most before one counts. */
    private static final int MOST_SETTLING = 6;

    private final Device device;
    private final boolean quick;
    private final long seed;
    private final Consumer<String> progress;
    private final Map<String, Object> shared = new HashMap<>();
    private final Set<List<String>> settled = new HashSet<>();
    private final List<Measurement> measured = new ArrayList<>();

    Setting(Device device, boolean quick, long seed, Consumer<String> progress) {
        this.device = device;
        this.quick = quick;
        this.seed = seed;
        this.progress = progress;
    }

    Device device() {
        return device;
    }

    long seed() {
        return seed;
    }

    /** Numbers that are the same for the same seed. */
    SplittableRandom random() {
        return new SplittableRandom(seed);
    }

    Consumer<String> progress() {
        return progress;
    }

    static Protocol protocol(boolean quick) {
        return quick ? new Protocol(0.1, 5, 20) : Protocol.of(0.5);
    }

    Protocol protocol() {
        return protocol(quick);
    }

    /** The small size on a CPU and if it is to be quick, else the large one. */
    <T> T size(T small, T large) {
        return quick || device.isJvm() || !device.kind().equals("GPU") ? small : large;
    }

    /** What several claims need, made once. */
    @SuppressWarnings("unchecked")
    <T> T shared(String name, Supplier<T> make) {
        return (T) shared.computeIfAbsent(name, _ -> make.get());
    }

    /** Keeps what an experiment measured for the claim that is tested. */
    <T> T noted(T result, Function<T, List<Measurement>> measurements) {
        measurements.apply(result).stream().filter(m -> measured.stream().noneMatch(known -> known == m)).forEach(measured::add);
        return result;
    }

    /** Starts anew for the next claim. */
    void forget() {
        measured.clear();
    }

    /** What was measured for the claim that is tested. */
    List<Measurement> measured() {
        return List.copyOf(measured);
    }

    /** A problem by the planner's choice among the wanted plans. */
    Measurement measure(String method, Spec spec, Predicate<Plan> wanted) {
        Plan plan = Planner.plan(spec, device, wanted, "for this claim");
        settle(method, spec, plan);
        List<Measurement> one = new Trials(Catalogue.row(method), List.of(spec), List.of(device), plan::equals, protocol(), seed).run(progress);
        return noted(one, all -> all).getFirst();
    }

    /** The JVM compiles in the background what runs often: first measurements of a kernel there are thrown away, until it gets no faster. */
    private void settle(String method, Spec spec, Plan plan) {
        if (device.isJvm() && settled.add(List.of(method, plan.operator(), plan.variant(), plan.layout()))) {
            double before = Double.MAX_VALUE;
            for (int times = 0; times < MOST_SETTLING; times++) {
                Measurement m = new Trials(Catalogue.row(method), List.of(spec), List.of(device), plan::equals, Protocol.of(0.5), seed).run(progress)
                        .getFirst();
                if (!m.verified() || millis(m) > 0.8 * before) {
                    return;
                }
                before = millis(m);
            }
        }
    }

    /** A problem by every wanted plan. */
    List<Measurement> measureAll(String method, Spec spec, Predicate<Plan> wanted) {
        return noted(new Trials(Catalogue.row(method), List.of(spec), List.of(device), wanted, protocol(), seed).run(progress), all -> all);
    }

    /** Methods of the catalogue on drawn data. */
    Comparison compare(List<String> methods, Data data, List<Integer> lengths, int heads, int headDim) {
        if (device.isJvm() && settled.add(methods)) {
            experiment(methods, data, lengths.subList(0, 1), heads, headDim, Protocol.of(0.5)).run(progress);
        }
        return noted(experiment(methods, data, lengths, heads, headDim, protocol()).run(progress), Comparison::measurements);
    }

    private Experiment experiment(List<String> methods, Data data, List<Integer> lengths, int heads, int headDim, Protocol protocol) {
        List<Workload> workloads = lengths.stream().map(length -> Workload.drawn(data, 1, heads, length, headDim, seed)).toList();
        return new Experiment(methods.stream().map(Methods::of).toList(), workloads, List.of(device), protocol, seed);
    }

    /**
     * Kernel time that a tenth of the runs stay below: what else goes on at a machine disturbs it less than the median.
     *
     * @throws TesseraException if there is none, saying why
     */
    static double millis(Measurement m) {
        if (!m.verified()) {
            throw new TesseraException(Report.line(m));
        }
        return m.kernel().p10();
    }

    /**
     * The power of the size by which a figure grows.
     *
     * @throws TesseraException if the figures lie on no line, as on a busy machine
     */
    static double power(Map<Integer, Double> line) {
        Slope slope = Slope.of(line, 1).orElseThrow(() -> new TesseraException("fewer than two sizes have a time"));
        if (slope.error() > SCATTER) {
            throw new TesseraException(String.format(Locale.ROOT, "times scatter too much to say how they grow: the power %.2f with an error of %.2f, more "
                    + "than %.1f; repeat it on a quiet machine",
                    slope.exponent(), slope.error(), SCATTER));
        }
        return slope.exponent();
    }
}
