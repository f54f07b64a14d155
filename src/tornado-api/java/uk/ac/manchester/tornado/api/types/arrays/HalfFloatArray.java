package uk.ac.manchester.tornado.api.types.arrays;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;

import uk.ac.manchester.tornado.api.types.HalfFloat;

/** An array of half-precision numbers, kept as their bits. */
public final class HalfFloatArray extends TornadoNativeArray {
    private final short[] values;

    /** All elements are zero. */
    public HalfFloatArray(int numberOfElements) {
        this(new short[numberOfElements]);
    }

    private HalfFloatArray(short[] values) {
        this.values = values;
    }

    /** A copy of the given numbers. */
    public static HalfFloatArray fromArray(HalfFloat[] values) {
        HalfFloatArray array = new HalfFloatArray(values.length);
        for (int i = 0; i < values.length; i++) {
            array.set(i, values[i]);
        }
        return array;
    }

    /** A copy of the given numbers. */
    public static HalfFloatArray fromElements(HalfFloat... values) {
        return fromArray(values);
    }

    /** A copy of the elements that lie in the segment. */
    public static HalfFloatArray fromSegment(MemorySegment segment) {
        if (segment.byteSize() % 2 != 0) {
            throw new IllegalArgumentException(segment.byteSize() + " bytes are no whole number of elements");
        }
        HalfFloatArray array = new HalfFloatArray(Math.toIntExact(segment.byteSize() / 2));
        array.getSegment().copyFrom(segment);
        return array;
    }

    /** A new array of all elements in turn. */
    public static HalfFloatArray concat(HalfFloatArray... arrays) {
        HalfFloatArray all = new HalfFloatArray(Arrays.stream(arrays).mapToInt(HalfFloatArray::getSize).sum());
        int next = 0;
        for (HalfFloatArray array : arrays) {
            System.arraycopy(array.values, 0, all.values, next, array.values.length);
            next += array.values.length;
        }
        return all;
    }

    /** A copy of some of the elements. */
    public HalfFloatArray slice(int offset, int length) {
        if (offset < 0 || length < 0 || length > values.length - offset) {
            throw new IllegalArgumentException("slice " + offset + "+" + length + " of " + values.length);
        }
        return new HalfFloatArray(Arrays.copyOfRange(values, offset, offset + length));
    }

    /** A copy of the elements. */
    public HalfFloat[] toHeapArray() {
        HalfFloat[] copy = new HalfFloat[values.length];
        Arrays.setAll(copy, this::get);
        return copy;
    }

    /** A copy of the elements' bits. */
    public short[] toShortArray() {
        return values.clone();
    }

    public void set(int index, HalfFloat value) {
        values[index] = value.getHalfFloatValue();
    }

    public HalfFloat get(int index) {
        return new HalfFloat(values[index]);
    }

    /** Sets every element. */
    public void init(HalfFloat value) {
        Arrays.fill(values, value.getHalfFloatValue());
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
        return 2;
    }

    @Override
    public MemorySegment getSegment() {
        return MemorySegment.ofArray(values);
    }

    @Override
    public long getNumBytesOfSegment() {
        return (long) values.length * 2;
    }

    @Override
    public long getNumBytesOfSegmentWithHeader() {
        return ARRAY_HEADER + getNumBytesOfSegment();
    }
}
