package tessera;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import tessera.engine.Device;
import tessera.engine.Timing;
import tessera.planner.Cost;
import tessera.planner.DeviceProfile;
import tessera.planner.Plan;
import tessera.planner.Planner;
import tessera.reference.Accuracy;

/**
 * A spec divided over several devices: each computes some of the batches and heads, or states, with a plan and a thread of its own.
 * Parts are copied from and to the caller's tensors on the host. A device that would only delay the others gets no part.
 *
 * {@snippet :
 * try (var divided = Tessera.plan(spec, Tessera.device("opencl:0"), Tessera.device("jvm"))) {
 *     divided.run(q, k, v, out);
 * }
 * }
 *
 * <p>Not safe for use by several threads at once; close it to give the devices' memory back.
 */
public final class Divided implements AutoCloseable {

    /** TornadoVM compiles in the first run, and says nothing of compiling in several threads at once. */
    private static final Object COMPILER = new Object();

    /** There are OpenCL drivers that run kernels, with all their private arrays, on the thread that starts them. */
    private static final long STACK = 8 << 20;

    private record Part(Prepared prepared, int first, int units) {
    }

    private final Spec spec;
    private final Division division;
    private final List<Part> parts = new ArrayList<>();
    private final Plan plan;
    private final Arguments arguments;
    private final ExecutorService threads;
    private boolean compiled;
    private boolean closed;

    /** @param shares units for each of the devices */
    Divided(Spec spec, Division division, List<Device> devices, int[] shares) {
        this.spec = spec;
        this.division = division;
        this.arguments = new Arguments(spec);
        int first = 0;
        for (int d = 0; d < shares.length; d++) {
            if (shares[d] > 0) {
                parts.add(new Part(Tessera.plan(division.cut().of(first, shares[d]), devices.get(d)), first, shares[d]));
                first += shares[d];
            }
        }
        this.plan = whole();
        this.threads = Executors.newFixedThreadPool(parts.size(), Divided::thread);
    }

    private static Thread thread(Runnable work) {
        Thread thread = new Thread(null, work, "tessera-part", STACK);
        thread.setDaemon(true);
        return thread;
    }

    static Divided of(Spec spec, List<Device> devices) {
        if (devices.isEmpty() || new LinkedHashSet<>(devices).size() < devices.size()) {
            throw new IllegalArgumentException("devices must be one or more different ones, got " + devices);
        }
        Division best = null;
        int[] shares = {};
        double least = Double.POSITIVE_INFINITY;
        for (Division division : Division.of(spec)) {
            double[] millis = millis(division, devices);
            int[] some = division.shares(millis);
            double last = IntStream.range(0, some.length).mapToDouble(d -> some[d] * millis[d] / division.units()).max().orElseThrow();
            if (last < least) {
                best = division;
                shares = some;
                least = last;
            }
        }
        return new Divided(spec, best, devices, shares);
    }

    /** Time of the whole on each device: as expected where all devices were measured on problems nearby, else as predicted. */
    private static double[] millis(Division division, List<Device> devices) {
        List<Double> expected = new ArrayList<>();
        List<Double> predicted = new ArrayList<>();
        for (Device device : devices) {
            // what is too large for a device as a whole may still be computed there in part
            boolean whole = !Planner.candidates(division.whole(), device).legal().isEmpty();
            Spec spec = whole ? division.whole() : division.cut().of(0, 1);
            int times = whole ? 1 : division.units();
            Plan plan = Planner.plan(spec, device);
            Double millis = Planner.expectedMillis(spec, device, plan);
            expected.add(millis == null || millis.isInfinite() ? null : Double.valueOf(times * millis));
            predicted.add(times * DeviceProfile.of(device).predictedMillis(plan));
        }
        return (expected.contains(null) ? predicted : expected).stream().mapToDouble(Double::doubleValue).toArray();
    }

    private Plan whole() {
        Map<String, Integer> shares = new LinkedHashMap<>();
        parts.forEach(part -> shares.merge(part.prepared.device().id(), part.units, Integer::sum));
        List<Plan> plans = parts.stream().map(part -> part.prepared.plan()).toList();
        double density = parts.stream().mapToDouble(part -> part.prepared.plan().cost().density() * part.units).sum() / division.units();
        Cost cost = new Cost(plans.stream().mapToLong(p -> p.cost().flops()).sum(), plans.stream().mapToLong(p -> p.cost().bytes()).sum(),
                plans.stream().mapToLong(p -> p.cost().memoryBytes()).sum(), density);
        String reason = parts.stream().map(part -> String.format(Locale.ROOT, "%d of %d %s: %s", part.units, division.units(), division.unit(), part.prepared))
                .collect(Collectors.joining("; "));
        return new Plan(spec.operator(), "divided", "-", shares, spec.dtype(), cost, reason);
    }

    public Spec spec() {
        return spec;
    }

    /** What each device takes, for example {@code ATTN divided opencl:0=5 jvm=3 F32}; the reason has the plans of the parts. */
    public Plan plan() {
        return plan;
    }

    /** The parts, in the order of the devices that have one. */
    public List<Prepared> parts() {
        return parts.stream().map(Part::prepared).toList();
    }

    /**
     * Whether every run measures kernels and transfers, see {@link Prepared#timed}.
     *
     * @return this
     */
    public Divided timed(boolean every) {
        parts.forEach(part -> part.prepared.timed(every));
        return this;
    }

    /**
     * Runs all parts at the same time, as {@link Prepared#run(Tensor...)} runs one plan. Times of kernels, transfers and compiling are
     * those of the part in which they took longest.
     *
     * @throws IllegalArgumentException as there
     * @throws IllegalStateException if this is closed
     * @throws TesseraException if a device fails; the other parts are waited for
     */
    public Result run(Tensor... tensors) {
        return run(arguments.named(tensors));
    }

    /** As {@link #run(Tensor...)}, by name. */
    public Result run(Map<String, Tensor> tensors) {
        if (closed) {
            throw new IllegalStateException("this plan is closed; prepare it again with Tessera.plan");
        }
        long start = System.nanoTime();
        Map<String, Tensor> given = arguments.complete(tensors);
        List<CompletableFuture<Result>> runs = parts.stream().map(part -> CompletableFuture.supplyAsync(() -> run(part, given), threads)).toList();
        try {
            CompletableFuture.allOf(runs.toArray(CompletableFuture[]::new)).join();
        } catch (CompletionException e) {
            throw e.getCause() instanceof RuntimeException cause ? cause : e;
        }
        compiled = true;
        List<Result> results = runs.stream().map(CompletableFuture::join).toList();
        Timing timing = results.stream().map(Result::timing).reduce(Timing::beside).orElseThrow();
        Accuracy check = results.stream().map(Result::selfCheck).reduce(Accuracy::worse).orElseThrow();
        Map<String, Tensor> outputs = new LinkedHashMap<>();
        arguments.outputs().keySet().forEach(name -> outputs.put(name, given.get(name)));
        return new Result(outputs, plan, results.stream().map(Result::device).collect(Collectors.joining(",")),
                new Timing(timing.kernel(), timing.transfer(), timing.compile(), System.nanoTime() - start), check);
    }

    private Result run(Part part, Map<String, Tensor> given) {
        Map<String, Tensor> own = new LinkedHashMap<>();
        given.keySet().forEach(name -> own.put(name, part.prepared.tensor(name)));
        division.whole().inputs().forEach((name, shape) -> copy(given.get(name), shape, own.get(name), part, true));
        Result result = runOnce(part.prepared, own);
        division.whole().outputs().forEach((name, shape) -> copy(given.get(name), shape, own.get(name), part, false));
        return result;
    }

    private Result runOnce(Prepared prepared, Map<String, Tensor> tensors) {
        if (compiled || prepared.device().isJvm()) {
            return prepared.run(tensors);
        }
        synchronized (COMPILER) {
            return prepared.run(tensors);
        }
    }

    /** Copies the part's share of a tensor; shapes differ along the axis that is cut, if any is. */
    private void copy(Tensor whole, Shape shape, Tensor own, Part part, boolean in) {
        int axis = 0;
        while (axis < shape.rank() && shape.dim(axis) == own.shape().dim(axis)) {
            axis++;
        }
        int inner = IntStream.range(axis + 1, shape.rank()).map(shape::dim).reduce(1, (a, b) -> a * b);
        int row = axis < shape.rank() ? shape.dim(axis) * inner : own.shape().elements();
        int count = axis < shape.rank() ? own.shape().dim(axis) * inner : row;
        int from = axis < shape.rank() ? row / division.units() * part.first : 0;
        for (int n = 0; n < own.shape().elements() / count; n++) {
            if (in) {
                whole.copyTo(n * row + from, own, n * count, count);
            } else {
                own.copyTo(n * count, whole, n * row + from, count);
            }
        }
    }

    @Override
    public void close() {
        closed = true;
        threads.shutdown();
        parts.forEach(part -> part.prepared.close());
    }

    /** For example {@code ATTN divided opencl:0=5 jvm=3 F32}. */
    @Override
    public String toString() {
        return plan.toString();
    }
}
