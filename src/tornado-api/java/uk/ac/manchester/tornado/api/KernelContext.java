package uk.ac.manchester.tornado.api;

import uk.ac.manchester.tornado.api.types.HalfFloat;

/** What a kernel knows of its work-item; this class itself is a grid of one work-item. */
public class KernelContext {

    // Index of the work-item in the whole grid.
    public final Integer globalIdx = 0;
    public final Integer globalIdy = 0;
    public final Integer globalIdz = 0;

    // Index of the work-group in the grid.
    public final Integer groupIdx = 0;
    public final Integer groupIdy = 0;
    public final Integer groupIdz = 0;

    // Index of the work-item in its work-group.
    public final Integer localIdx = 0;
    public final Integer localIdy = 0;
    public final Integer localIdz = 0;

    // Work-items of the whole grid along each axis.
    public final Integer globalGroupSizeX = 0;
    public final Integer globalGroupSizeY = 0;
    public final Integer globalGroupSizeZ = 0;

    // Work-items of one work-group along each axis.
    public final Integer localGroupSizeX = 0;
    public final Integer localGroupSizeY = 0;
    public final Integer localGroupSizeZ = 0;

    public KernelContext() {}

    /** Waits for all work-items of the group; local memory is then seen by all. */
    public void localBarrier() {}

    /** Waits for all work-items of the group; global memory is then seen by the group. */
    public void globalBarrier() {}

    /** An array that all work-items of one work-group share. */
    public int[] allocateIntLocalArray(int size) {
        return new int[size];
    }

    /** An array that all work-items of one work-group share. */
    public float[] allocateFloatLocalArray(int size) {
        return new float[size];
    }

    /** An array that all work-items of one work-group share. */
    public byte[] allocateByteLocalArray(int size) {
        return new byte[size];
    }

    /** An array that all work-items of one work-group share. */
    public long[] allocateLongLocalArray(int size) {
        return new long[size];
    }

    /** An array that all work-items of one work-group share. */
    public double[] allocateDoubleLocalArray(int size) {
        return new double[size];
    }

    /** An array that all work-items of one work-group share. */
    public HalfFloat[] allocateHalfFloatLocalArray(int size) {
        return new HalfFloat[size];
    }
}
