package tessera.methods;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import tessera.DType;
import tessera.Shape;
import tessera.Tensor;

/** A cache of pages of keys and values: a sequence takes pages wherever they are free (arXiv:2309.06180). */
final class Pages {

    /** Tokens in a page. */
    static final int SIZE = 16;

    private final Tensor keys;
    private final Tensor values;
    private final List<Integer> free;

    /** Room for so many pages; slots without a token are NaN, as nothing may read them. */
    Pages(int count, Tensor k, long seed) {
        Shape shape = Shape.of(count, k.shape().dim(1), SIZE, k.shape().dim(3));
        keys = Tensor.zeros(k.dtype(), shape).fill(Float.NaN);
        values = Tensor.zeros(k.dtype(), shape).fill(Float.NaN);
        free = new ArrayList<>(IntStream.range(0, count).boxed().toList());
        Collections.shuffle(free, new Random(seed));
    }

    /** Pages for sequences of those lengths. */
    static int needed(int... lengths) {
        return Arrays.stream(lengths).map(length -> Math.ceilDiv(length, SIZE)).sum();
    }

    /** Tokens of the pages of the longest one. */
    static int capacity(int... lengths) {
        return SIZE * Math.ceilDiv(Arrays.stream(lengths).max().orElseThrow(), SIZE);
    }

    /** [pages, heads, {@link #SIZE}, dim]. */
    Tensor keys() {
        return keys;
    }

    Tensor values() {
        return values;
    }

    /**
     * Stores the first tokens of every batch of k and v, [batch, heads, length, dim].
     *
     * @return the table of their pages: [batch, {@link #capacity} / {@link #SIZE}], -1 behind the last page of a sequence
     */
    Tensor store(Tensor k, Tensor v, int... lengths) {
        int columns = capacity(lengths) / SIZE;
        Tensor table = Tensor.zeros(DType.I32, Shape.of(lengths.length, columns)).fill(-1);
        for (int batch = 0; batch < lengths.length; batch++) {
            for (int n = 0; n < needed(lengths[batch]); n++) {
                int page = free.removeLast();
                table.set(batch * columns + n, page);
                store(k, keys, batch, n, page, lengths[batch]);
                store(v, values, batch, n, page, lengths[batch]);
            }
        }
        return table;
    }

    private static void store(Tensor from, Tensor to, int batch, int n, int page, int length) {
        int heads = from.shape().dim(1);
        int dim = from.shape().dim(3);
        for (int h = 0; h < heads; h++) {
            for (int j = n * SIZE; j < Math.min(length, (n + 1) * SIZE); j++) {
                for (int c = 0; c < dim; c++) {
                    to.set(((page * heads + h) * SIZE + j % SIZE) * dim + c, from.get(((batch * heads + h) * from.shape().dim(2) + j) * dim + c));
                }
            }
        }
    }
}
