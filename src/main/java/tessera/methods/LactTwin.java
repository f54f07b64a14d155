package tessera.methods;

import java.util.Map;
import java.util.stream.IntStream;
import org.apache.commons.math3.linear.MatrixUtils;
import org.apache.commons.math3.linear.RealMatrix;
import org.apache.commons.math3.linear.SingularValueDecomposition;
import tessera.Tensor;

/**
 * LaCT (arXiv:2505.23884): {@code f(k) = (silu(k W1) * (k W3)) W2} with the loss {@code -f(k)·v}. After each chunk every weight takes a
 * step along its gradient, whose singular values went five times through a polynomial; then columns get back their lengths.
 */
final class LactTwin {

    /** Coefficients of x, x^3, x^5, for each time. */
    private static final double[][] POLYNOMIALS = {{4.0848, -6.8946, 2.9270}, {3.9505, -6.3029, 2.6377}, {3.7418, -5.5913, 2.3037},
        {2.8769, -3.1427, 1.2046}, {2.8366, -3.0525, 1.2012}};

    private final Map<String, Tensor> in;
    private final int chunk;

    LactTwin(Map<String, Tensor> in, int chunk) {
        this.in = in;
        this.chunk = chunk;
    }

    double[] out() {
        return FastWeightTwin.heads(in.get("q").shape(), this::head);
    }

    private double[][] head(int head) {
        double[][] w1 = FastWeightTwin.matrix(in.get("wGate0"), head);
        double[][] w3 = FastWeightTwin.matrix(in.get("wUp0"), head);
        double[][] w2 = FastWeightTwin.matrix(in.get("wDown0"), head);
        double[][] out = new double[in.get("q").shape().dim(2)][];
        for (int start = 0; start < out.length; start += chunk) {
            int end = Math.min(out.length, start + chunk);
            double[][] g1 = new double[w1.length][w1[0].length];
            double[][] g3 = new double[w3.length][w3[0].length];
            double[][] g2 = new double[w2.length][w2[0].length];
            for (int t = start; t < end; t++) {
                int token = head * out.length + t;
                double[] q = FastWeightTwin.row(in.get("q"), token);
                out[t] = FastWeightTwin.times(gated(FastWeightTwin.times(q, w1), FastWeightTwin.times(q, w3)), w2);
                double[] k = FastWeightTwin.row(in.get("k"), token);
                double[] v = FastWeightTwin.row(in.get("v"), token);
                double[] gate = FastWeightTwin.times(k, w1);
                double[] up = FastWeightTwin.times(k, w3);
                double[][] down = w2;
                double step = in.get("step").get(token);
                FastWeightTwin.add(g1, step, k, FastWeightTwin.slope(z -> loss(FastWeightTwin.times(gated(z, up), down), v), gate));
                FastWeightTwin.add(g3, step, k, FastWeightTwin.slope(z -> loss(FastWeightTwin.times(gated(gate, z), down), v), up));
                double[] hidden = gated(gate, up);
                FastWeightTwin.add(g2, step, hidden, FastWeightTwin.slope(f -> loss(f, v), FastWeightTwin.times(hidden, down)));
            }
            w1 = moved(w1, g1);
            w3 = moved(w3, g3);
            w2 = moved(w2, g2);
        }
        return out;
    }

    private static double[] gated(double[] gate, double[] up) {
        return IntStream.range(0, gate.length).mapToDouble(h -> gate[h] / (1 + Math.exp(-gate[h])) * up[h]).toArray();
    }

    private static double loss(double[] f, double[] v) {
        return -IntStream.range(0, v.length).mapToDouble(e -> f[e] * v[e]).sum();
    }

    private static double[][] moved(double[][] w, double[][] gradient) {
        SingularValueDecomposition parts = new SingularValueDecomposition(MatrixUtils.createRealMatrix(gradient));
        RealMatrix values = parts.getS().copy();
        double length = Math.sqrt(IntStream.range(0, values.getRowDimension()).mapToDouble(i -> Math.pow(values.getEntry(i, i), 2)).sum());
        for (int i = 0; i < values.getRowDimension(); i++) {
            double x = values.getEntry(i, i) / (length + 1e-7);
            for (double[] p : POLYNOMIALS) {
                x = p[0] * x + p[1] * Math.pow(x, 3) + p[2] * Math.pow(x, 5);
            }
            values.setEntry(i, i, x);
        }
        RealMatrix before = MatrixUtils.createRealMatrix(w);
        RealMatrix after = before.subtract(parts.getU().multiply(values).multiply(parts.getVT()));
        for (int e = 0; e < after.getColumnDimension(); e++) {
            after.setColumnVector(e, after.getColumnVector(e).mapMultiply(before.getColumnVector(e).getNorm() / after.getColumnVector(e).getNorm()));
        }
        return after.getData();
    }
}
