package tessera.engine;

import java.lang.reflect.Array;
import java.lang.reflect.Field;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import java.util.function.IntFunction;

import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.types.HalfFloat;

/**
 * Runs a {@link KernelContext} kernel on the JVM as a device would, to test it without one; it is not fast.
 *
 * <p>Work-groups run one after another. The work-items of a group are threads that meet at its barriers and share its
 * local arrays. Local floats start as NaN, because a device does not clear local memory.
 */
public final class WorkGroup {
    private final Consumer<KernelContext> kernel;
    private final int items;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private final List<Object> localArrays = new ArrayList<>();
    private int waiting;
    private int finished;
    private long barriersPassed;
    private RuntimeException failure;

    private WorkGroup(Consumer<KernelContext> kernel, int items) {
        this.kernel = kernel;
        this.items = items;
    }

    /**
     * Runs every work-item of a grid and waits for all.
     *
     * @param kernel the kernel, its other arguments bound
     * @param global work-items along one to three axes
     * @param local work-items of a group along the same axes; each divides its global size
     * @throws IllegalStateException if a work-item fails (its exception is the cause), or if some work-items of a group
     *     wait at a barrier that others never reach
     */
    public static void run(Consumer<KernelContext> kernel, int[] global, int[] local) {
        if (global.length < 1 || global.length > 3 || global.length != local.length) {
            throw new IllegalArgumentException("one to three axes, as many global as local: "
                    + Arrays.toString(global) + ", " + Arrays.toString(local));
        }
        int[] g = threeAxes(global);
        int[] l = threeAxes(local);
        for (int axis = 0; axis < 3; axis++) {
            if (l[axis] < 1 || g[axis] < 1 || g[axis] % l[axis] != 0) {
                throw new IllegalArgumentException(
                        "global size " + g[axis] + " is no positive multiple of local size " + l[axis]);
            }
        }
        int items = Math.multiplyExact(Math.multiplyExact(l[0], l[1]), l[2]);
        for (int z = 0; z < g[2] / l[2]; z++) {
            for (int y = 0; y < g[1] / l[1]; y++) {
                for (int x = 0; x < g[0] / l[0]; x++) {
                    new WorkGroup(kernel, items).run(new int[] {x, y, z}, g, l);
                }
            }
        }
    }

    private static int[] threeAxes(int[] sizes) {
        int[] three = {1, 1, 1};
        System.arraycopy(sizes, 0, three, 0, sizes.length);
        return three;
    }

    private void run(int[] group, int[] global, int[] local) {
        List<Thread> threads = new ArrayList<>(items);
        for (int z = 0; z < local[2]; z++) {
            for (int y = 0; y < local[1]; y++) {
                for (int x = 0; x < local[0]; x++) {
                    Item item = new Item(this, group, new int[] {x, y, z}, global, local);
                    threads.add(Thread.ofVirtual().unstarted(item));
                }
            }
        }
        threads.forEach(Thread::start);
        try {
            for (Thread thread : threads) {
                thread.join();
            }
        } catch (InterruptedException e) {
            fail(new IllegalStateException("interrupted while a work-group ran", e));
            Thread.currentThread().interrupt();
        }
        if (failure() != null) {
            throw failure();
        }
    }

    private void barrier() {
        lock.lock();
        try {
            if (finished > 0) {
                fail(divergence());
            }
            stopIfFailed();
            waiting++;
            if (waiting == items) {
                waiting = 0;
                barriersPassed++;
                changed.signalAll();
                return;
            }
            for (long before = barriersPassed; before == barriersPassed; ) {
                changed.awaitUninterruptibly();
                if (before == barriersPassed) {
                    stopIfFailed();
                }
            }
        } finally {
            lock.unlock();
        }
    }

    private void finish() {
        lock.lock();
        try {
            finished++;
            if (waiting > 0) {
                fail(divergence());
            }
        } finally {
            lock.unlock();
        }
    }

    private IllegalStateException divergence() {
        return new IllegalStateException("barrier divergence: of the " + items + " work-items of a group, some wait at"
                + " a barrier (after " + barriersPassed + " that all passed) while others have left the kernel");
    }

    private void fail(RuntimeException reason) {
        lock.lock();
        try {
            if (failure == null) {
                failure = reason;
            }
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    private RuntimeException failure() {
        lock.lock();
        try {
            return failure;
        } finally {
            lock.unlock();
        }
    }

    private void stopIfFailed() {
        if (failure != null) {
            throw new Stopped();
        }
    }

    private <A> A localArray(int nth, int size, Class<A> type, IntFunction<A> create) {
        lock.lock();
        try {
            if (nth == localArrays.size()) {
                localArrays.add(create.apply(size));
            }
            Object array = localArrays.get(nth);
            if (!type.isInstance(array) || Array.getLength(array) != size) {
                throw new IllegalStateException("local array " + nth + " is not the same for all work-items of a group: "
                        + array.getClass().getComponentType() + "[" + Array.getLength(array) + "] and "
                        + type.getComponentType() + "[" + size + "]");
            }
            return type.cast(array);
        } finally {
            lock.unlock();
        }
    }

    /** Ends a work-item because another one failed. */
    private static final class Stopped extends RuntimeException {
        Stopped() {
            super(null, null, false, false);
        }
    }

    /** One work-item. */
    private static final class Item extends KernelContext implements Runnable {
        private static final Field[] GLOBAL_ID = fields("globalIdx", "globalIdy", "globalIdz");
        private static final Field[] GROUP_ID = fields("groupIdx", "groupIdy", "groupIdz");
        private static final Field[] LOCAL_ID = fields("localIdx", "localIdy", "localIdz");
        private static final Field[] GLOBAL_SIZE = fields("globalGroupSizeX", "globalGroupSizeY", "globalGroupSizeZ");
        private static final Field[] LOCAL_SIZE = fields("localGroupSizeX", "localGroupSizeY", "localGroupSizeZ");

        private final WorkGroup group;
        private int localArrays;

        Item(WorkGroup group, int[] groupId, int[] localId, int[] global, int[] local) {
            this.group = group;
            for (int axis = 0; axis < 3; axis++) {
                set(GLOBAL_ID[axis], groupId[axis] * local[axis] + localId[axis]);
                set(GROUP_ID[axis], groupId[axis]);
                set(LOCAL_ID[axis], localId[axis]);
                set(GLOBAL_SIZE[axis], global[axis]);
                set(LOCAL_SIZE[axis], local[axis]);
            }
        }

        // KernelContext's fields are final and 0, since a device's compiler replaces every use of them
        private static Field[] fields(String... names) {
            Field[] fields = new Field[names.length];
            for (int i = 0; i < names.length; i++) {
                try {
                    fields[i] = KernelContext.class.getField(names[i]);
                } catch (NoSuchFieldException e) {
                    throw new IllegalStateException("this TornadoVM has no KernelContext." + names[i], e);
                }
                fields[i].setAccessible(true);
            }
            return fields;
        }

        private void set(Field field, int value) {
            try {
                field.set(this, value);
            } catch (IllegalAccessException e) {
                throw new IllegalStateException("cannot set KernelContext." + field.getName(), e);
            }
        }

        @Override
        public void run() {
            try {
                group.kernel.accept(this);
                group.finish();
            } catch (Stopped e) {
                // the failure that stopped it is reported
            } catch (Throwable e) {
                group.fail(new IllegalStateException("work-item " + globalIdx + "," + globalIdy + "," + globalIdz
                        + " of group " + groupIdx + "," + groupIdy + "," + groupIdz + " failed: " + e, e));
            }
        }

        @Override
        public void localBarrier() {
            group.barrier();
        }

        @Override
        public void globalBarrier() {
            group.barrier();
        }

        @Override
        public int[] allocateIntLocalArray(int size) {
            return group.localArray(localArrays++, size, int[].class, int[]::new);
        }

        @Override
        public long[] allocateLongLocalArray(int size) {
            return group.localArray(localArrays++, size, long[].class, long[]::new);
        }

        @Override
        public byte[] allocateByteLocalArray(int size) {
            return group.localArray(localArrays++, size, byte[].class, byte[]::new);
        }

        @Override
        public HalfFloat[] allocateHalfFloatLocalArray(int size) {
            return group.localArray(localArrays++, size, HalfFloat[].class, HalfFloat[]::new);
        }

        @Override
        public float[] allocateFloatLocalArray(int size) {
            return group.localArray(localArrays++, size, float[].class, n -> {
                float[] array = new float[n];
                Arrays.fill(array, Float.NaN);
                return array;
            });
        }

        @Override
        public double[] allocateDoubleLocalArray(int size) {
            return group.localArray(localArrays++, size, double[].class, n -> {
                double[] array = new double[n];
                Arrays.fill(array, Double.NaN);
                return array;
            });
        }
    }
}
