package tessera.caches;

import java.util.Arrays;
import java.util.Comparator;
import java.util.stream.IntStream;
import tessera.Shape;
import tessera.Tensor;

/** Which slots each head keeps. */
final class KeepLists {
    private KeepLists() {
    }

    /** Of one batch of {@code keyBlocks [batch, 1, kvHeads or 1, lists]}, -1 for none. */
    static int[][] of(Tensor keyBlocks, int batch, int kvHeads) {
        Shape shape = keyBlocks.shape();
        if (shape.rank() != 4 || batch < 0 || batch >= shape.dim(0) || shape.dim(1) != 1 || shape.dim(2) != kvHeads && shape.dim(2) != 1) {
            throw new IllegalArgumentException("keyBlocks must be [batch, 1, " + kvHeads + " or 1, lists] and have batch " + batch + ", got " + shape);
        }
        int lists = shape.dim(3);
        return IntStream.range(0, kvHeads).mapToObj(head -> {
            int first = (batch * shape.dim(2) + Math.min(head, shape.dim(2) - 1)) * lists;
            return IntStream.range(first, first + lists).map(n -> (int) keyBlocks.get(n)).filter(slot -> slot != -1).toArray();
        }).toArray(int[][]::new);
    }

    /** Sorted, and checked to be slots of a sequence, each once, as many for every head. */
    static int[][] checked(int[][] keep, int kvHeads, int length) {
        if (keep.length != kvHeads || keep[0].length == 0) {
            throw new IllegalArgumentException("keep must list at least one token for each of " + kvHeads + " heads, got " + keep.length + " lists"
                    + (keep.length > 0 ? ", the first one with " + keep[0].length + " tokens" : ""));
        }
        int[][] sorted = new int[kvHeads][];
        for (int head = 0; head < kvHeads; head++) {
            sorted[head] = Arrays.stream(keep[head]).sorted().toArray();
            if (sorted[head].length != keep[0].length) {
                throw new IllegalArgumentException("every head must keep as many tokens, got " + keep[0].length + " for head 0 and "
                        + sorted[head].length + " for head " + head);
            }
            for (int n = 0; n < sorted[head].length; n++) {
                int slot = sorted[head][n];
                if (slot < 0 || slot >= length || n > 0 && slot == sorted[head][n - 1]) {
                    throw new IllegalArgumentException("keep must name slots between 0 and " + (length - 1) + ", each once for a head, got " + slot
                            + " for head " + head);
                }
            }
        }
        return sorted;
    }

    /** The last {@code recent} and those of largest mass, the first of equal ones, {@code count} in all. */
    static int[][] heaviest(float[][] mass, int length, int count, int recent) {
        int older = length - Math.min(recent, count);
        return Arrays.stream(mass).map(sums -> IntStream.concat(
                IntStream.range(0, older).boxed().sorted(Comparator.comparing(n -> -sums[n])).limit(count - (length - older)).mapToInt(Integer::intValue).sorted(),
                IntStream.range(older, length)).toArray()).toArray(int[][]::new);
    }
}
