package tessera.methods;

import java.util.Arrays;
import java.util.Map;
import org.apache.commons.math3.linear.MatrixUtils;
import org.apache.commons.math3.linear.RealMatrix;
import tessera.Shape;
import tessera.Tensor;

/** Attention through few tokens by its matrices, head by head, in double precision. */
final class LowRankTwin {
    private LowRankTwin() {
    }

    /** What a head gives of its q, k and v. */
    private interface Head {
        RealMatrix of(RealMatrix q, RealMatrix k, RealMatrix v, int head);
    }

    static double[] linformer(Map<String, Tensor> in) {
        RealMatrix e = matrix(in.get("e"), 0);
        RealMatrix f = matrix(in.get("f"), 0);
        return heads(in, (q, k, v, _) -> softmax(q, e.multiply(k)).multiply(f.multiply(v)));
    }

    static double[] luna(Map<String, Tensor> in) {
        return heads(in, (q, k, v, head) -> {
            RealMatrix pack = softmax(matrix(in.get("packs"), head), k).multiply(v);
            return softmax(q, pack).multiply(pack);
        });
    }

    static double[] nystrom(Map<String, Tensor> in, int iterations) {
        return heads(in, (q, k, v, _) -> {
            RealMatrix landmarksQ = means(q);
            RealMatrix landmarksK = means(k);
            RealMatrix inverse = inverse(softmax(landmarksQ, landmarksK), iterations);
            return softmax(q, landmarksK).multiply(inverse.multiply(softmax(landmarksQ, k).multiply(v)));
        });
    }

    private static double[] heads(Map<String, Tensor> in, Head method) {
        Shape s = in.get("q").shape();
        double[] out = new double[s.elements()];
        int size = s.dim(2) * s.dim(3);
        for (int head = 0; head < s.dim(0) * s.dim(1); head++) {
            RealMatrix o = method.of(matrix(in.get("q"), head), matrix(in.get("k"), head), matrix(in.get("v"), head), head);
            for (int i = 0; i < s.dim(2); i++) {
                System.arraycopy(o.getRow(i), 0, out, head * size + i * s.dim(3), s.dim(3));
            }
        }
        return out;
    }

    /** The last two dimensions. */
    private static RealMatrix matrix(Tensor x, int number) {
        int rows = x.shape().dim(-2);
        int columns = x.shape().dim(-1);
        RealMatrix matrix = MatrixUtils.createRealMatrix(rows, columns);
        for (int e = 0; e < rows * columns; e++) {
            matrix.setEntry(e / columns, e % columns, x.get(number * rows * columns + e));
        }
        return matrix;
    }

    /** {@code softmax(q k^T / sqrt(dim))}, row by row. */
    private static RealMatrix softmax(RealMatrix q, RealMatrix k) {
        RealMatrix scores = q.multiply(k.transpose()).scalarMultiply(1 / Math.sqrt(q.getColumnDimension()));
        for (int i = 0; i < scores.getRowDimension(); i++) {
            double[] row = scores.getRow(i);
            double most = Arrays.stream(row).max().orElseThrow();
            double[] weight = Arrays.stream(row).map(x -> Math.exp(x - most)).toArray();
            double sum = Arrays.stream(weight).sum();
            scores.setRow(i, Arrays.stream(weight).map(w -> w / sum).toArray());
        }
        return scores;
    }

    /** Means over at most 64 segments of at least 4 tokens, all of one length but the last. */
    private static RealMatrix means(RealMatrix x) {
        int n = x.getRowDimension();
        int size = Math.max(4, (n + 63) / 64);
        RealMatrix means = MatrixUtils.createRealMatrix((n + size - 1) / size, x.getColumnDimension());
        for (int r = 0; r < means.getRowDimension(); r++) {
            int end = Math.min(n, (r + 1) * size);
            for (int t = r * size; t < end; t++) {
                means.setRowVector(r, means.getRowVector(r).add(x.getRowVector(t).mapDivide(end - r * size)));
            }
        }
        return means;
    }

    /** {@code Z <- Z (13 I - A Z (15 I - A Z (7 I - A Z))) / 4} from {@code A^T / (|A|_1 |A|_inf)} on. */
    static RealMatrix inverse(RealMatrix a, int iterations) {
        RealMatrix z = a.transpose().scalarMultiply(1 / (a.getNorm() * a.transpose().getNorm()));
        RealMatrix identity = MatrixUtils.createRealIdentityMatrix(a.getRowDimension());
        for (int t = 0; t < iterations; t++) {
            RealMatrix az = a.multiply(z);
            RealMatrix inner = identity.scalarMultiply(15).subtract(az.multiply(identity.scalarMultiply(7).subtract(az)));
            z = z.multiply(identity.scalarMultiply(13).subtract(az.multiply(inner))).scalarMultiply(0.25);
        }
        return z;
    }
}
