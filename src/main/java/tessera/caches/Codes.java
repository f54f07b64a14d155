package tessera.caches;

import tessera.Tensor;

/** Rows of numbers as 8-bit integers with a scale each: {@code x = scale * code}, {@code scale = max|x| / 127}. */
final class Codes {
    private static final int MOST = 127;

    private Codes() {
    }

    static void write(Tensor x, int from, Tensor codes, Tensor scales, int to, int rows, int dim) {
        for (int row = 0; row < rows; row++) {
            float most = 0;
            for (int c = 0; c < dim; c++) {
                most = Math.max(most, Math.abs(x.get((from + row) * dim + c)));
            }
            float scale = most / MOST;
            scales.set(to + row, scale);
            for (int c = 0; c < dim; c++) {
                codes.set((to + row) * dim + c, scale == 0 ? 0 : x.get((from + row) * dim + c) / scale);
            }
        }
    }

    static void read(Tensor codes, Tensor scales, int from, Tensor x, int to, int rows, int dim) {
        for (int row = 0; row < rows; row++) {
            for (int c = 0; c < dim; c++) {
                x.set((to + row) * dim + c, scales.get(from + row) * codes.get((from + row) * dim + c));
            }
        }
    }
}
