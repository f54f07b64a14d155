package tessera;

import java.util.Locale;

/** Element types of a {@link Tensor}. Arithmetic is always float32; the type says how elements are stored. */
public enum DType {
    F32(4), F16(2), BF16(2), I8(1), I32(4);

    private final int bytes;

    DType(int bytes) {
        this.bytes = bytes;
    }

    /** Bytes of one element. */
    public int bytes() {
        return bytes;
    }

    /** True for the types that hold real numbers. */
    public boolean isFloat() {
        return this == F32 || this == F16 || this == BF16;
    }

    /** Largest RMS ratio against a float64 reference at which a result stored in this type counts as right. */
    public double tolerance() {
        return this == F32 ? 1e-5 : 2e-3;
    }

    /**
     * Reads a type name as safetensors files and the command line write it, in any case.
     *
     * @throws IllegalArgumentException for a name that is none of ours
     */
    public static DType parse(String name) {
        try {
            return valueOf(name.toUpperCase(Locale.ROOT));
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException("unknown element type '" + name + "'; use one of F32, F16, BF16, I8, I32");
        }
    }
}
