package uk.ac.manchester.tornado.api.types.arrays;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/** An array of 32-bit integers. */
public final class IntArray extends TornadoNativeArray {
    private final int[] values;

    /** All elements are zero. */
    public IntArray(int numberOfElements) {
        this(new int[numberOfElements]);
    }

    private IntArray(int[] values) {
        this.values = values;
    }

    /** A copy of the given numbers. */
    public static IntArray fromArray(int[] values) {
        return new IntArray(values.clone());
    }

    /** A copy of the given numbers. */
    public static IntArray fromElements(int... values) {
        return fromArray(values);
    }

    /** A copy of the elements that lie in the segment. */
    public static IntArray fromSegment(MemorySegment segment) {
        if (segment.byteSize() % 4 != 0) {
            throw new IllegalArgumentException(segment.byteSize() + " bytes are no whole number of elements");
        }
        IntArray array = new IntArray(Math.toIntExact(segment.byteSize() / 4));
        array.getSegment().copyFrom(segment);
        return array;
    }

    /** A new array of all elements in turn. */
    public static IntArray concat(IntArray... arrays) {
        IntArray all = new IntArray(Arrays.stream(arrays).mapToInt(IntArray::getSize).sum());
        int next = 0;
        for (IntArray array : arrays) {
            System.arraycopy(array.values, 0, all.values, next, array.values.length);
            next += array.values.length;
        }
        return all;
    }

    /** A copy of some of the elements. */
    public IntArray slice(int offset, int length) {
        if (offset < 0 || length < 0 || length > values.length - offset) {
            throw new IllegalArgumentException("slice " + offset + "+" + length + " of " + values.length);
        }
        return new IntArray(Arrays.copyOfRange(values, offset, offset + length));
    }

    /** A copy of the elements. */
    public int[] toHeapArray() {
        return values.clone();
    }

    public void set(int index, int value) {
        values[index] = value;
    }

    public int get(int index) {
        return values[index];
    }

    /** Sets every element. */
    public void init(int value) {
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
