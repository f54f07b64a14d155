package tessera.methods;

import java.util.function.DoubleUnaryOperator;
import tessera.Tensor;

/**
 * Tokens rounded to what a narrower type holds, as float32: blocks of tokens, each with a scale of its own. Products of them are
 * those of the narrow type but for the order of additions; nothing is faster for it.
 */
final class Rounding {

    /** The largest finite number of FP8 E4M3 (arXiv:2209.05433). */
    private static final int LARGEST_FP8 = 448;

    private Rounding() {
    }

    /** Integers from -127 to 127, times the largest magnitude of a block over 127. */
    static Tensor int8(Tensor x, int tokens) {
        return byBlocks(x, tokens, 127, Math::rint);
    }

    /** FP8 E4M3, times the largest magnitude of a block over 448. */
    static Tensor fp8(Tensor x, int tokens) {
        return byBlocks(x, tokens, LARGEST_FP8, Rounding::fp8);
    }

    /** The nearest number with three bits after the leading one, which is at 2^-6 or above; the even one of two. */
    private static double fp8(double x) {
        int unit = Math.max(Math.getExponent(x), -6) - 3;
        return Math.scalb(Math.rint(Math.scalb(x, -unit)), unit);
    }

    private static Tensor byBlocks(Tensor x, int tokens, int largest, DoubleUnaryOperator round) {
        int dim = x.shape().dim(3);
        int row = x.shape().dim(2) * dim;
        Tensor y = Tensor.zeros(x.shape().dims());
        for (int start = 0; start < x.shape().elements(); start += Math.min(tokens * dim, row - start % row)) {
            int end = start + Math.min(tokens * dim, row - start % row);
            double most = 0;
            for (int e = start; e < end; e++) {
                most = Math.max(most, Math.abs(x.get(e)));
            }
            double scale = most / largest;
            for (int e = start; e < end && most > 0; e++) {
                y.set(e, (float) (round.applyAsDouble(x.get(e) / scale) * scale));
            }
        }
        return y;
    }
}
