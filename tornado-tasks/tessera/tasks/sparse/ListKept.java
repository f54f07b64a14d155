package tessera.tasks.sparse;

import uk.ac.manchester.tornado.api.annotations.Parallel;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * {@code list = {c : x_c > cut, or x_c = cut and c <= tie, or c is forced}} in ascending order, without those that an earlier list has; and
 * the share of the sum of x that it keeps.
 */
public final class ListKept {
    private ListKept() {
    }

    /**
     * The list of one row.
     *
     * @param scores [batch, heads, rows, candidates]
     * @param marks [batch, heads, rows, candidates], of {@link MarkCandidates}
     * @param cuts [sets], of {@link CutScores}
     * @param ties [sets], of {@link CutScores}
     * @param earlierCuts [sets], of the earlier list
     * @param earlierTies [sets], of the earlier list
     * @param lists [batch, rows, heads, length], -1 after the last candidate
     * @param counts [batch, rows, heads]
     * @param shares [batch, rows, heads]; 0 where the sum is
     * @param setRows rows of a set: 1 or rows
     * @param top the highest mark that competes: SEEN or FORCED
     * @param earlier 1 if there is an earlier list, which has the forced candidates too
     */
    public static void rows(FloatArray scores, IntArray marks, FloatArray cuts, IntArray ties, FloatArray earlierCuts, IntArray earlierTies,
            IntArray lists, IntArray counts, FloatArray shares, int heads, int rows, int candidates, int length, int setRows, int top,
            int earlier, int rowOffset, int rowCount) {
        for (@Parallel int r = 0; r < rowCount; r++) {
            int row = rowOffset + r;
            int head = row % heads;
            int ofRow = row / heads % rows;
            int scoreRow = (row / heads / rows * heads + head) * rows + ofRow;
            int set = scoreRow / setRows;
            int inSet = (scoreRow - set * setRows) * candidates;
            float cut = cuts.get(set);
            float earlierCut = earlierCuts.get(set);
            int count = 0;
            float sum = 0.0f;
            float total = 0.0f;
            for (int c = 0; c < candidates; c++) {
                int mark = marks.get(scoreRow * candidates + c);
                float score = scores.get(scoreRow * candidates + c);
                int keep = 0;
                if (score > cut) {
                    keep = 1;
                }
                if (score == cut && inSet + c <= ties.get(set)) {
                    keep = 1;
                }
                if (mark > top) {
                    keep = 0;
                }
                if (mark == MarkCandidates.FORCED) {
                    keep = 1;
                }
                if (earlier == 1) {
                    if (score > earlierCut) {
                        keep = 0;
                    }
                    if (score == earlierCut && inSet + c <= earlierTies.get(set)) {
                        keep = 0;
                    }
                    if (mark == MarkCandidates.FORCED) {
                        keep = 0;
                    }
                }
                if (mark == MarkCandidates.HIDDEN) {
                    keep = 0;
                } else {
                    total = total + score;
                }
                if (keep == 1) {
                    sum = sum + score;
                    if (count < length) {
                        lists.set(row * length + count, c);
                    }
                    count++;
                }
            }
            for (int n = count; n < length; n++) {
                lists.set(row * length + n, -1);
            }
            float share = 0.0f;
            if (total != 0.0f) {
                share = sum / total;
            }
            counts.set(row, count);
            shares.set(row, share);
        }
    }
}
