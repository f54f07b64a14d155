package tessera.methods;

/** The elementwise functions of the papers' formulas, in double precision. */
final class Activations {

    private Activations() {
    }

    static double sigmoid(double x) {
        return 1 / (1 + Math.exp(-x));
    }

    static double logSigmoid(double x) {
        return -softplus(-x);
    }

    /** {@code log(1 + exp(x))}. */
    static double softplus(double x) {
        return Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
    }

    static double silu(double x) {
        return x * sigmoid(x);
    }

    static double relu(double x) {
        return Math.max(x, 0);
    }

    static double eluPlusOne(double x) {
        return x > 0 ? x + 1 : Math.exp(x);
    }
}
