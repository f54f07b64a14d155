package tessera.methods;

import java.util.Arrays;
import java.util.Map;
import tessera.Shape;
import tessera.Tensor;

/** Multi-head latent attention by its expanded definition in double precision: keys and values of every head are made. */
final class LatentTwin {
    private LatentTwin() {
    }

    /** {@code K_h = [c W_UK,h, kR]}, {@code V_h = c W_UV,h}, {@code softmax([qN, RoPE(qR)] K_h^T / sqrt(dN + dR)) V_h}. */
    static double[] of(Map<String, Tensor> in) {
        Shape s = in.get("q").shape();
        int heads = s.dim(1);
        int n = s.dim(2);
        int dim = s.dim(3);
        int rank = in.get("upK").shape().dim(1);
        int still = in.get("upK").shape().dim(2);
        double[][] x = rows(SoftmaxTwin.doubles(in.get("x")), heads * dim);
        double[][] down = rows(SoftmaxTwin.doubles(in.get("down")), rank + dim - still);
        double[][] upK = rows(SoftmaxTwin.doubles(in.get("upK")), still);
        double[][] upV = rows(SoftmaxTwin.doubles(in.get("upV")), dim);
        double[][] q = rows(SoftmaxTwin.doubles(in.get("q")), dim);
        double[][] keys = new double[q.length][];
        double[][] values = new double[q.length][];
        for (int token = 0; token < x.length; token++) {
            double[] cached = product(x[token], x[token].length, down, 0);
            turn(cached, rank, token % n);
            for (int h = 0; h < heads; h++) {
                int row = (token / n * heads + h) * n + token % n;
                double[] key = product(cached, rank, upK, h * rank);
                keys[row] = Arrays.copyOf(key, dim);
                System.arraycopy(cached, rank, keys[row], still, dim - still);
                values[row] = product(cached, rank, upV, h * rank);
                turn(q[row], still, token % n);
            }
        }
        return SoftmaxTwin.of(q.length, n, dim, (row, j) -> {
            if (j > row % n) {
                return Double.NEGATIVE_INFINITY;
            }
            double dot = 0;
            for (int c = 0; c < dim; c++) {
                dot += q[row][c] * keys[row / n * n + j][c];
            }
            return dot / Math.sqrt(dim);
        }, (row, j, c) -> values[row / n * n + j][c]).out();
    }

    private static double[][] rows(double[] x, int dim) {
        double[][] rows = new double[x.length / dim][];
        for (int r = 0; r < rows.length; r++) {
            rows[r] = Arrays.copyOfRange(x, r * dim, (r + 1) * dim);
        }
        return rows;
    }

    /** The first {@code count} channels of a row times rows of a matrix, the first of them number {@code from}. */
    private static double[] product(double[] row, int count, double[][] matrix, int from) {
        double[] sum = new double[matrix[from].length];
        for (int c = 0; c < count; c++) {
            for (int f = 0; f < sum.length; f++) {
                sum[f] += row[c] * matrix[from + c][f];
            }
        }
        return sum;
    }

    /** Rotary positions: from channel {@code first} on, neighbours turn by {@code position / 10000^(2 i / dR)}. */
    private static void turn(double[] row, int first, int position) {
        int turning = row.length - first;
        for (int i = 0; i < turning / 2; i++) {
            double angle = position / Math.pow(10000, 2.0 * i / turning);
            double a = row[first + 2 * i];
            double b = row[first + 2 * i + 1];
            row[first + 2 * i] = a * Math.cos(angle) - b * Math.sin(angle);
            row[first + 2 * i + 1] = a * Math.sin(angle) + b * Math.cos(angle);
        }
    }
}
