package tessera.engine;

import java.lang.reflect.Field;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.function.Function;
import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.types.HalfFloat;

/** One work-item of an emulated work-group; instructions that are more than arithmetic run in it. */
public final class WorkItem extends KernelContext implements Runnable {
    private static final ScopedValue<WorkItem> CURRENT = ScopedValue.newInstance();
    private static final Field[] GLOBAL_ID = fields("globalIdx", "globalIdy", "globalIdz");
    private static final Field[] GROUP_ID = fields("groupIdx", "groupIdy", "groupIdz");
    private static final Field[] LOCAL_ID = fields("localIdx", "localIdy", "localIdz");
    private static final Field[] GLOBAL_SIZE = fields("globalGroupSizeX", "globalGroupSizeY", "globalGroupSizeZ");
    private static final Field[] LOCAL_SIZE = fields("localGroupSizeX", "localGroupSizeY", "localGroupSizeZ");

    private final WorkGroup group;
    private final Warp warp;
    private final int lane;
    private final AsyncCopies copies = new AsyncCopies();
    private int localArrays;
    private int sharedBlocks;

    WorkItem(WorkGroup group, int[] groupId, int[] localId, int[] global, int[] local) {
        this.group = group;
        for (int axis = 0; axis < 3; axis++) {
            set(GLOBAL_ID[axis], groupId[axis] * local[axis] + localId[axis]);
            set(GROUP_ID[axis], groupId[axis]);
            set(LOCAL_ID[axis], localId[axis]);
            set(GLOBAL_SIZE[axis], global[axis]);
            set(LOCAL_SIZE[axis], local[axis]);
        }
        int item = (localId[2] * local[1] + localId[1]) * local[0] + localId[0];
        warp = group.warp(item);
        lane = item % Warp.LANES;
    }

    /**
     * The work-item that the caller runs in.
     *
     * @throws IllegalStateException outside of an emulated work-group
     */
    public static WorkItem current() {
        if (!CURRENT.isBound()) {
            throw new IllegalStateException("this instruction needs a work-group: run the kernel on a device, or with WorkGroup.run");
        }
        return CURRENT.get();
    }

    /**
     * Executes an instruction together with the 31 other work-items of the warp.
     *
     * @param instruction its name; all lanes must execute the same
     * @param operand of this lane
     * @param body makes every lane's result of every lane's operand, in the order of lanes; one lane runs it
     * @return the result of this lane
     */
    public <T, R> R together(String instruction, T operand, Function<List<T>, List<R>> body) {
        return warp.together(instruction, lane, operand, body);
    }

    /** Shared memory of the group, in the byte order of GPUs. */
    public ByteBuffer shared() {
        return group.shared().bytes();
    }

    /** The address of a new block of shared memory, which is the same for all work-items of the group. */
    public int allocateShared(int bytes) {
        return group.shared().allocate(sharedBlocks++, bytes);
    }

    /** Copies that this work-item has started. */
    public AsyncCopies copies() {
        return copies;
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
            ScopedValue.where(CURRENT, this).run(() -> group.kernel().accept(this));
            group.finish();
        } catch (WorkGroup.Stopped e) {
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
