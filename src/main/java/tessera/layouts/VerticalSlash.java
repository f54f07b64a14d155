package tessera.layouts;

import java.util.BitSet;
import java.util.function.IntConsumer;
import tessera.CausalAlignment;
import tessera.DType;
import tessera.Shape;
import tessera.Tensor;

/** Columns and diagonals that were selected for all queries of a head, as lists of key blocks (MInference, arXiv:2407.02490). */
public final class VerticalSlash {
    private VerticalSlash() {
    }

    /**
     * For each block of {@code blockQ} queries the blocks of {@code blockK} keys that hold a selected column, or the key at a selected
     * distance before one of its queries, ascending, -1 after the last. Nothing is ahead of the block's last query.
     *
     * @param columns {@code keyBlocks [batch, 1, heads, n]} of a selection of {@link tessera.Estimator.Lines#COLUMNS} with blocks of one key
     * @param diagonals {@code keyBlocks [batch, 1, heads, m]} of one of {@link tessera.Estimator.Lines#DIAGONALS}
     * @return {@code keyBlocks [batch, ceil(queries / blockQ), heads, lists]} (I32)
     * @throws IllegalArgumentException if batch or heads of the two differ
     */
    public static Tensor keyBlocks(Tensor columns, Tensor diagonals, int queries, int keys, int blockQ, int blockK, CausalAlignment alignment) {
        Shape shape = columns.shape();
        Shape other = diagonals.shape();
        if (shape.dim(0) != other.dim(0) || shape.dim(2) != other.dim(2)) {
            throw new IllegalArgumentException("columns and diagonals must have the same batch and heads, got " + shape + " and " + other);
        }
        int rows = Math.ceilDiv(queries, blockQ);
        int heads = shape.dim(2);
        BitSet[] lists = new BitSet[shape.dim(0) * rows * heads];
        int longest = 1;
        for (int n = 0; n < lists.length; n++) {
            int lines = n / heads / rows * heads + n % heads;
            int first = n / heads % rows * blockQ + alignment.offset(queries, keys);
            int last = Math.min(queries, (n / heads % rows + 1) * blockQ) - 1 + alignment.offset(queries, keys);
            BitSet blocks = new BitSet();
            each(columns, lines, column -> mark(blocks, column, column, last, blockK));
            each(diagonals, lines, distance -> mark(blocks, first - distance, last - distance, last, blockK));
            lists[n] = blocks;
            longest = Math.max(longest, blocks.cardinality());
        }
        Tensor keyBlocks = Tensor.zeros(DType.I32, Shape.of(shape.dim(0), rows, heads, longest)).fill(-1);
        for (int n = 0; n < lists.length; n++) {
            int at = n * longest;
            for (int block = lists[n].nextSetBit(0); block >= 0; block = lists[n].nextSetBit(block + 1)) {
                keyBlocks.set(at++, block);
            }
        }
        return keyBlocks;
    }

    private static void each(Tensor selected, int list, IntConsumer line) {
        int length = selected.shape().dim(3);
        for (int n = list * length; n < (list + 1) * length; n++) {
            if (selected.get(n) >= 0) {
                line.accept((int) selected.get(n));
            }
        }
    }

    /** The blocks of keys from {@code first} to {@code last}, as far as there are any up to {@code end}. */
    private static void mark(BitSet blocks, int first, int last, int end, int blockK) {
        if (first <= end && last >= 0) {
            blocks.set(Math.max(0, first) / blockK, Math.min(last, end) / blockK + 1);
        }
    }
}
