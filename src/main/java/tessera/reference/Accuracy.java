package tessera.reference;

import tessera.Tensor;

/**
 * How far a result is from its reference.
 *
 * @param finite no NaN anywhere, and infinities only where the reference has the same one
 * @param maxAbs largest absolute difference
 * @param rms RMS ratio: {@code |actual - expected| / |expected|} in the 2-norm; absolute where the reference is all 0
 */
public record Accuracy(boolean finite, double maxAbs, double rms) {

    public static final Accuracy EXACT = new Accuracy(true, 0, 0);

    /** Of integers, only equal ones are near: the RMS ratio is infinite where one differs. */
    public static Accuracy of(Tensor actual, Expected.Values expected) {
        double error = 0;
        double norm = 0;
        double maxAbs = 0;
        boolean finite = true;
        for (int n = 0; n < expected.at().length; n++) {
            double want = expected.value()[n];
            double got = actual.get(expected.at()[n]);
            if (!actual.dtype().isFloat() && got != want) {
                return new Accuracy(true, Math.abs(got - want), Double.POSITIVE_INFINITY);
            }
            if (Double.isInfinite(want) || !Double.isFinite(got)) {
                finite &= want == got;
                continue;
            }
            double difference = got - want;
            maxAbs = Math.max(maxAbs, Math.abs(difference));
            error += difference * difference;
            norm += want * want;
        }
        double rms = norm > 0 ? Math.sqrt(error / norm) : Math.sqrt(error);
        return new Accuracy(finite, maxAbs, rms);
    }

    /** True if everything is finite and the RMS ratio is under {@code tolerance}; a NaN ratio never is. */
    public boolean within(double tolerance) {
        return finite && rms < tolerance;
    }

    public Accuracy worse(Accuracy other) {
        return new Accuracy(finite && other.finite, Math.max(maxAbs, other.maxAbs), Math.max(rms, other.rms));
    }

    @Override
    public String toString() {
        return finite ? String.format(java.util.Locale.ROOT, "max-abs %.2e, RMS ratio %.2e", maxAbs, rms) : "NaN or misplaced infinity";
    }
}
