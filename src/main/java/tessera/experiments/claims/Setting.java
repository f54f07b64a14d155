package tessera.experiments.claims;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
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
import tessera.experiments.Trials;
import tessera.experiments.Workload;
import tessera.methods.Catalogue;
import tessera.methods.Methods;
import tessera.planner.Plan;
import tessera.planner.Planner;

/** Where and how claims are tested on one device. Keeps what was measured, so that claims that need the same share it. */
public final class Setting {
    private final Device device;
    private final boolean quick;
    private final long seed;
    private final Consumer<String> progress;
    private final Map<String, Object> shared = new HashMap<>();
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

    Consumer<String> progress() {
        return progress;
    }

    static Protocol protocol(boolean quick) {
        return quick ? new Protocol(0.1, 3, 10) : Protocol.of(0.5);
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
        measured.addAll(measurements.apply(result));
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
        List<Measurement> one = new Trials(Catalogue.row(method), List.of(spec), List.of(device), plan::equals, protocol(), seed).run(progress);
        return noted(one, all -> all).getFirst();
    }

    /** A problem by every wanted plan. */
    List<Measurement> measureAll(String method, Spec spec, Predicate<Plan> wanted) {
        return noted(new Trials(Catalogue.row(method), List.of(spec), List.of(device), wanted, protocol(), seed).run(progress), all -> all);
    }

    /** Methods of the catalogue on drawn data. */
    Comparison compare(List<String> methods, Data data, List<Integer> lengths, int heads, int headDim) {
        List<Workload> workloads = lengths.stream().map(length -> Workload.drawn(data, 1, heads, length, headDim, seed)).toList();
        return noted(new Experiment(methods.stream().map(Methods::of).toList(), workloads, List.of(device), protocol(), seed).run(progress),
                Comparison::measurements);
    }

    /**
     * Median kernel time.
     *
     * @throws TesseraException if there is none, saying why
     */
    static double millis(Measurement m) {
        if (!m.verified()) {
            throw new TesseraException(Report.line(m));
        }
        return m.kernel().median();
    }
}
