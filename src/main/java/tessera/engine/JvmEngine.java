package tessera.engine;

import java.lang.management.ManagementFactory;
import java.util.List;
import java.util.concurrent.ForkJoinPool;
import java.util.concurrent.RecursiveAction;

/** Runs Rows kernels as plain Java, sliced over a pool of threads, one for each core unless told otherwise. */
public final class JvmEngine implements Engine {

    /** Slices for each thread: enough to even out rows of unequal cost. */
    private static final int SLICES_PER_THREAD = 8;

    private final ForkJoinPool pool;
    private final Device device;

    /** An engine on all cores. */
    public JvmEngine() {
        this(Runtime.getRuntime().availableProcessors());
    }

    /** An engine on {@code threads} threads. */
    public JvmEngine(int threads) {
        pool = new ForkJoinPool(threads);
        device = describe(threads);
    }

    @Override
    public List<Device> devices() {
        return List.of(device);
    }

    @Override
    public Session prepare(Device target, Program program) {
        return new JvmSession(program);
    }

    private final class JvmSession implements Session {
        private final Program program;

        JvmSession(Program program) {
            this.program = program;
        }

        @Override
        public Timing run(boolean timed) {
            long begin = System.nanoTime();
            program.start().run();
            long start = System.nanoTime();
            for (Task task : program.tasks()) {
                if (task.kind() == Kernel.Kind.TILES) {
                    emulate(task);
                } else {
                    int slice = Math.max(1, Math.ceilDiv(task.rows(), SLICES_PER_THREAD * pool.getParallelism()));
                    pool.invoke(new Slice(task, Vectors.in(task.kernel()), slice, 0, task.rows()));
                }
            }
            program.finish().run();
            long end = System.nanoTime();
            return new Timing(end - start, 0, 0, end - begin);
        }

        @Override
        public void close() {
        }
    }

    /** Rows [from, to) of a task, halved until a slice is small enough. */
    private static final class Slice extends RecursiveAction {
        private static final long serialVersionUID = 1L;
        private final transient Task task;
        private final transient Kernel kernel;
        private final int size;
        private final int from;
        private final int to;

        Slice(Task task, Kernel kernel, int size, int from, int to) {
            this.task = task;
            this.kernel = kernel;
            this.size = size;
            this.from = from;
            this.to = to;
        }

        @Override
        protected void compute() {
            if (to - from > size) {
                int middle = (from + to) >>> 1;
                invokeAll(new Slice(task, kernel, size, from, middle), new Slice(task, kernel, size, middle, to));
                return;
            }
            kernel.call(task.slice(from, to - from));
        }
    }

    private static void emulate(Task task) {
        int[] local = {task.groupSize(), 1};
        int[] global = {task.groups()[0] * task.groupSize(), task.groups()[1]};
        WorkGroup.run(context -> task.kernel().call(task.inContext(context)), global, local);
    }

    private static Device describe(int threads) {
        long memory = Runtime.getRuntime().maxMemory();
        if (ManagementFactory.getOperatingSystemMXBean() instanceof com.sun.management.OperatingSystemMXBean os) {
            memory = Math.min(memory, os.getTotalMemorySize());
        }
        String name = System.getProperty("java.vm.name") + ", " + threads + (threads == 1 ? " thread" : " threads");
        return new Device(Device.JVM, name, Device.JVM, "CPU", System.getProperty("java.version"), threads, memory,
                Math.min(memory, 4L * Integer.MAX_VALUE), 0, 0, true);
    }
}
