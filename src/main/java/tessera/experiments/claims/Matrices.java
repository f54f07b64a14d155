package tessera.experiments.claims;

import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.function.DoubleUnaryOperator;
import org.apache.commons.math3.linear.MatrixUtils;
import org.apache.commons.math3.linear.RealMatrix;

/** Small matrices in double precision. */
final class Matrices {

    /** The element of a matrix that is made. */
    @FunctionalInterface
    interface Element {
        double at(int row, int column);
    }

    private Matrices() {
    }

    static RealMatrix of(int rows, int columns, Element element) {
        RealMatrix matrix = MatrixUtils.createRealMatrix(rows, columns);
        for (int i = 0; i < rows; i++) {
            for (int j = 0; j < columns; j++) {
                matrix.setEntry(i, j, element.at(i, j));
            }
        }
        return matrix;
    }

    /** Standard normal elements. */
    static RealMatrix random(int rows, int columns, SplittableRandom random) {
        return of(rows, columns, (_, _) -> random.nextGaussian());
    }

    /** Rows of length 1. */
    static RealMatrix units(int rows, int columns, SplittableRandom random) {
        RealMatrix drawn = random(rows, columns, random);
        return of(rows, columns, (i, j) -> drawn.getEntry(i, j) / drawn.getRowVector(i).getNorm());
    }

    static RealMatrix map(RealMatrix x, DoubleUnaryOperator function) {
        return of(x.getRowDimension(), x.getColumnDimension(), (i, j) -> function.applyAsDouble(x.getEntry(i, j)));
    }

    /** The elements on and below the diagonal. */
    static RealMatrix lower(RealMatrix x) {
        return of(x.getRowDimension(), x.getColumnDimension(), (i, j) -> j <= i ? x.getEntry(i, j) : 0);
    }

    static RealMatrix softmax(RealMatrix x) {
        RealMatrix powers = map(x, Math::exp);
        double[] sums = powers.operate(ones(x.getColumnDimension()));
        return of(x.getRowDimension(), x.getColumnDimension(), (i, j) -> powers.getEntry(i, j) / sums[i]);
    }

    private static double[] ones(int count) {
        double[] ones = new double[count];
        Arrays.fill(ones, 1);
        return ones;
    }

    /** Distance from what is expected, as a share of it. */
    static double error(RealMatrix actual, RealMatrix expected) {
        return actual.subtract(expected).getFrobeniusNorm() / expected.getFrobeniusNorm();
    }
}
