package tessera.layouts;

import tessera.DType;
import tessera.Shape;
import tessera.Tensor;

/** Which of two ways of selecting suits each head. */
public final class HeadPatterns {
    private HeadPatterns() {
    }

    /**
     * 1 for a head whose two estimates agree, {@code sqrt(JSD(a, b)) < tau} with the Jensen-Shannon divergence in nats of their last
     * rows, else 0 (FlexPrefill, arXiv:2502.20766).
     *
     * @param exact {@code scores [batch, heads, rows, candidates]} of a selection, for example of {@link tessera.Estimator.LastRows}
     * @param pooled {@code scores} of another one over the same candidates, for example of {@link tessera.Estimator.PooledDot}
     * @return I32 {@code [batch, heads]}
     * @throws IllegalArgumentException if batch, heads or candidates of the two differ
     */
    public static Tensor byDivergence(Tensor exact, Tensor pooled, double tau) {
        Shape shape = exact.shape();
        Shape other = pooled.shape();
        if (shape.dim(0) != other.dim(0) || shape.dim(1) != other.dim(1) || shape.dim(3) != other.dim(3)) {
            throw new IllegalArgumentException("both must have the same batch, heads and candidates, got " + shape + " and " + other);
        }
        Tensor patterns = Tensor.zeros(DType.I32, Shape.of(shape.dim(0), shape.dim(1)));
        for (int head = 0; head < patterns.shape().elements(); head++) {
            double divergence = divergence(lastRow(exact, head), lastRow(pooled, head));
            patterns.set(head, Math.sqrt(divergence) < tau ? 1 : 0);
        }
        return patterns;
    }

    /** Scores as shares of their sum; what is not seen has none. */
    private static double[] lastRow(Tensor scores, int head) {
        int candidates = scores.shape().dim(3);
        double[] row = new double[candidates];
        double sum = 0;
        for (int c = 0; c < candidates; c++) {
            row[c] = Math.max(0, scores.get(((head + 1) * scores.shape().dim(2) - 1) * candidates + c));
            sum += row[c];
        }
        for (int c = 0; c < candidates && sum > 0; c++) {
            row[c] /= sum;
        }
        return row;
    }

    private static double divergence(double[] a, double[] b) {
        double divergence = 0;
        for (int c = 0; c < a.length; c++) {
            double mean = (a[c] + b[c]) / 2;
            divergence += (a[c] > 0 ? a[c] * Math.log(a[c] / mean) : 0) + (b[c] > 0 ? b[c] * Math.log(b[c] / mean) : 0);
        }
        return Math.max(0, divergence / 2);
    }
}
