package tessera;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
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
 * A plan made ready on a device: prepare once, run many times. On the JVM a run works on the caller's tensors; other
 * devices have buffers of their own, kept between runs. Not safe for use by several threads at once; close it to give
 * the device's memory back.
 */
public final class Prepared implements AutoCloseable {
    private final Spec spec;
    private final Plan plan;
    private final Device device;
    private final Engine engine;
    private final Accuracy selfCheck;
    private Map<String, Tensor> bound = Map.of();
    private Engine.Session session;
    private boolean closed;

    Prepared(Spec spec, Plan plan, Device device, boolean check) {
        this.spec = spec;
        this.plan = plan;
        this.device = device;
        this.engine = Engines.of(device);
        this.selfCheck = check ? SelfCheck.of(spec, plan, device) : null;
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
        List<String> names = new ArrayList<>(spec.inputs().keySet());
        names.addAll(spec.outputs().keySet());
        if (tensors.length > names.size()) {
            throw new IllegalArgumentException(spec.operator() + " takes " + names + ", got " + tensors.length + " tensors");
        }
        Map<String, Tensor> byName = new LinkedHashMap<>();
        for (int n = 0; n < tensors.length; n++) {
            byName.put(names.get(n), tensors[n]);
        }
        return run(byName);
    }

    /** As {@link #run(Tensor...)}, by name. */
    public Result run(Map<String, Tensor> tensors) {
        if (closed) {
            throw new IllegalStateException("this plan is closed; prepare it again with Tessera.plan");
        }
        long start = System.nanoTime();
        Map<String, Tensor> given = complete(tensors);
        if (device.isJvm()) {
            bind(inStorage(given));
        } else if (session == null) {
            Map<String, Tensor> buffers = new LinkedHashMap<>();
            given.forEach((name, tensor) -> buffers.put(name, Tensor.zeros(storage(name), tensor.shape())));
            bind(buffers);
        }
        spec.inputs().keySet().forEach(name -> copy(given.get(name), bound.get(name)));
        Timing timing = session.run();
        Map<String, Tensor> outputs = new LinkedHashMap<>();
        for (String name : spec.outputs().keySet()) {
            copy(bound.get(name), given.get(name));
            outputs.put(name, given.get(name));
        }
        Timing total = new Timing(timing.kernel(), timing.transfer(), timing.compile(), System.nanoTime() - start);
        return new Result(outputs, plan, device.id(), total, selfCheck);
    }

    private static void copy(Tensor from, Tensor to) {
        if (from != to) {
            from.copyTo(to);
        }
    }

    private DType storage(String name) {
        return spec.inputs().containsKey(name) ? Storage.type(spec, plan, name) : spec.computedType(name);
    }

    private Map<String, Tensor> inStorage(Map<String, Tensor> given) {
        Map<String, Tensor> stored = new LinkedHashMap<>();
        given.forEach((name, tensor) -> {
            boolean same = tensor.dtype() == storage(name);
            stored.put(name, same ? tensor : Tensor.zeros(storage(name), tensor.shape()));
        });
        return stored;
    }

    private void bind(Map<String, Tensor> tensors) {
        if (session != null && tensors.equals(bound)) {
            return;
        }
        release();
        bound = tensors;
        session = engine.prepare(device, Storage.bind(spec, plan, tensors));
    }

    private Map<String, Tensor> complete(Map<String, Tensor> tensors) {
        for (String name : tensors.keySet()) {
            if (!spec.inputs().containsKey(name) && !spec.outputs().containsKey(name)) {
                throw new IllegalArgumentException("unknown tensor '" + name + "'; " + spec.operator() + " takes "
                        + spec.inputs().keySet() + " and gives " + spec.outputs().keySet());
            }
        }
        Map<String, Tensor> given = new LinkedHashMap<>();
        spec.inputs().forEach((name, shape) -> {
            Tensor tensor = tensors.get(name);
            if (tensor == null) {
                throw new IllegalArgumentException("input '" + name + "' is missing; " + spec.operator() + " takes " + spec.inputs());
            }
            given.put(name, input(name, tensor, shape));
        });
        spec.outputs().forEach((name, shape) -> {
            Tensor tensor = tensors.get(name);
            Tensor output = tensor == null ? Tensor.zeros(spec.outputType(name), shape)
                    : checked(name, spec.outputType(name), packed(tensor, shape), shape);
            given.forEach((other, taken) -> {
                if (taken.data() == output.data()) {
                    throw new IllegalArgumentException("output '" + name + "' must not share its memory with '" + other + "'");
                }
            });
            given.put(name, output);
        });
        return given;
    }

    /** Dimensions of 1 in front may be left out. */
    private Tensor input(String name, Tensor tensor, Shape shape) {
        Shape given = tensor.shape();
        boolean padded = given.rank() < shape.rank() && given.padded(shape.rank()).equals(shape);
        Tensor full = padded ? tensor.reshape(shape.dims()) : packed(tensor, shape);
        return checked(name, spec.type(name), full, shape);
    }

    /** {@code [batch, length, heads * dim]} in the place of {@code [batch, length, heads, dim]}. */
    private Tensor packed(Tensor tensor, Shape shape) {
        boolean blhd = spec instanceof AttentionSpec attention && attention.arrangement().layout() == TensorLayout.BLHD && shape.rank() == 4;
        boolean fits = blhd && tensor.shape().equals(Shape.of(shape.dim(0), shape.dim(1), shape.dim(2) * shape.dim(3)));
        return fits ? tensor.reshape(shape.dims()) : tensor;
    }

    private static Tensor checked(String name, DType type, Tensor tensor, Shape shape) {
        if (type.isFloat() ? !tensor.dtype().isFloat() : tensor.dtype() != type) {
            throw new IllegalArgumentException("'" + name + "' must be stored as " + (type.isFloat() ? "F32, F16 or BF16" : type)
                    + ", got " + tensor.dtype());
        }
        if (!tensor.shape().equals(shape)) {
            throw new IllegalArgumentException("'" + name + "' must have shape " + shape + ", got " + tensor.shape());
        }
        return tensor;
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
