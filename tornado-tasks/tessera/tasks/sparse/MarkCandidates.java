package tessera.tasks.sparse;

import uk.ac.manchester.tornado.api.annotations.Parallel;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/** {@code mark = 0} for a candidate that a row does not see, 1 for one that it sees, 2 for one that it keeps whatever its score. */
public final class MarkCandidates {
    public static final int HIDDEN = 0;
    public static final int SEEN = 1;
    public static final int FORCED = 2;

    private MarkCandidates() {
    }

    /**
     * One candidate of one row.
     *
     * @param places [3, rows]: how many candidates a row sees, the first that it keeps by its place, and the one after the last of those
     * @param forcedRows [batch, kvHeads * group, rows]: rows that keep all, other than 0
     * @param forcedColumns [batch, kvHeads, candidates]: candidates that all rows keep, other than 0
     * @param marks [batch, kvHeads * group, rows, candidates]
     */
    public static void rows(IntArray places, IntArray forcedRows, IntArray forcedColumns, IntArray marks, int group, int rows, int candidates,
            int sinks, int rowOffset, int rowCount) {
        for (@Parallel int r = 0; r < rowCount; r++) {
            int row = rowOffset + r;
            int candidate = row % candidates;
            int ofRow = row / candidates % rows;
            int mark = SEEN;
            if (candidate < sinks) {
                mark = FORCED;
            }
            if (candidate >= places.get(rows + ofRow) && candidate < places.get(2 * rows + ofRow)) {
                mark = FORCED;
            }
            if (forcedRows.get(row / candidates) != 0) {
                mark = FORCED;
            }
            if (forcedColumns.get(row / candidates / rows / group * candidates + candidate) != 0) {
                mark = FORCED;
            }
            if (candidate >= places.get(ofRow)) {
                mark = HIDDEN;
            }
            marks.set(row, mark);
        }
    }
}
