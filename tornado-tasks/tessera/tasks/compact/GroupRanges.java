package tessera.tasks.compact;

import uk.ac.manchester.tornado.api.annotations.Parallel;
import uk.ac.manchester.tornado.api.math.TornadoMath;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;

/** {@code z = min, s = (max - min) / steps} of groups of tokens and channels (KIVI, arXiv:2402.02750), or both ends at the largest magnitude. */
public final class GroupRanges {
    private static final float LARGEST = 2688.0f; // 6 * 448
    private static final float UNIT = 131072.0f; // 2^17

    private GroupRanges() {
    }

    /**
     * One group.
     *
     * @param x [batch, heads, length, dim]
     * @param ranges [batch, heads, tokenGroups, channelGroups, 3]: the ends of what codes stand for, and the unit of {@link FixedPoint} for them
     * @param scales [batch, heads, tokenGroups, channelGroups, parts]: the step between codes, and the least value
     * @param parts 2, or 1 where the ends are symmetric
     * @param microscaled 1 where ends are 6 times a number of FP8 (E4M3), else 0
     */
    public static void rows(FloatArray x, FloatArray ranges, FloatArray scales, int length, int dim, int groupTokens, int groupChannels, int parts,
            int steps, int microscaled, int rowOffset, int rowCount) {
        for (@Parallel int r = 0; r < rowCount; r++) {
            int group = rowOffset + r;
            int channelGroups = (dim + groupChannels - 1) / groupChannels;
            int tokenGroups = (length + groupTokens - 1) / groupTokens;
            int head = group / channelGroups / tokenGroups;
            int firstToken = group / channelGroups % tokenGroups * groupTokens;
            int firstChannel = group % channelGroups * groupChannels;
            int endToken = TornadoMath.min(length, firstToken + groupTokens);
            int endChannel = TornadoMath.min(dim, firstChannel + groupChannels);
            float low = x.get((head * length + firstToken) * dim + firstChannel);
            float high = low;
            for (int n = firstToken; n < endToken; n++) {
                int base = (head * length + n) * dim;
                for (int c = firstChannel; c < endChannel; c++) {
                    float value = x.get(base + c);
                    low = TornadoMath.min(low, value);
                    high = TornadoMath.max(high, value);
                }
            }
            float most = TornadoMath.max(TornadoMath.abs(low), TornadoMath.abs(high));
            if (microscaled == 1) {
                most = 6.0f * FixedPoint.number(most, LARGEST, UNIT, 896, 8, 64);
            }
            float range = high - low;
            if (parts == 1) {
                high = most;
                low = -most;
                range = 2.0f * most;
            }
            ranges.set(3 * group, low);
            ranges.set(3 * group + 1, high);
            ranges.set(3 * group + 2, FixedPoint.unit(most));
            scales.set(parts * group, range / steps);
            if (parts == 2) {
                scales.set(2 * group + 1, low);
            }
        }
    }
}
