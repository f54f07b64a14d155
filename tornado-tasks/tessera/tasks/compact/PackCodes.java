package tessera.tasks.compact;

import uk.ac.manchester.tornado.api.annotations.Parallel;
import uk.ac.manchester.tornado.api.types.arrays.ByteArray;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;

/** {@code code = round((x - z) / s)}, or the nearest entry of a codebook, several codes in a byte, lower channels in lower bits. */
public final class PackCodes {
    private static final int BOOK = 1 << 23;

    private PackCodes() {
    }

    /**
     * One byte of a token.
     *
     * @param x [batch, heads, length, dim]
     * @param ranges [batch, heads, tokenGroups, channelGroups, 3], of {@link GroupRanges}
     * @param book [2^bits], ascending from 0 to 1: what codes stand for, as a share of the range; read only where {@code steps} is 0
     * @param codes [batch, heads, length, ceil(dim bits / 8)]; bits that are left over are 0
     * @param bits 2, 3, 4 or 8; three bits take the place of four
     * @param steps least code to the largest
     */
    public static void rows(FloatArray x, FloatArray ranges, FloatArray book, ByteArray codes, int length, int dim, int groupTokens,
            int groupChannels, int bits, int steps, int rowOffset, int rowCount) {
        for (@Parallel int r = 0; r < rowCount; r++) {
            int row = rowOffset + r;
            int inByte = 8 / bits;
            int bytes = (dim + inByte - 1) / inByte;
            int channelGroups = (dim + groupChannels - 1) / groupChannels;
            int tokenGroups = (length + groupTokens - 1) / groupTokens;
            int token = row / bytes;
            int group = (token / length * tokenGroups + token % length / groupTokens) * channelGroups;
            int packed = 0;
            for (int i = 0; i < inByte; i++) {
                int channel = row % bytes * inByte + inByte - 1 - i;
                int code = 0;
                if (channel < dim) {
                    int range = 3 * (group + channel / groupChannels);
                    float low = ranges.get(range);
                    float high = ranges.get(range + 1);
                    float unit = ranges.get(range + 2);
                    float value = x.get(token * dim + channel);
                    if (steps > 0) {
                        code = FixedPoint.level(value, low, high, unit, steps);
                    } else {
                        long start = FixedPoint.fixed(low * unit);
                        long width = FixedPoint.fixed(high * unit) - start;
                        long place = 2 * (FixedPoint.fixed(value * unit) - start) * BOOK;
                        for (int n = 1; n < (1 << bits); n++) {
                            if (place >= width * ((int) (book.get(n - 1) * BOOK) + (int) (book.get(n) * BOOK)) && width > 0) {
                                code = n;
                            }
                        }
                    }
                }
                packed = (packed << bits) + code;
            }
            codes.set(row, (byte) packed);
        }
    }
}
