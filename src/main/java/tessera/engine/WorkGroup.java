package tessera.engine;

import java.lang.reflect.Array;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import java.util.function.IntFunction;
import uk.ac.manchester.tornado.api.KernelContext;

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
    private final Warp[] warps;
    private final SharedMemory shared = new SharedMemory();
    private int waiting;
    private int finished;
    private long barriersPassed;
    private RuntimeException failure;

    private WorkGroup(Consumer<KernelContext> kernel, int items) {
        this.kernel = kernel;
        this.items = items;
        warps = new Warp[Math.ceilDiv(items, Warp.LANES)];
        Arrays.setAll(warps, i -> new Warp(this, lock, Math.min(Warp.LANES, items - i * Warp.LANES)));
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
                    WorkItem item = new WorkItem(this, group, new int[] {x, y, z}, global, local);
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

    Consumer<KernelContext> kernel() {
        return kernel;
    }

    Warp warp(int item) {
        return warps[item / Warp.LANES];
    }

    SharedMemory shared() {
        return shared;
    }

    /** Waits for all other work-items of the group. */
    void barrier() {
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
            failIfAllWait();
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

    /** A work-item has left the kernel. */
    void finish() {
        lock.lock();
        try {
            finished++;
            if (waiting > 0) {
                fail(divergence());
            }
            failIfAllWait();
        } finally {
            lock.unlock();
        }
    }

    /** Work-items of a warp that wait for each other while the rest is at a barrier, or has left, would do so for ever. */
    void failIfAllWait() {
        int inWarps = Arrays.stream(warps).mapToInt(Warp::waiting).sum();
        if (inWarps > 0 && waiting + inWarps + finished == items) {
            fail(new IllegalStateException("warp divergence: " + inWarps + " work-items wait to execute an instruction with others of"
                    + " their warp that are elsewhere, at a barrier or at the end of the kernel"));
        }
    }

    private IllegalStateException divergence() {
        return new IllegalStateException("barrier divergence: of the " + items + " work-items of a group, some wait at"
                + " a barrier (after " + barriersPassed + " that all passed) while others have left the kernel");
    }

    void fail(RuntimeException reason) {
        lock.lock();
        try {
            if (failure == null) {
                failure = reason;
            }
            changed.signalAll();
            Arrays.stream(warps).forEach(Warp::wake);
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

    void stopIfFailed() {
        if (failure != null) {
            throw new Stopped();
        }
    }

    /** The group's {@code nth} local array, made by the first work-item that asks. */
    <A> A localArray(int nth, int size, Class<A> type, IntFunction<A> create) {
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
    static final class Stopped extends RuntimeException {
        Stopped() {
            super(null, null, false, false);
        }
    }
}
