package tessera;

/** What is done to the result of an attention, channel by channel or over the channels of a token; computed by an {@link EpilogueSpec}. */
public sealed interface Epilogue {

    /** Functions of x alone. */
    enum Activation implements Epilogue {
        /** {@code 1 / (1 + exp(-x))}. */
        SIGMOID,
        /** {@code x / (1 + exp(-x))} (arXiv:1702.03118). */
        SILU,
        /** {@code exp(x_i) / sum_j exp(x_j)} over the channels. */
        SOFTMAX
    }

    /**
     * {@code weight_hi (x_i - m) / sqrt(s + epsilon) + bias_hi} over the channels of a token of a head. With one head it is the norm
     * of the whole token; with heads, layer norm is RetNet's group norm of one group for each head (arXiv:2307.08621).
     *
     * @param weightHeads heads of the weight: those of x, or 1 for the same weight for all, or 0 for none
     * @param bias whether there is a bias of the weight's shape
     */
    record Norm(Kind kind, int weightHeads, boolean bias, float epsilon) implements Epilogue {

        /** What is subtracted and what divided by. */
        public enum Kind {
            /** {@code m = 0, s = sum_j x_j² / dim} (arXiv:1910.07467). */
            RMS,
            /** m the mean, {@code s = sum_j (x_j - m)² / dim} (arXiv:1607.06450). */
            LAYER,
            /** {@code m = 0, s = sum_j x_j²}, as of keys under a delta rule (arXiv:2406.06484). */
            L2
        }

        /** @throws IllegalArgumentException naming the argument that does not fit */
        public Norm {
            Require.given("kind", kind);
            if (weightHeads < 0) {
                throw new IllegalArgumentException("weightHeads must be 0 for no weight, 1 or the heads of x, got " + weightHeads);
            }
            if (bias && weightHeads == 0) {
                throw new IllegalArgumentException("bias goes with a weight; set weightHeads to 1 or the heads of x");
            }
            if (!(epsilon >= Float.MIN_NORMAL && epsilon <= Float.MAX_VALUE)) {
                throw new IllegalArgumentException("epsilon must be a finite number above 0, 1.2e-38 at least, got " + epsilon);
            }
        }

        public Norm withWeight(int heads) {
            return new Norm(kind, heads, bias, epsilon);
        }

        public Norm withBias() {
            return new Norm(kind, weightHeads, true, epsilon);
        }

        public Norm withEpsilon(float value) {
            return new Norm(kind, weightHeads, bias, value);
        }
    }

    /** {@code x f(g)} with a second input g in the shape of x, as of gated attention and gated linear units (arXiv:2002.05202). */
    record Gate(Function function) implements Epilogue {

        /** Applied to the gate. */
        public enum Function {
            /** {@code f(g) = g}. */
            IDENTITY,
            /** {@code f(g) = 1 / (1 + exp(-g))}. */
            SIGMOID,
            /** {@code f(g) = g / (1 + exp(-g))}. */
            SILU
        }

        /** @throws IllegalArgumentException if there is no function */
        public Gate {
            Require.given("function", function);
        }
    }

    /** {@code x + factor y} with a second input y in the shape of x. */
    record Add(float factor) implements Epilogue {

        /** @throws IllegalArgumentException if the factor is not finite */
        public Add {
            Require.finite("factor", factor);
        }
    }

    /** Without weight, with epsilon 1e-6. */
    static Norm rmsNorm() {
        return new Norm(Norm.Kind.RMS, 0, false, 1e-6f);
    }

    /** Without weight, with epsilon 1e-5; on tokens of several heads also their group norm. */
    static Norm layerNorm() {
        return new Norm(Norm.Kind.LAYER, 0, false, 1e-5f);
    }

    /** Without weight, with epsilon 1e-6. */
    static Norm l2Norm() {
        return new Norm(Norm.Kind.L2, 0, false, 1e-6f);
    }
}
