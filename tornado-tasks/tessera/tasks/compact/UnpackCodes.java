package tessera.tasks.compact;

import uk.ac.manchester.tornado.api.annotations.Parallel;
import uk.ac.manchester.tornado.api.types.arrays.ByteArray;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/** {@code x = z + s code} (KIVI, arXiv:2402.02750), {@code s (code - middle)}, or {@code z + s book[code]} plus what some channels lack (KVQuant, arXiv:2401.18079). */
public final class UnpackCodes {
    private UnpackCodes() {
    }

    /**
     * One channel of a token.
     *
     * @param codes [batch, heads, length, ceil(dim bits / 8)]
     * @param scales [batch, heads, tokenGroups, channelGroups, parts]: step, and least value
     * @param book [2^bits]: what codes stand for, in steps
     * @param channels [batch, heads, length, outliers]: channels to which something is added, -1 for none
     * @param added [batch, heads, length, outliers]: what is added to them
     * @param out [batch, heads, length, dim]
     */
    public static void rows(ByteArray codes, FloatArray scales, FloatArray book, IntArray channels, FloatArray added, FloatArray out, int length,
            int dim, int groupTokens, int groupChannels, int parts, int bits, int outliers, int rowOffset, int rowCount) {
        for (@Parallel int r = 0; r < rowCount; r++) {
            int element = rowOffset + r;
            int inByte = 8 / bits;
            int bytes = (dim + inByte - 1) / inByte;
            int channelGroups = (dim + groupChannels - 1) / groupChannels;
            int tokenGroups = (length + groupTokens - 1) / groupTokens;
            int token = element / dim;
            int channel = element % dim;
            int group = (token / length * tokenGroups + token % length / groupTokens) * channelGroups + channel / groupChannels;
            int code = codes.get(token * bytes + channel / inByte) >> (channel % inByte * bits) & (1 << bits) - 1;
            float value = book.get(code) * scales.get(parts * group);
            if (parts == 2) {
                value = value + scales.get(2 * group + 1);
            }
            for (int n = token * outliers; n < (token + 1) * outliers; n++) {
                if (channels.get(n) == channel) {
                    value = value + added.get(n);
                }
            }
            out.set(element, value);
        }
    }
}
