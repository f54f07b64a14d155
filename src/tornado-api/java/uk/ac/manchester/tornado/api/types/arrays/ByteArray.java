package uk.ac.manchester.tornado.api.types.arrays;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;

import uk.ac.manchester.tornado.api.types.HalfFloat;

/** An array of bytes. */
public final class ByteArray extends TornadoNativeArray {
    private final byte[] values;

    /** All elements are zero. */
    public ByteArray(int numberOfElements) {
        this(new byte[numberOfElements]);
    }

    private ByteArray(byte[] values) {
        this.values = values;
    }

    /** A copy of the given numbers. */
    public static ByteArray fromArray(byte[] values) {
        return new ByteArray(values.clone());
    }

    /** A copy of the given numbers. */
    public static ByteArray fromElements(byte... values) {
        return fromArray(values);
    }

    /** A copy of the elements that lie in the segment. */
    public static ByteArray fromSegment(MemorySegment segment) {
        ByteArray array = new ByteArray(Math.toIntExact(segment.byteSize()));
        array.getSegment().copyFrom(segment);
        return array;
    }

    /** A new array of all elements in turn. */
    public static ByteArray concat(ByteArray... arrays) {
        ByteArray all = new ByteArray(Arrays.stream(arrays).mapToInt(ByteArray::getSize).sum());
        int next = 0;
        for (ByteArray array : arrays) {
            System.arraycopy(array.values, 0, all.values, next, array.values.length);
            next += array.values.length;
        }
        return all;
    }

    /** A copy of some of the elements. */
    public ByteArray slice(int offset, int length) {
        if (offset < 0 || length < 0 || length > values.length - offset) {
            throw new IllegalArgumentException("slice " + offset + "+" + length + " of " + values.length);
        }
        return new ByteArray(Arrays.copyOfRange(values, offset, offset + length));
    }

    /** A copy of the elements. */
    public byte[] toHeapArray() {
        return values.clone();
    }

    public void set(int index, byte value) {
        values[index] = value;
    }

    public byte get(int index) {
        return values[index];
    }

    /** Stores a half as two bytes, the lower one first, at an even index. */
    public void setHalfFloat(int byteIndex, HalfFloat value) {
        requireEven(byteIndex);
        values[byteIndex] = (byte) value.getHalfFloatValue();
        values[byteIndex + 1] = (byte) (value.getHalfFloatValue() >> 8);
    }

    /** Reads two bytes as a half, the lower one first, at an even index. */
    public HalfFloat getHalfFloat(int byteIndex) {
        requireEven(byteIndex);
        return new HalfFloat((short) (values[byteIndex] & 0xFF | values[byteIndex + 1] << 8));
    }

    private static void requireEven(int byteIndex) {
        if (byteIndex % 2 != 0) {
            throw new IllegalArgumentException("a half lies at an even index, not at " + byteIndex);
        }
    }

    /** Sets every element. */
    public void init(byte value) {
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
        return 1;
    }

    @Override
    public MemorySegment getSegment() {
        return MemorySegment.ofArray(values);
    }

    @Override
    public long getNumBytesOfSegment() {
        return (long) values.length;
    }

    @Override
    public long getNumBytesOfSegmentWithHeader() {
        return ARRAY_HEADER + getNumBytesOfSegment();
    }
}
