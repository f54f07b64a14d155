package tessera.planner;

import java.util.List;
import java.util.function.LongSupplier;
import tessera.AttentionSpec;
import tessera.DType;
import tessera.Prepared;
import tessera.Tensor;
import tessera.Tessera;
import tessera.TesseraException;
import tessera.engine.Device;
import tessera.engine.Engines;
import tessera.engine.Kernel;
import tessera.engine.Program;
import tessera.engine.Task;
import tessera.specialise.KernelCache;
import tessera.tasks.Copy;
import tessera.tasks.CopyStrips;
import tessera.tasks.MultiplyAdd;

/** Measures what a {@link DeviceProfile} says. */
final class Probes {
    private static final Kernel COPY = Kernel.of(Copy.class, "rows");
    private static final Kernel COPY_STRIPS = Kernel.of(CopyStrips.class, "rows");
    private static final Kernel MULTIPLY_ADD = Kernel.of(MultiplyAdd.class, "rows");

    /** Elements of the copy: 256 MiB of traffic, on a GPU 512 MiB, several times its caches. */
    private static final int COPY_ELEMENTS = 1 << 25;
    private static final int GPU_COPY_ELEMENTS = 1 << 26;
    private static final int STRIP = 16;
    private static final int STRIPS_TOGETHER = 64;

    private static final int ROWS_PER_UNIT = 2048;
    private static final int STEPS = 1024;
    private static final int RUNS = 7;
    private static final long WARM_UP_NANOS = 100_000_000;

    private Probes() {
    }

    static DeviceProfile measure(Device device) {
        return new DeviceProfile(device, copyRate(device), multiplyAddRate(device), matrixRate(device, DType.F16), matrixRate(device, DType.F32));
    }

    static boolean hasMatrixUnits(Device device) {
        return device.instructions() && KernelCache.available();
    }

    private static double copyRate(Device device) {
        boolean gpu = device.kind().equals("GPU");
        int together = STRIP * STRIPS_TOGETHER;
        long array = Math.min(device.memoryBytes() / 8, device.maxArrayBytes());
        int elements = together * Math.clamp(array / Float.BYTES / together, 1, (gpu ? GPU_COPY_ELEMENTS : COPY_ELEMENTS) / together);
        Tensor in = Tensor.zeros(elements).fill(1);
        Tensor out = Tensor.zeros(elements);
        Task copy = Task.rows("probe", gpu ? COPY_STRIPS : COPY, gpu ? elements / STRIP : elements, in.data(), out.data());
        double nanos = leastNanos(device, copy, in, out);
        requireOnes(out, "copying", device);
        return 2.0 * Float.BYTES * elements / nanos;
    }

    private static double multiplyAddRate(Device device) {
        int rows = ROWS_PER_UNIT * Math.max(1, device.computeUnits());
        Tensor in = Tensor.zeros(rows).fill(0.5f);
        Tensor out = Tensor.zeros(rows);
        return 16.0 * STEPS * rows / leastNanos(device, Task.rows("probe", MULTIPLY_ADD, rows, in.data(), out.data(), STEPS), in, out);
    }

    /** Dense attention of ones, whose result is ones. */
    private static double matrixRate(Device device, DType dtype) {
        if (!hasMatrixUnits(device)) {
            return 0;
        }
        AttentionSpec spec = AttentionSpec.of(1, 16, 4096, 64).dtype(dtype).build();
        Plan plan = Planner.plan(spec, device, p -> p.variant().equals("matrix"), "on matrix units");
        Tensor ones = Tensor.zeros(dtype, spec.inputs().get("q")).fill(1);
        Tensor out = Tensor.zeros(spec.outputs().get("out").dims());
        try (Prepared attention = Tessera.unchecked(spec, device, plan).timed(true)) {
            double nanos = leastNanos(() -> attention.run(ones, ones, ones, out).timing().kernel());
            requireOnes(out, "attention", device);
            return plan.cost().flops() / nanos;
        }
    }

    private static void requireOnes(Tensor out, String what, Device device) {
        for (int i = 0; i < out.shape().elements(); i++) {
            if (Math.abs(out.get(i) - 1) > 1e-3f) {
                throw new TesseraException(what + " on " + device + " went wrong at element " + i + ": " + out.get(i) + " in the place of 1");
            }
        }
    }

    private static double leastNanos(Device device, Task task, Tensor in, Tensor out) {
        Program program = new Program(List.of(task), List.of(), List.of(in.data()), List.of(out.data()));
        try (var session = Engines.of(device).prepare(device, program)) {
            return leastNanos(() -> session.run().kernel());
        }
    }

    /** The least of several runs, since other work on the machine can only add to it. */
    private static long leastNanos(LongSupplier run) {
        long start = System.nanoTime();
        for (int n = 0; n < 3 || System.nanoTime() - start < WARM_UP_NANOS; n++) {
            run.getAsLong();
        }
        long least = Long.MAX_VALUE;
        for (int n = 0; n < RUNS; n++) {
            least = Math.min(least, run.getAsLong());
        }
        return least;
    }
}
