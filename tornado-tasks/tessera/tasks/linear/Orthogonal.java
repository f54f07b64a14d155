package tessera.tasks.linear;

import uk.ac.manchester.tornado.api.math.TornadoMath;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;

/**
 * An orthogonal step of a weight matrix (Muon, arXiv:2505.23884): {@code W = L2norm(W + X)}, X from a step P made orthogonal by some
 * iterations {@code X = a X + (b A + c A A) X}, {@code A = X X^T}, after {@code X = P / |P|}; L2norm gives every column of W its length
 * from before. In three parts, since compilers inline nothing larger.
 */
public final class Orthogonal {
    private Orthogonal() {
    }

    /** {@code X = P / |P|}; the length of P. */
    public static float start(FloatArray p, int from, FloatArray work, int x, int count) {
        float squares = 0.0f;
        for (int n = 0; n < count; n++) {
            squares = squares + p.get(from + n) * p.get(from + n);
        }
        float length = TornadoMath.sqrt(squares);
        for (int n = 0; n < count; n++) {
            work.set(x + n, p.get(from + n) / (length + 1.0e-7f));
        }
        return length;
    }

    /**
     * {@code X = a X + (b A + c A A) X}, with {@code X^T} for X where that makes A smaller; the size of A.
     *
     * @param work {@code 2 (rows columns + least^2)} elements from x on, the first of them X; least is the smaller of rows and columns
     * @param factors a, b, c of each turn
     */
    public static int iterate(FloatArray work, int x, int rows, int columns, FloatArray factors, int turn) {
        int least = TornadoMath.min(rows, columns);
        int most = TornadoMath.max(rows, columns);
        int along = columns;
        int across = 1;
        if (rows > columns) {
            along = 1;
            across = columns;
        }
        int next = x + rows * columns;
        int square = next + rows * columns;
        int factor = square + least * least;
        for (int i = 0; i < least; i++) {
            for (int j = 0; j < least; j++) {
                float sum = 0.0f;
                for (int n = 0; n < most; n++) {
                    sum = sum + work.get(x + i * along + n * across) * work.get(x + j * along + n * across);
                }
                work.set(square + i * least + j, sum);
            }
        }
        for (int i = 0; i < least; i++) {
            for (int j = 0; j < least; j++) {
                float sum = 0.0f;
                for (int n = 0; n < least; n++) {
                    sum = sum + work.get(square + i * least + n) * work.get(square + n * least + j);
                }
                work.set(factor + i * least + j, factors.get(3 * turn + 1) * work.get(square + i * least + j) + factors.get(3 * turn + 2) * sum);
            }
        }
        for (int i = 0; i < least; i++) {
            for (int j = 0; j < most; j++) {
                float sum = factors.get(3 * turn) * work.get(x + i * along + j * across);
                for (int n = 0; n < least; n++) {
                    sum = sum + work.get(factor + i * least + n) * work.get(x + n * along + j * across);
                }
                work.set(next + i * along + j * across, sum);
            }
        }
        for (int n = 0; n < rows * columns; n++) {
            work.set(x + n, work.get(next + n));
        }
        return least;
    }

    /** {@code W = L2norm(W + X)}; its number of columns. */
    public static int move(FloatArray w, int base, FloatArray work, int x, int rows, int columns) {
        for (int e = 0; e < columns; e++) {
            float before = 0.0f;
            float after = 0.0f;
            for (int c = 0; c < rows; c++) {
                float weight = w.get(base + c * columns + e);
                float moved = weight + work.get(x + c * columns + e);
                before = before + weight * weight;
                after = after + moved * moved;
            }
            float scale = TornadoMath.sqrt(before / TornadoMath.max(after, 1.0e-30f));
            for (int c = 0; c < rows; c++) {
                w.set(base + c * columns + e, scale * (w.get(base + c * columns + e) + work.get(x + c * columns + e)));
            }
        }
        return columns;
    }
}
