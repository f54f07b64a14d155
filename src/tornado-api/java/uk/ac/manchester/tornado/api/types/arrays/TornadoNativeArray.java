package uk.ac.manchester.tornado.api.types.arrays;

import java.lang.foreign.MemorySegment;

/** An array of numbers that a device can hold; here it lies on the Java heap. */
public abstract sealed class TornadoNativeArray
        permits FloatArray, IntArray, ByteArray, HalfFloatArray, BFloat16Array {

    /** Bytes that TornadoVM keeps before the first element. */
    public static final long ARRAY_HEADER = Long.getLong("tornado.panama.objectHeader", 16L);

    /** Number of elements. */
    public abstract int getSize();

    /** The elements as memory; writing to it writes to the array. */
    public abstract MemorySegment getSegment();

    /** Bytes of the elements and of the header that TornadoVM would keep. */
    public abstract long getNumBytesOfSegmentWithHeader();

    /** Bytes of the elements. */
    public abstract long getNumBytesOfSegment();

    /** Bytes of one element. */
    public abstract int getElementSize();

    /** Sets every element to zero. */
    protected void clear() {
        getSegment().fill((byte) 0);
    }
}
