package uk.ac.manchester.tornado.api.types.arrays;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;

import uk.ac.manchester.tornado.api.types.BFloat16;

/** An array of bfloat16 numbers, kept as their bits. */
public final class BFloat16Array extends TornadoNativeArray {
    private final short[] values;

    /** All elements are zero. */
    public BFloat16Array(int numberOfElements) {
        this(new short[numberOfElements]);
    }

    private BFloat16Array(short[] values) {
        this.values = values;
    }

    /** A copy of the given bits. */
    public static BFloat16Array fromShorts(short... bits) {
        return new BFloat16Array(bits.clone());
    }

    /** The given numbers, each rounded to bfloat16. */
    public static BFloat16Array fromFloats(float... values) {
        BFloat16Array array = new BFloat16Array(values.length);
        for (int i = 0; i < values.length; i++) {
            array.setFloat(i, values[i]);
        }
        return array;
    }

    /** A copy of the elements that lie in the segment. */
    public static BFloat16Array fromSegment(MemorySegment segment) {
        if (segment.byteSize() % 2 != 0) {
            throw new IllegalArgumentException(segment.byteSize() + " bytes are no whole number of elements");
        }
        BFloat16Array array = new BFloat16Array(Math.toIntExact(segment.byteSize() / 2));
        array.getSegment().copyFrom(segment);
        return array;
    }

    /** A new array of all elements in turn. */
    public static BFloat16Array concat(BFloat16Array... arrays) {
        BFloat16Array all = new BFloat16Array(Arrays.stream(arrays).mapToInt(BFloat16Array::getSize).sum());
        int next = 0;
        for (BFloat16Array array : arrays) {
            System.arraycopy(array.values, 0, all.values, next, array.values.length);
            next += array.values.length;
        }
        return all;
    }

    /** A copy of some of the elements. */
    public BFloat16Array slice(int offset, int length) {
        if (offset < 0 || length < 0 || length > values.length - offset) {
            throw new IllegalArgumentException("slice " + offset + "+" + length + " of " + values.length);
        }
        return new BFloat16Array(Arrays.copyOfRange(values, offset, offset + length));
    }

    /** A copy of the elements' bits. */
    public short[] toShortArray() {
        return values.clone();
    }

    public void set(int index, short bits) {
        values[index] = bits;
    }

    public short get(int index) {
        return values[index];
    }

    /** Rounds to bfloat16 and stores. */
    public void setFloat(int index, float value) {
        values[index] = BFloat16.bf16FromFloat(value);
    }

    public float getFloat(int index) {
        return BFloat16.bf16ToFloat(values[index]);
    }

    /** Sets every element. */
    public void init(short bits) {
        Arrays.fill(values, bits);
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
