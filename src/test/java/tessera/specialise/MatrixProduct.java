package tessera.specialise;

import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;

/** {@code C = A B}, a tile of C for each work-group and a small tile in registers for each work-item. */
public final class MatrixProduct {
    private MatrixProduct() {
    }

    /**
     * One work-group of 8 x 8 items for each tile of {@code 8 side} rows (y) and columns (x).
     *
     * @param a [rows, inner], row-major; all sizes are multiples of the tiles
     * @param b [inner, columns]
     * @param c [rows, columns]
     */
    public static void tiles(KernelContext context, FloatArray a, FloatArray b, FloatArray c, int inner, int columns,
            @Constant int side, @Constant int depth) {
        int width = 8 * side;
        float[] tileA = context.allocateFloatLocalArray(depth * width);
        float[] tileB = context.allocateFloatLocalArray(depth * width);
        int item = context.localIdx;
        int row = item / 8;
        int column = item - row * 8;
        int firstRow = context.groupIdy * width;
        int firstColumn = context.groupIdx * width;
        float @Registers [] sum = new float[side * side];
        float @Registers [] left = new float[side];
        for (@Unroll int i = 0; i < side * side; i++) {
            sum[i] = 0.0f;
        }
        for (int k = 0; k < inner; k += depth) {
            context.localBarrier();
            for (int t = item; t < depth * width; t += 64) {
                int x = t % width;
                int y = t / width;
                tileA[t] = a.get((firstRow + x) * inner + k + y);
                tileB[t] = b.get((k + y) * columns + firstColumn + x);
            }
            context.localBarrier();
            for (@Unroll int d = 0; d < depth; d++) {
                for (@Unroll int i = 0; i < side; i++) {
                    left[i] = tileA[d * width + row + 8 * i];
                }
                addProducts(sum, left, tileB[d * width + column], 0, side);
                for (@Unroll int j = 1; j < side; j++) {
                    addProducts(sum, left, tileB[d * width + column + 8 * j], j, side);
                }
            }
        }
        for (@Unroll int i = 0; i < side; i++) {
            for (@Unroll int j = 0; j < side; j++) {
                c.set((firstRow + row + 8 * i) * columns + firstColumn + column + 8 * j, sum[i * side + j]);
            }
        }
    }

    @Inline
    private static void addProducts(float[] sum, float[] left, float right, int j, int side) {
        for (@Unroll int i = 0; i < side; i++) {
            sum[i * side + j] += left[i] * right;
        }
    }
}
