package tessera.methods;

import java.util.Arrays;
import java.util.function.IntUnaryOperator;
import java.util.stream.IntStream;
import tessera.DType;
import tessera.Shape;
import tessera.Tensor;

/**
 * Tokens in groups: buckets of a hash, clusters. Every (batch, head), a row, has groups of its own.
 *
 * @param of the group of each token of each row
 * @param count groups of a row
 */
record Groups(int[][] of, int count) {

    /** The largest of the scores [batch, heads, length, groups] of each token, the first of equal ones. */
    static Groups largest(Tensor scores) {
        int count = scores.shape().dim(3);
        int n = scores.shape().dim(2);
        return new Groups(IntStream.range(0, scores.shape().elements() / count / n).mapToObj(row -> IntStream.range(0, n).map(t ->
                largest(scores, (row * n + t) * count, count)).toArray()).toArray(int[][]::new), count);
    }

    private static int largest(Tensor scores, int from, int count) {
        int best = 0;
        for (int g = 1; g < count; g++) {
            best = scores.get(from + g) > scores.get(from + best) ? g : best;
        }
        return best;
    }

    /** Groups that are given as [batch, heads, length] of type I32. */
    static Groups given(Tensor groups, int count) {
        int n = groups.shape().dim(2);
        return new Groups(IntStream.range(0, groups.shape().elements() / n).mapToObj(row -> IntStream.range(0, n).map(t ->
                (int) groups.get(row * n + t)).toArray()).toArray(int[][]::new), count);
    }

    /** Tokens of each group, ascending. */
    int[][] members(int row) {
        int[] sizes = new int[count];
        for (int group : of[row]) {
            sizes[group]++;
        }
        int[][] members = Arrays.stream(sizes).mapToObj(int[]::new).toArray(int[][]::new);
        for (int t = of[row].length - 1; t >= 0; t--) {
            int group = of[row][t];
            members[group][--sizes[group]] = t;
        }
        return members;
    }

    /** The tokens of each row, sorted by group and then by position. */
    int[][] sorted() {
        return IntStream.range(0, of.length).mapToObj(row -> Arrays.stream(members(row)).flatMapToInt(Arrays::stream).toArray()).toArray(int[][]::new);
    }

    /** The sorted tokens as an index: [..., length]. */
    Tensor order(int... leading) {
        int[][] sorted = sorted();
        int n = of[0].length;
        return numbers(append(leading, n), i -> sorted[i / n][i % n]);
    }

    /** Size of the largest group. */
    int largestSize() {
        return IntStream.range(0, of.length).flatMap(row -> Arrays.stream(members(row)).mapToInt(g -> g.length)).max().orElseThrow();
    }

    /** Where each group starts among the sorted tokens, and where the last one ends: [..., count + 1]. */
    Tensor starts(int... leading) {
        Tensor starts = Tensor.zeros(DType.I32, append(leading, count + 1));
        for (int row = 0; row < of.length; row++) {
            int[][] members = members(row);
            for (int g = 0; g < count; g++) {
                int at = row * (count + 1) + g;
                starts.set(at + 1, starts.get(at) + members[g].length);
            }
        }
        return starts;
    }

    /** The members of group after group, each filled up with -1 to so many: [..., count * size]. */
    Tensor padded(int size, int... leading) {
        int[][][] members = IntStream.range(0, of.length).mapToObj(this::members).toArray(int[][][]::new);
        return numbers(append(leading, count * size), i -> {
            int[] group = members[i / size / count][i / size % count];
            return i % size < group.length ? group[i % size] : -1;
        });
    }

    private static Shape append(int[] leading, int last) {
        int[] dims = Arrays.copyOf(leading, leading.length + 1);
        dims[leading.length] = last;
        return Shape.of(dims);
    }

    /** A tensor of type I32 of the number at each place. */
    static Tensor numbers(Shape shape, IntUnaryOperator number) {
        Tensor numbers = Tensor.zeros(DType.I32, shape);
        for (int i = 0; i < shape.elements(); i++) {
            numbers.set(i, number.applyAsInt(i));
        }
        return numbers;
    }
}
