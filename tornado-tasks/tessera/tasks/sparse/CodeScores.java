package tessera.tasks.sparse;

import uk.ac.manchester.tornado.api.annotations.Parallel;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * {@code scores_ij = -sum_w bits(q_iw xor k_jw)} (HashAttention, arXiv:2412.14468), or {@code scores_ij = #{w : q_iw = k_jw}} (MagicPIG,
 * arXiv:2410.16179), over the words w of codes.
 */
public final class CodeScores {
    private CodeScores() {
    }

    /**
     * One pair.
     *
     * @param q [batch, kvHeads * group, queries, words]
     * @param k [batch, kvHeads, keys, words]
     * @param scores [batch, kvHeads * group, queries, keys]
     * @param equal 1 to count equal words, 0 for minus the bits that differ
     */
    public static void rows(IntArray q, IntArray k, FloatArray scores, int group, int queries, int keys, int words, int equal, int rowOffset,
            int rowCount) {
        for (@Parallel int r = 0; r < rowCount; r++) {
            int row = rowOffset + r;
            int query = row / keys;
            int base = (query / queries / group * keys + row % keys) * words;
            int score = 0;
            for (int w = 0; w < words; w++) {
                int differing = q.get(query * words + w) ^ k.get(base + w);
                int pairs = differing - ((differing >> 1) & 0x55555555);
                int nibbles = (pairs & 0x33333333) + ((pairs >> 2) & 0x33333333);
                int octets = (nibbles + (nibbles >> 4)) & 0x0f0f0f0f;
                int bits = (octets * 0x01010101) >> 24;
                if (equal == 0) {
                    score = score - bits;
                } else if (bits == 0) {
                    score = score + 1;
                }
            }
            scores.set(row, score);
        }
    }
}
