package tessera;

import java.util.Map;

/**
 * What an attention gives besides {@code out}. With L the log-sum-exp of a row, the weight of a key is {@code exp(s - L)}.
 *
 * @param lse {@code lse [batch, heads, queries]}, natural logarithm
 * @param columnMass {@code columnMass [batch, heads, keys]}: each key's weight, summed over the queries (H2O, arXiv:2306.14048)
 * @param massQ with massK, {@code blockMass [batch, heads, ceil(queries / massQ), ceil(keys / massK)]}: weights summed over blocks of
 *        massQ x massK pairs; 0 for none
 * @param massK keys in such a block
 * @param scores {@code scores [batch, heads, queries, keys]} at this stage, or null
 */
public record AttentionOutputs(boolean lse, boolean columnMass, int massQ, int massK, ScoreStage scores) {

    /** Only {@code out}. */
    public static final AttentionOutputs PLAIN = new AttentionOutputs(false, false, 0, 0, null);

    /** @throws IllegalArgumentException if the block of masses is not at least 1 x 1 */
    public AttentionOutputs {
        if (massQ < 0 || massK < 0 || (massQ == 0) != (massK == 0)) {
            throw new IllegalArgumentException("a block of masses must be at least 1 x 1, got " + massQ + " x " + massK);
        }
    }

    void addTo(Map<String, Shape> outputs, int batch, int heads, int queries, int keys) {
        if (lse) {
            outputs.put("lse", Shape.of(batch, heads, queries));
        }
        if (columnMass) {
            outputs.put("columnMass", Shape.of(batch, heads, keys));
        }
        if (massQ > 0) {
            outputs.put("blockMass", Shape.of(batch, heads, Math.ceilDiv(queries, massQ), Math.ceilDiv(keys, massK)));
        }
        if (scores != null) {
            outputs.put("scores", Shape.of(batch, heads, queries, keys));
        }
    }
}
