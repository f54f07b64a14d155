package tessera.methods;

import java.util.Arrays;
import java.util.stream.IntStream;
import tessera.DType;
import tessera.Shape;
import tessera.Tensor;

/**
 * A video's tokens, in the order of frames, rows and columns, in cubes of as many tokens as a block has. Cubes at the borders have
 * fewer, and those without any are left out.
 *
 * @param groups the cube of each token, of every head of every batch
 * @param size tokens of a whole cube
 */
record Cubes(Groups groups, int size) {

    /** What cubes are like. */
    enum Form { LINE, PLANE, CUBE }

    /** Cubes of a form for each head of each batch. */
    static Cubes of(int n, Form... forms) {
        int[][] of = Arrays.stream(forms).map(form -> cubes(n, form)).toArray(int[][]::new);
        int count = 1 + Arrays.stream(of).mapToInt(cubes -> Arrays.stream(cubes).max().orElseThrow()).max().orElseThrow();
        return new Cubes(new Groups(of, count), Setup.block(n));
    }

    /** Frames, rows and columns of a cube: 64 or 16 tokens. */
    static int[] sides(int n, Form form) {
        boolean large = Setup.block(n) == 64;
        return switch (form) {
            case LINE -> new int[] {1, 1, Setup.block(n)};
            case PLANE -> large ? new int[] {1, 8, 8} : new int[] {1, 4, 4};
            case CUBE -> large ? new int[] {4, 4, 4} : new int[] {4, 2, 2};
        };
    }

    /** The cube of each token; those with tokens are numbered in the order in which the video has them. */
    private static int[] cubes(int n, Form form) {
        int[] video = form == Form.LINE ? new int[] {1, 1, n} : VideoMethods.grid(n);
        int[] sides = sides(n, form);
        int rows = Math.ceilDiv(video[1], sides[1]);
        int columns = Math.ceilDiv(video[2], sides[2]);
        int[] numbers = IntStream.range(0, n).map(t -> (t / video[2] / video[1] / sides[0] * rows + t / video[2] % video[1] / sides[1]) * columns
                + t % video[2] / sides[2]).toArray();
        int[] present = Arrays.stream(numbers).sorted().distinct().toArray();
        return Arrays.stream(numbers).map(number -> Arrays.binarySearch(present, number)).toArray();
    }

    int count() {
        return groups.count();
    }

    /** Tokens with every cube filled up. */
    int padded() {
        return count() * size;
    }

    int cube(int head, int token) {
        return groups.of()[head][token];
    }

    /** 1 for the tokens of filled up cubes that are there: [batch, heads, 1, padded]. */
    Tensor present(int batch, int heads) {
        Tensor order = groups.padded(size, batch, heads);
        Tensor present = Tensor.zeros(DType.I8, Shape.of(batch, heads, 1, padded()));
        for (int e = 0; e < present.shape().elements(); e++) {
            present.set(e, order.get(e) >= 0 ? 1 : 0);
        }
        return present;
    }
}
