package tessera;

import java.util.Arrays;
import java.util.SplittableRandom;

/**
 * A feature map φ of linear attention: {@code φ(q) · φ(k)} stands for {@code exp(q · k / sqrt(dim))} or for a similarity of the
 * method's own. Computed by a {@link FeatureSpec}.
 */
public sealed interface Features {

    /** Maps without options. */
    enum Plain implements Features {
        /** {@code elu(x) + 1} (arXiv:2006.16236). */
        ELU_PLUS_ONE,
        /** {@code max(x, 0)} (arXiv:2410.10629). */
        RELU,
        /** {@code exp(x)} (Hedgehog, arXiv:2402.04347); infinite for x above 88. */
        EXP,
        /** {@code [exp(x), exp(-x)]}, 2 dim features; infinite for x beyond 88 either way. */
        EXP_BOTH_SIGNS,
        /** {@code exp(x_i) / sum_j exp(x_j)} over the channels of a token (SLA, arXiv:2509.24006). */
        SOFTMAX,
        /**
         * {@code [1, x / dim^(1/4), vec(x xᵀ) / sqrt(2 dim)]}, 1 + dim + dim² features:
         * {@code φ(q) · φ(k) = 1 + s + s² / 2} exactly, with {@code s = q · k / sqrt(dim)} (QT-ViT, NeurIPS 2024).
         */
        TAYLOR;

        @Override
        public long size(int dim) {
            return switch (this) {
                case ELU_PLUS_ONE, RELU, EXP, SOFTMAX -> dim;
                case EXP_BOTH_SIGNS -> 2L * dim;
                case TAYLOR -> 1 + dim + (long) dim * dim;
            };
        }
    }

    /**
     * {@code count^(-1/2) exp(ω x̂ - |x̂|² / 2)} with {@code x̂ = x / dim^(1/4)} and random rows ω, see {@link #orthogonal}: in
     * expectation {@code φ(q) · φ(k) = exp(q · k / sqrt(dim))} (Performer's FAVOR+, arXiv:2009.14794). No maximum is subtracted:
     * infinite where the exponent passes 88.
     */
    record PositiveRandom(int count) implements Features {

        /** @throws IllegalArgumentException if there are no features */
        public PositiveRandom {
            Require.positive("count", count);
        }

        @Override
        public long size(int dim) {
            return count;
        }
    }

    /**
     * {@code count^(-1/2) [sin ωx̂, cos ωx̂]} with {@code x̂ = x / |x|} and random rows ω, 2 count features: in expectation
     * {@code φ(q) · φ(k) = exp(-|q̂ - k̂|² / 2)} for standard normal ω (RFA, arXiv:2103.02143). For a token of zeros
     * {@code x̂ = 0}.
     */
    record TrigonometricRandom(int count) implements Features {

        /** @throws IllegalArgumentException if there are no features */
        public TrigonometricRandom {
            Require.positive("count", count);
        }

        @Override
        public long size(int dim) {
            return 2L * count;
        }
    }

    /**
     * {@code [relu(x) cos(πi / 2M), relu(x) sin(πi / 2M)]} for the token at position i from 0, 2 dim features:
     * {@code φ(q_i) · φ(k_j) = relu(q_i) · relu(k_j) cos(π(i - j) / 2M)} (cosFormer, arXiv:2202.08791).
     *
     * @param longest M, at least the length of queries and keys, the same for both
     */
    record Cosine(int longest) implements Features {

        /** @throws IllegalArgumentException if M is not positive */
        public Cosine {
            Require.positive("longest", longest);
        }

        @Override
        public long size(int dim) {
            return 2L * dim;
        }
    }

    /** {@code [α x_i², β (4 / dim)^(1/4) x_i, γ]}, 2 dim + 1 features: the compact map of QT-ViT (NeurIPS 2024). */
    record Square(float alpha, float beta, float gamma) implements Features {

        /** @throws IllegalArgumentException if a factor is not finite */
        public Square {
            Require.finite("alpha", alpha);
            Require.finite("beta", beta);
            Require.finite("gamma", gamma);
        }

        @Override
        public long size(int dim) {
            return 2L * dim + 1;
        }
    }

    /** Features of a token of {@code dim} channels. */
    long size(int dim);

    /** Rows of the input ω; 0 if the map has none. */
    default int randomRows() {
        return switch (this) {
            case PositiveRandom(int count) -> count;
            case TrigonometricRandom(int count) -> count;
            default -> 0;
        };
    }

    /**
     * Random rows ω {@code [count, dim]}, each of them standard normal, and orthogonal to the others of its block of {@code dim}
     * rows, which makes the estimate vary less (arXiv:2009.14794). The same seed gives the same rows everywhere.
     */
    static Tensor orthogonal(int count, int dim, long seed) {
        Tensor omega = Tensor.zeros(count, dim);
        SplittableRandom random = new SplittableRandom(seed);
        double[][] block = new double[dim][];
        for (int row = 0; row < count; row++) {
            double length = norm(normal(random, dim));
            double[] direction = normal(random, dim);
            for (int twice = 0; twice < 2; twice++) {
                for (int earlier = 0; earlier < row % dim; earlier++) {
                    double along = 0;
                    for (int c = 0; c < dim; c++) {
                        along += block[earlier][c] * direction[c];
                    }
                    for (int c = 0; c < dim; c++) {
                        direction[c] -= along * block[earlier][c];
                    }
                }
            }
            double left = norm(direction);
            for (int c = 0; c < dim; c++) {
                direction[c] /= left;
                omega.set(row * dim + c, (float) (length * direction[c]));
            }
            block[row % dim] = direction;
        }
        return omega;
    }

    private static double[] normal(SplittableRandom random, int dim) {
        double[] vector = new double[dim];
        Arrays.setAll(vector, _ -> random.nextGaussian());
        return vector;
    }

    private static double norm(double[] vector) {
        double squares = 0;
        for (double x : vector) {
            squares += x * x;
        }
        return Math.sqrt(squares);
    }
}
