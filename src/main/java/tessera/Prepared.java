package tessera;

import java.util.LinkedHashMap;
import java.util.Map;
import tessera.engine.Device;
import tessera.engine.Engine;
import tessera.engine.Engines;
import tessera.engine.Timing;
import tessera.operators.Storage;
import tessera.planner.Plan;
import tessera.planner.SelfCheck;
import tessera.reference.Accuracy;

/**
 * A plan made ready on a device: prepare once, run many times. The first run compiles, and later ones keep kernels and the
 * device's buffers. On the JVM a run works on the caller's tensors. Other devices have tensors of the plan's own, and copies
 * are made from and to the caller's; {@link #tensor} gives them out, which saves these copies:
 *
 * {@snippet :
 * try (var plan = Tessera.plan(spec, Tessera.device("opencl:0"))) {
 *     Tensor q = plan.tensor("q"), k = plan.tensor("k"), v = plan.tensor("v"), out = plan.tensor("out");
 *     while (more(q, k, v)) { // fills them
 *         plan.run(q, k, v, out);
 *     }
 * }
 * }
 *
 * <p>Not safe for use by several threads at once; close it to give the device's memory back.
 */
public final class Prepared implements AutoCloseable {
    private final Spec spec;
    private final Plan plan;
    private final Device device;
    private final Engine engine;
    private final Accuracy selfCheck;
    private final Arguments arguments;
    private final Map<String, Tensor> own = new LinkedHashMap<>();
    private Map<String, Tensor> bound = Map.of();
    private Engine.Session session;
    private boolean timed;
    private boolean closed;

    Prepared(Spec spec, Plan plan, Device device, boolean check) {
        this.spec = spec;
        this.plan = plan;
        this.device = device;
        this.engine = Engines.of(device);
        this.selfCheck = check ? SelfCheck.of(spec, plan, device) : null;
        this.arguments = new Arguments(spec);
    }

    public Spec spec() {
        return spec;
    }

    public Plan plan() {
        return plan;
    }

    public Device device() {
        return device;
    }

    /**
     * Whether every run measures its kernels and transfers; without it only the first one does. TornadoVM waits for each step that
     * it measures: on a small problem that takes longer than the kernels do.
     *
     * @return this
     */
    public Prepared timed(boolean every) {
        timed = every;
        return this;
    }

    /**
     * The plan's own tensor for an input or output, in the type in which the device reads or writes it, always the same one. A run
     * that is given it makes no copy on the host, and the next one overwrites it if it is an output.
     *
     * @throws IllegalArgumentException if the spec has no tensor of that name
     */
    public Tensor tensor(String name) {
        Shape shape = arguments.inputs().getOrDefault(name, arguments.outputs().get(name));
        if (shape == null) {
            throw new IllegalArgumentException("unknown tensor '" + name + "'; " + spec.operator() + " takes " + arguments.inputs().keySet()
                    + " and gives " + arguments.outputs().keySet());
        }
        return own.computeIfAbsent(name, _ -> Tensor.zeros(storage(name), shape));
    }

    /**
     * Runs with the spec's inputs, then its outputs, in the spec's order; for attention {@code run(q, k, v, out)}, with the
     * log-sum-exp {@code run(q, k, v, out, lse)}. Outputs left out at the end are allocated: out in the spec's type, what goes
     * with it as F32.
     *
     * @throws IllegalArgumentException if a tensor is missing, unknown or has the wrong shape or type, or if an output shares
     *         its memory with another tensor, naming it
     * @throws IllegalStateException if this plan is closed
     * @throws TesseraException if the device fails
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
        if (device.isJvm() || session == null) {
            bind(given);
        }
        arguments.inputs().keySet().forEach(name -> copy(given.get(name), bound.get(name)));
        Timing timing = session.run(timed);
        Map<String, Tensor> outputs = new LinkedHashMap<>();
        for (String name : arguments.outputs().keySet()) {
            copy(bound.get(name), given.get(name));
            outputs.put(name, given.get(name));
        }
        Timing total = new Timing(timing.kernel(), timing.transfer(), timing.compile(), System.nanoTime() - start);
        return new Result(outputs, plan, device.id(), total, selfCheck);
    }

    private static void copy(Tensor from, Tensor to) {
        if (from.data() != to.data()) {
            from.copyTo(to);
        }
    }

    private DType storage(String name) {
        return arguments.inputs().containsKey(name) ? Storage.type(spec, plan, name) : spec.computedType(name);
    }

    /** On the JVM to the caller's tensors where kernels can read them as they are, else to the plan's own. */
    private void bind(Map<String, Tensor> given) {
        Map<String, Tensor> tensors = new LinkedHashMap<>();
        given.forEach((name, tensor) -> tensors.put(name, device.isJvm() && tensor.dtype() == storage(name) ? tensor : tensor(name)));
        if (session != null && tensors.entrySet().stream().allMatch(e -> e.getValue().data() == bound.get(e.getKey()).data())) {
            return;
        }
        release();
        bound = tensors;
        session = engine.prepare(device, Storage.bind(spec, plan, tensors));
    }

    @Override
    public void close() {
        closed = true;
        release();
    }

    private void release() {
        if (session != null) {
            session.close();
            session = null;
        }
    }

    /** For example {@code ATTN rows FULL F32 on jvm}. */
    @Override
    public String toString() {
        return plan + " on " + device.id();
    }
}
