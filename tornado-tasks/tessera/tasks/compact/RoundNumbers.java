package tessera.tasks.compact;

import uk.ac.manchester.tornado.api.annotations.Parallel;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;

/** {@code out = s nearest(x / s)} among the numbers of a floating-point format (FP8, arXiv:2209.05433), a scale s for each group. */
public final class RoundNumbers {
    private RoundNumbers() {
    }

    /**
     * One channel of a token.
     *
     * @param x [batch, heads, length, dim]
     * @param ranges [batch, heads, tokenGroups, channelGroups, 3], of {@link GroupRanges}
     * @param out [batch, heads, length, dim]
     * @param twiceLargest twice the number that the end of a range becomes
     * @param fraction 2 to the bits of the fraction
     * @param least 1 over the least normal number
     */
    public static void rows(FloatArray x, FloatArray ranges, FloatArray out, int length, int dim, int groupTokens, int groupChannels,
            int twiceLargest, int fraction, int least, int rowOffset, int rowCount) {
        for (@Parallel int r = 0; r < rowCount; r++) {
            int element = rowOffset + r;
            int channelGroups = (dim + groupChannels - 1) / groupChannels;
            int tokenGroups = (length + groupTokens - 1) / groupTokens;
            int token = element / dim;
            int group = (token / length * tokenGroups + token % length / groupTokens) * channelGroups + element % dim / groupChannels;
            float most = ranges.get(3 * group + 1);
            float number = FixedPoint.number(x.get(element), most, ranges.get(3 * group + 2), twiceLargest, fraction, least);
            out.set(element, number * (most + most) / twiceLargest);
        }
    }
}
