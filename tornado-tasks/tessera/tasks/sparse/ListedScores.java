package tessera.tasks.sparse;

import tessera.tasks.Dot;
import tessera.tasks.Score;
import tessera.tasks.Visible;
import uk.ac.manchester.tornado.api.annotations.Parallel;
import uk.ac.manchester.tornado.api.math.TornadoMath;
import uk.ac.manchester.tornado.api.types.arrays.ByteArray;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/** The scores {@code s_ij} of {@link ListedAttention}, stored, or the weights {@code exp(s_ij - L_i)} that they give. */
public final class ListedScores {
    private ListedScores() {
    }

    /**
     * One row of scores for each query, head and batch. Arguments without a word here are those of {@link ListedAttention#rows}.
     *
     * @param k [batch, kvHeads, keys, headDim]
     * @param lse [batch, heads, queries], L; read for stage 3
     * @param scores [batch, heads, queries, keys]
     * @param stage 0 products, 1 capped products, 2 modified scores, 3 weights; of hidden keys, 2 gives -1e30 and 3 gives 0
     */
    public static void rows(FloatArray q, FloatArray k, FloatArray lse, FloatArray scores, IntArray rowPtr, IntArray runs, FloatArray bias,
            ByteArray mask, FloatArray perHead, IntArray geometry, int heads, int queries, int keys, int headDim, float scale, int batches,
            int stage, int rowOffset, int rowCount) {
        for (@Parallel int r = 0; r < rowCount; r++) {
            int row = rowOffset + r;
            int i = row % queries;
            int batch = row / queries / heads;
            int head = row / queries - batch * heads;
            int ofHead = 10 + 2 * batches + 4 * head;
            int position = geometry.get(10 + 2 * batches + 4 * heads + batch * queries + i);
            int blockQ = geometry.get(0);
            int list = batch * geometry.get(1) + geometry.get(ofHead + 3) + i / blockQ;
            int qBase = ((batch * heads + geometry.get(ofHead)) * queries + i) * headDim;
            int kBase = geometry.get(10 + 2 * batch) + geometry.get(ofHead + 1);
            int biasBase = batch * geometry.get(2) + head * geometry.get(3) + i * geometry.get(4);
            int maskBase = batch * geometry.get(6) + head * geometry.get(7) + i * geometry.get(8);
            int biasStep = geometry.get(5);
            int maskStep = geometry.get(9);
            float slope = perHead.get(head);
            float cap = perHead.get(2 * heads);
            float hidden = 0.0f;
            if (stage == 2) {
                hidden = -1.0e30f;
            }
            for (int j = 0; j < keys; j++) {
                scores.set(row * keys + j, hidden);
            }
            if (stage == 0 || stage == 1) {
                float bound = 0.0f;
                if (stage == 1) {
                    bound = cap;
                }
                for (int j = 0; j < keys; j++) {
                    float product = Dot.dot(q, qBase, k, (kBase + j) * headDim, headDim) * scale;
                    scores.set(row * keys + j, Score.modified(product, bound, 0.0f, 0.0f, 0));
                }
            }
            if (stage == 2 || stage == 3) {
                for (int e = rowPtr.get(list); e < rowPtr.get(list + 1); e++) {
                    int place = runs.get(4 * e);
                    int firstKey = runs.get(4 * e + 1);
                    int count = runs.get(4 * e + 2);
                    int bits = runs.get(4 * e + 3);
                    int bitRow = bits + (i % blockQ) * ((count + 31) >> 5);
                    for (int t = 0; t < count; t++) {
                        int visible = Visible.of(runs, bits, bitRow, t);
                        int j = firstKey + t;
                        float added = bias.get(biasBase + j * biasStep);
                        if (visible != 0 && mask.get(maskBase + j * maskStep) != 0 && added > -1.0e29f) {
                            float product = Dot.dot(q, qBase, k, (kBase + place + t) * headDim, headDim) * scale;
                            float score = Score.modified(product, cap, added, slope, position - j);
                            if (stage == 3) {
                                score = TornadoMath.exp(score - lse.get(row));
                            }
                            scores.set(row * keys + j, score);
                        }
                    }
                }
            }
        }
    }
}
