package uk.ac.manchester.tornado.api.types.arrays;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/** An array of single-precision numbers. */
public final class FloatArray extends TornadoNativeArray {
    private final float[] values;

    /** All elements are zero. */
    public FloatArray(int numberOfElements) {
        this(new float[numberOfElements]);
    }

    private FloatArray(float[] values) {
        this.values = values;
    }

    /** A copy of the given numbers. */
    public static FloatArray fromArray(float[] values) {
        return new FloatArray(values.clone());
    }

    /** A copy of the given numbers. */
    public static FloatArray fromElements(float... values) {
        return fromArray(values);
    }

    /** A copy of the elements that lie in the segment. */
    public static FloatArray fromSegment(MemorySegment segment) {
        if (segment.byteSize() % 4 != 0) {
            throw new IllegalArgumentException(segment.byteSize() + " bytes are no whole number of elements");
        }
        FloatArray array = new FloatArray(Math.toIntExact(segment.byteSize() / 4));
        array.getSegment().copyFrom(segment);
        return array;
    }

    /** A new array of all elements in turn. */
    public static FloatArray concat(FloatArray... arrays) {
        FloatArray all = new FloatArray(Arrays.stream(arrays).mapToInt(FloatArray::getSize).sum());
        int next = 0;
        for (FloatArray array : arrays) {
            System.arraycopy(array.values, 0, all.values, next, array.values.length);
            next += array.values.length;
        }
        return all;
    }

    /** A copy of some of the elements. */
    public FloatArray slice(int offset, int length) {
        if (offset < 0 || length < 0 || length > values.length - offset) {
            throw new IllegalArgumentException("slice " + offset + "+" + length + " of " + values.length);
        }
        return new FloatArray(Arrays.copyOfRange(values, offset, offset + length));
    }

    /** A copy of the elements. */
    public float[] toHeapArray() {
        return values.clone();
    }

    public void set(int index, float value) {
        values[index] = value;
    }

    public float get(int index) {
        return values[index];
    }

    /** Sets every element. */
    public void init(float value) {
        Arrays.fill(values, value);
    }

    @Override
    public void clear() {
        super.clear();
    }

    @Override
    public int getSize() {
        return values.length;
    }

    @Override
    public int getElementSize() {
        return 4;
    }

    @Override
    public MemorySegment getSegment() {
        return MemorySegment.ofArray(values);
    }

    @Override
    public long getNumBytesOfSegment() {
        return (long) values.length * 4;
    }

    @Override
    public long getNumBytesOfSegmentWithHeader() {
        return ARRAY_HEADER + getNumBytesOfSegment();
    }
}
