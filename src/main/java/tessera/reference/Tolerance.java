package tessera.reference;

import tessera.DType;

/**
 * How far an element may lie from its expected value: {@code |actual - expected| <= absolute + relative |expected|}, NaN and
 * infinities equal to themselves only. It is NumPy's allclose, by which ONNX compares.
 */
public record Tolerance(double relative, double absolute) {

    /**
     * What ONNX's test runner grants float32, and for half types two units in the last place of a number around 1, since a
     * result that other software rounded after every step cannot be closer.
     */
    public static Tolerance of(DType type) {
        return switch (type) {
            case F16 -> new Tolerance(0x1p-9, 0x1p-9);
            case BF16 -> new Tolerance(0x1p-6, 0x1p-6);
            default -> new Tolerance(1e-3, 1e-7);
        };
    }

    public boolean allows(double actual, double expected) {
        if (Double.isNaN(expected) || Double.isInfinite(expected) || !Double.isFinite(actual)) {
            return Double.compare(actual, expected) == 0;
        }
        return Math.abs(actual - expected) <= absolute + relative * Math.abs(expected);
    }
}
