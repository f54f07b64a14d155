package tessera.layouts;

import java.util.Arrays;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * Lists of runs of keys as they are built, one after the other, and as {@link tessera.tasks.sparse.ListedAttention} reads them:
 * {@code rowPtr} and {@code runs}.
 */
public final class RunList {
    /** Numbers that the runs and their bits may need. */
    static final int MOST = 1 << 28;

    private int[] rowPtr = new int[64];
    private int[] runs = new int[256];
    private int[] bits = new int[64];
    private int lists;
    private int count;
    private int words;

    /** Ends the current list; the next run belongs to the next one. */
    void endList() {
        if (lists + 2 > rowPtr.length) {
            rowPtr = Arrays.copyOf(rowPtr, 2 * rowPtr.length);
        }
        rowPtr[++lists] = count;
    }

    /** A run of {@code length} keys from {@code firstKey} on, the first of which lies in row {@code place}; none if that is not positive. */
    void add(int place, int firstKey, int length) {
        if (length > 0) {
            add(place, firstKey, length, -1);
        }
    }

    /** A run for which {@code words} say, 32 keys each, what each query of the block sees. */
    void add(int place, int firstKey, int length, int[] seen) {
        add(place, firstKey, length, words);
        while (words + seen.length > bits.length) {
            bits = Arrays.copyOf(bits, 2 * bits.length);
        }
        System.arraycopy(seen, 0, bits, words, seen.length);
        words += seen.length;
    }

    private void add(int place, int firstKey, int length, int at) {
        if (4L * count + words >= MOST) {
            throw new IllegalArgumentException("the runs of keys need more than " + MOST + " numbers; use a mask with fewer runs, or fewer queries at a time");
        }
        if (4 * count + 4 > runs.length) {
            runs = Arrays.copyOf(runs, 2 * runs.length);
        }
        runs[4 * count] = place;
        runs[4 * count + 1] = firstKey;
        runs[4 * count + 2] = length;
        runs[4 * count + 3] = at;
        count++;
    }

    public int lists() {
        return lists;
    }

    /** Numbers that {@code runs} needs; at least one run, so that no array is empty. */
    int size() {
        return Math.max(4, 4 * count + words);
    }

    /** Copies the lists into arrays of that size or larger ones. */
    public void copyTo(IntArray rowPtrs, IntArray target) {
        for (int n = 0; n <= lists; n++) {
            rowPtrs.set(n, rowPtr[n]);
        }
        for (int n = 0; n < 4 * count; n++) {
            target.set(n, n % 4 == 3 && runs[n] >= 0 ? runs[n] + 4 * count : runs[n]);
        }
        for (int n = 0; n < words; n++) {
            target.set(4 * count + n, bits[n]);
        }
    }

    /** Number of the first run of a list; the list's last one comes before that of the next list. */
    int start(int list) {
        return rowPtr[list];
    }

    int key(int run) {
        return runs[4 * run + 1];
    }

    int length(int run) {
        return runs[4 * run + 2];
    }

    /** Whether bits say who sees which key of a run. */
    boolean isMixed(int run) {
        return runs[4 * run + 3] >= 0;
    }

    /** Whether a query of the block sees a key, both counted from the first. */
    boolean sees(int run, int query, int key) {
        return !isMixed(run) || (bits[runs[4 * run + 3] + query * Math.ceilDiv(length(run), 32) + key / 32] >> key % 32 & 1) != 0;
    }

    /** Keys in all runs of a list. */
    long keys(int list) {
        long keys = 0;
        for (int e = rowPtr[list]; e < rowPtr[list + 1]; e++) {
            keys += runs[4 * e + 2];
        }
        return keys;
    }
}
