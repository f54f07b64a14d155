package tessera.reference;

/** The step of Muon (arXiv:2505.23884) in double precision: a gradient's singular values become about 1, and columns keep their lengths. */
final class OrthogonalStep {

    /** One odd polynomial {@code a x + b x^3 + c x^5} of the singular values for each iteration, as LaCT's code has them. */
    private static final double[][] NEWTON_SCHULZ = {{4.0848, -6.8946, 2.9270}, {3.9505, -6.3029, 2.6377}, {3.7418, -5.5913, 2.3037},
        {2.8769, -3.1427, 1.2046}, {2.8366, -3.0525, 1.2012}};

    private OrthogonalStep() {
    }

    /** {@code L2norm(w - Muon(gradient))}. */
    static double[][] of(double[][] w, double[][] gradient) {
        double[][] x = muon(gradient);
        double[][] moved = new double[w.length][w[0].length];
        for (int e = 0; e < w[0].length; e++) {
            double before = 0;
            double after = 0;
            for (int c = 0; c < w.length; c++) {
                moved[c][e] = w[c][e] - x[c][e];
                before += w[c][e] * w[c][e];
                after += moved[c][e] * moved[c][e];
            }
            for (int c = 0; c < w.length; c++) {
                moved[c][e] = after > 0 ? moved[c][e] * Math.sqrt(before / after) : 0;
            }
        }
        return moved;
    }

    /** {@code X = a X + (b X Xᵀ + c X Xᵀ X Xᵀ) X} five times, from the gradient divided by its length. */
    static double[][] muon(double[][] gradient) {
        double squares = 0;
        for (double[] row : gradient) {
            for (double g : row) {
                squares += g * g;
            }
        }
        double[][] x = new double[gradient.length][gradient[0].length];
        for (int c = 0; c < x.length; c++) {
            for (int e = 0; e < x[c].length; e++) {
                x[c][e] = gradient[c][e] / (Math.sqrt(squares) + 1e-7);
            }
        }
        for (double[] p : NEWTON_SCHULZ) {
            double[][] square = times(x, transposed(x));
            double[][] cubed = times(square, x);
            double[][] fifth = times(square, cubed);
            for (int c = 0; c < x.length; c++) {
                for (int e = 0; e < x[c].length; e++) {
                    x[c][e] = p[0] * x[c][e] + p[1] * cubed[c][e] + p[2] * fifth[c][e];
                }
            }
        }
        return x;
    }

    private static double[][] times(double[][] a, double[][] b) {
        double[][] product = new double[a.length][b[0].length];
        for (int i = 0; i < a.length; i++) {
            for (int n = 0; n < b.length; n++) {
                for (int j = 0; j < b[0].length; j++) {
                    product[i][j] += a[i][n] * b[n][j];
                }
            }
        }
        return product;
    }

    private static double[][] transposed(double[][] a) {
        double[][] result = new double[a[0].length][a.length];
        for (int i = 0; i < a.length; i++) {
            for (int j = 0; j < a[0].length; j++) {
                result[j][i] = a[i][j];
            }
        }
        return result;
    }
}
