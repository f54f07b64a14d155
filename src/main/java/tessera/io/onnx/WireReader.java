package tessera.io.onnx;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * Reads one protobuf message field by field (wire types varint, 64-bit, length-delimited and 32-bit):
 * {@code while (reader.next()) switch (reader.field()) …}. A value that nobody takes is skipped.
 */
final class WireReader {

    /** The bytes are no message; {@link #getMessage} says why, without naming the file. */
    static final class Malformed extends RuntimeException {
        Malformed(String message) {
            super(message, null, false, false);
        }
    }

    private static final int VARINT = 0;
    private static final int FIXED64 = 1;
    private static final int BYTES = 2;
    private static final int FIXED32 = 5;
    private static final int DEEPEST = 100;

    private final byte[] bytes;
    private final int end;
    private final int depth;
    private int at;
    private int field;
    private int wireType;
    private long number;
    private int start;

    WireReader(byte[] bytes) {
        this(bytes, 0, bytes.length, 0);
    }

    private WireReader(byte[] bytes, int start, int end, int depth) {
        if (depth > DEEPEST) {
            throw new Malformed("it nests more than " + DEEPEST + " messages");
        }
        this.depth = depth;
        this.bytes = bytes;
        this.at = start;
        this.end = end;
    }

    /** Moves to the next field; false at the end. */
    boolean next() {
        if (at == end) {
            return false;
        }
        long key = varint();
        if (key >>> 3 < 1 || key >>> 3 > 0x1fffffff) {
            throw new Malformed("there is no field number " + (key >>> 3));
        }
        field = (int) (key >>> 3);
        wireType = (int) (key & 7);
        switch (wireType) {
            case VARINT -> number = varint();
            case FIXED64 -> number = fixed(8);
            case FIXED32 -> number = fixed(4);
            case BYTES -> {
                number = varint();
                if (number < 0 || number > end - at) {
                    throw new Malformed("it ends within field " + field);
                }
                start = at;
                at += (int) number;
            }
            default -> throw new Malformed("field " + field + " has the unknown wire type " + wireType);
        }
        return true;
    }

    int field() {
        return field;
    }

    /** True if the current value is a length-delimited one: text, bytes, a message or packed numbers. */
    boolean delimited() {
        return wireType == BYTES;
    }

    /** The current value as a signed integer. */
    long integer() {
        expect(VARINT, "an integer");
        return number;
    }

    /** The current value as a float. */
    float real() {
        expect(FIXED32, "a float");
        return Float.intBitsToFloat((int) number);
    }

    /** The current value as a double. */
    double wide() {
        expect(FIXED64, "a double");
        return Double.longBitsToDouble(number);
    }

    byte[] bytes() {
        expect(BYTES, "bytes");
        return Arrays.copyOfRange(bytes, start, start + (int) number);
    }

    String text() {
        return new String(bytes(), StandardCharsets.UTF_8);
    }

    /** The current value as a message of its own. */
    WireReader message() {
        expect(BYTES, "a message");
        return new WireReader(bytes, start, start + (int) number, depth + 1);
    }

    /** A number of a repeated field in packed form, where fields have no key; {@link #more} says whether there is one. */
    long packedInteger() {
        return varint();
    }

    float packedReal() {
        return Float.intBitsToFloat((int) fixed(4));
    }

    double packedWide() {
        return Double.longBitsToDouble(fixed(8));
    }

    boolean more() {
        return at < end;
    }

    private void expect(int type, String what) {
        if (wireType != type) {
            throw new Malformed("field " + field + " is not " + what);
        }
    }

    private long varint() {
        long value = 0;
        for (int shift = 0; shift < 64; shift += 7) {
            if (at == end) {
                throw new Malformed("it ends within a number");
            }
            byte next = bytes[at++];
            value |= (next & 0x7fL) << shift;
            if (next >= 0) {
                return value;
            }
        }
        throw new Malformed("a number is longer than ten bytes");
    }

    private long fixed(int size) {
        if (end - at < size) {
            throw new Malformed("it ends within a number");
        }
        long value = 0;
        for (int n = 0; n < size; n++) {
            value |= (bytes[at++] & 0xffL) << (8 * n);
        }
        return value;
    }
}
