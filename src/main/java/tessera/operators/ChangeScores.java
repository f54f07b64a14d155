package tessera.operators;

import tessera.ScoreFunction;
import tessera.Scores;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;

/** A user's score function on stored scores. It is no kernel for a device: TornadoVM compiles no calls through an interface. */
public final class ChangeScores {
    private ChangeScores() {
    }

    /**
     * One row of scores for each query, head and batch.
     *
     * @param scores [batch, heads, queries, keys]; a hidden key's score stays as it is
     */
    public static void rows(FloatArray scores, ScoreFunction function, int heads, int queries, int keys, int rowOffset, int rowCount) {
        for (int row = rowOffset; row < rowOffset + rowCount; row++) {
            for (int j = 0; j < keys; j++) {
                float score = scores.get(row * keys + j);
                if (score > Scores.EXCLUDED) {
                    scores.set(row * keys + j, function.apply(score, row / queries / heads, row / queries % heads, row % queries, j));
                }
            }
        }
    }
}
