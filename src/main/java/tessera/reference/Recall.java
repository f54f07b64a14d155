package tessera.reference;

import java.util.BitSet;
import tessera.AttentionSpec;
import tessera.Tensor;

/** How much of attention's weight a selection keeps, in double precision. */
public final class Recall {
    private Recall() {
    }

    /**
     * The mean over rows of the kept part of {@code softmax(scale q k^T)} over the pairs that the spec allows; a row that sees no key
     * counts for nothing. 1 is all of it.
     *
     * @param spec attention without the selection, of grouped heads
     * @param q {@code [batch, heads, queries, headDim]}
     * @param k {@code [batch, kvHeads, keys, headDim]}
     * @param keyBlocks {@code [batch, ceil(queries / blockQ), listHeads, lists]}, -1 for none
     * @param sample which rows (batch, head, query) are looked at
     */
    public static double of(AttentionSpec spec, Tensor q, Tensor k, Tensor keyBlocks, int blockQ, int blockK, Sample sample) {
        double sum = 0;
        int rows = 0;
        for (int row : sample.of(spec.batch() * spec.heads() * spec.queries())) {
            double kept = ofRow(spec, q, k, keyBlocks, blockQ, blockK, row);
            sum += kept >= 0 ? kept : 0;
            rows += kept >= 0 ? 1 : 0;
        }
        return rows == 0 ? 1 : sum / rows;
    }

    /** -1 for a row that sees no key. */
    private static double ofRow(AttentionSpec spec, Tensor q, Tensor k, Tensor keyBlocks, int blockQ, int blockK, int row) {
        int query = row % spec.queries();
        int head = row / spec.queries() % spec.heads();
        int batch = row / spec.queries() / spec.heads();
        int kvHead = batch * spec.kvHeads() + head / (spec.heads() / spec.kvHeads());
        BitSet listed = listed(keyBlocks, (batch * keyBlocks.shape().dim(1) + query / blockQ) * keyBlocks.shape().dim(2)
                + head / (spec.heads() / keyBlocks.shape().dim(2)));
        double[] scores = new double[spec.keys()];
        double max = Double.NEGATIVE_INFINITY;
        for (int j = 0; j < spec.keys(); j++) {
            scores[j] = Double.NEGATIVE_INFINITY;
            if (spec.allows(head, query, j)) {
                scores[j] = 0;
                for (int c = 0; c < spec.headDim(); c++) {
                    scores[j] += spec.scale() * (double) q.get(row * spec.headDim() + c) * k.get((kvHead * spec.keys() + j) * spec.headDim() + c);
                }
                max = Math.max(max, scores[j]);
            }
        }
        double all = 0;
        double kept = 0;
        for (int j = 0; j < spec.keys() && max > Double.NEGATIVE_INFINITY; j++) {
            double weight = Math.exp(scores[j] - max);
            all += weight;
            kept += listed.get(j / blockK) ? weight : 0;
        }
        return all == 0 ? -1 : kept / all;
    }

    private static BitSet listed(Tensor keyBlocks, int list) {
        int length = keyBlocks.shape().dim(3);
        BitSet listed = new BitSet();
        for (int n = list * length; n < (list + 1) * length; n++) {
            if (keyBlocks.get(n) >= 0) {
                listed.set((int) keyBlocks.get(n));
            }
        }
        return listed;
    }
}
