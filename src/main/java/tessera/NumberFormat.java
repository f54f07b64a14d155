package tessera;

/** What {@link QuantSpec} makes of the numbers of a group. */
public sealed interface NumberFormat {

    /** Bits of one number. */
    int bits();

    /** Numbers that stand for a group: 2 where a least value goes with its scale, else 1. */
    int parts();

    /**
     * Evenly spaced levels. Asymmetric: {@code x = z + s code} with {@code z = min, s = (max - min) / (2^bits - 1)} (KIVI,
     * arXiv:2402.02750). Symmetric: {@code x = s (code - middle)} with {@code middle = 2^(bits - 1) - 1, s = max |x| / middle}.
     *
     * @param bits 2, 4 or 8
     */
    record Integers(int bits, boolean symmetric) implements NumberFormat {

        /** @throws IllegalArgumentException naming the argument that does not fit, and what would */
        public Integers {
            if (bits != 2 && bits != 4 && bits != 8) {
                throw new IllegalArgumentException("bits must be 2, 4 or 8, got " + bits);
            }
        }

        @Override
        public int parts() {
            return symmetric ? 1 : 2;
        }

        /** The code that stands for 0 where levels are symmetric, else 0. */
        public int middle() {
            return symmetric ? (1 << bits - 1) - 1 : 0;
        }

        /** From the least code to the largest. */
        public int steps() {
            return symmetric ? 2 * middle() : (1 << bits) - 1;
        }
    }

    /**
     * Any levels: {@code x = z + s codebook[code]} with {@code z = min, s = max - min} and levels that ascend from 0 to 1, the nearest
     * one; they are read as multiples of 2^-23 (KVQuant, arXiv:2401.18079).
     *
     * @param bits 2, 3, 4 or 8; codes of three bits take the place of four
     */
    record Codebook(int bits) implements NumberFormat {

        /** @throws IllegalArgumentException naming the argument that does not fit, and what would */
        public Codebook {
            if (bits != 2 && bits != 3 && bits != 4 && bits != 8) {
                throw new IllegalArgumentException("bits must be 2, 3, 4 or 8, got " + bits);
            }
        }

        @Override
        public int parts() {
            return 2;
        }
    }

    /**
     * Floating-point numbers, {@code x = s y} with {@code s = max |x| / largest}; rounded only, since no device here multiplies them.
     *
     * @param largest what the largest magnitude of a group becomes, a multiple of 1/2
     * @param fraction bits of the fraction
     * @param least exponent of the least normal number, 0 or negative
     * @param microscaled whether the scale is a number of FP8 (E4M3) too, as in NVFP4
     */
    record Floats(int bits, float largest, int fraction, int least, boolean microscaled) implements NumberFormat {

        /** E4M3 (arXiv:2209.05433). */
        public static final Floats FP8 = new Floats(8, 448, 3, -6, false);

        /** E2M1 with scales in FP8 (arXiv:2505.11594), made for groups of 16. */
        public static final Floats FP4 = new Floats(4, 6, 1, 0, true);

        /** @throws IllegalArgumentException naming the argument that does not fit, and what would */
        public Floats {
            Require.positive("bits", bits, "fraction", fraction);
            if (!(largest > 0 && largest <= 448 && 2 * largest == (int) (2 * largest))) {
                throw new IllegalArgumentException("largest must be a positive multiple of 1/2, at most 448, got " + largest);
            }
            if (fraction > 3 || least > 0 || least < -6) {
                throw new IllegalArgumentException("a fraction must have at most 3 bits and least be from -6 to 0, got " + fraction + " and " + least);
            }
            if (microscaled && largest != 6) {
                throw new IllegalArgumentException("microscaled numbers must have 6 as the largest, got " + largest);
            }
        }

        /** The same numbers, of which only those up to {@code most} are used (arXiv:2505.21136). */
        public Floats upTo(float most) {
            return new Floats(bits, most, fraction, least, microscaled);
        }

        @Override
        public int parts() {
            return 1;
        }
    }
}
