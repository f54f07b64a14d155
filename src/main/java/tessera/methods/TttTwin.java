package tessera.methods;

import java.util.Map;
import tessera.Shape;
import tessera.Tensor;

/** TTT (arXiv:2407.04620): layers with biases, gelu between them, that learn to turn keys into values, a mini-batch at a time. */
final class TttTwin {
    private final Map<String, Tensor> in;
    private final String[] layers;
    private final int miniBatch;
    private final double epsilon;
    private final boolean ofSum;

    /**
     * @param layers names of the layers behind w and b, from the first to the last
     * @param ofSum whether a query reads {@code z + LN(z)}, else {@code LN(z) + q}, with z the last layer's output
     */
    TttTwin(Map<String, Tensor> in, int miniBatch, double epsilon, boolean ofSum, String... layers) {
        this.in = in;
        this.layers = layers;
        this.miniBatch = miniBatch;
        this.epsilon = epsilon;
        this.ofSum = ofSum;
    }

    double[] out() {
        return FastWeightTwin.heads(in.get("q").shape(), this::head);
    }

    /** Each token's weights are those of the mini-batch's start, less the steps of its tokens so far. */
    private double[][] head(int head) {
        Shape shape = in.get("q").shape();
        double[][][] w = new double[layers.length][][];
        double[][][] b = new double[layers.length][][];
        for (int n = 0; n < layers.length; n++) {
            w[n] = FastWeightTwin.matrix(in.get("w" + layers[n] + "0"), head);
            b[n] = new double[][] {FastWeightTwin.row(in.get("b" + layers[n] + "0"), head)};
        }
        double[][][] startW = w;
        double[][][] startB = b;
        double[][] out = new double[shape.dim(2)][];
        for (int t = 0; t < out.length; t++) {
            int token = head * out.length + t;
            if (t % miniBatch == 0) {
                startW = copy(w);
                startB = copy(b);
            }
            learn(head, token, startW, startB, w, b);
            double[] q = FastWeightTwin.row(in.get("q"), token);
            double[] z = from(1, FastWeightTwin.plus(FastWeightTwin.times(q, w[0]), b[0][0]), w, b);
            out[t] = FastWeightTwin.plus(normed(z, head), ofSum ? z : q);
        }
        return out;
    }

    private void learn(int head, int token, double[][][] startW, double[][][] startB, double[][][] w, double[][][] b) {
        double[] k = FastWeightTwin.row(in.get("k"), token);
        double[] v = FastWeightTwin.row(in.get("v"), token);
        double step = in.get("step").get(token);
        double[] x = k;
        for (int n = 0; n < layers.length; n++) {
            int next = n + 1;
            double[] z = FastWeightTwin.plus(FastWeightTwin.times(x, startW[n]), startB[n][0]);
            double[] slope = FastWeightTwin.slope(
                    y -> FastWeightTwin.halfSquare(FastWeightTwin.plus(normed(from(next, y, startW, startB), head), k), v), z);
            FastWeightTwin.add(w[n], -step, x, slope);
            FastWeightTwin.add(b[n], -step, new double[] {1}, slope);
            x = gelu(z);
        }
    }

    /** The output of the last layer, from that of layer {@code next - 1}. */
    private double[] from(int next, double[] z, double[][][] w, double[][][] b) {
        double[] y = z;
        for (int n = next; n < layers.length; n++) {
            y = FastWeightTwin.plus(FastWeightTwin.times(gelu(y), w[n]), b[n][0]);
        }
        return y;
    }

    private double[] normed(double[] z, int head) {
        int of = head % in.get("q").shape().dim(1);
        return FastWeightTwin.layerNorm(z, FastWeightTwin.row(in.get("normWeight"), of), FastWeightTwin.row(in.get("normBias"), of), epsilon);
    }

    private static double[] gelu(double[] z) {
        double[] y = new double[z.length];
        for (int h = 0; h < z.length; h++) {
            y[h] = 0.5 * z[h] * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (z[h] + 0.044715 * Math.pow(z[h], 3))));
        }
        return y;
    }

    private static double[][][] copy(double[][][] w) {
        double[][][] copy = new double[w.length][][];
        for (int n = 0; n < w.length; n++) {
            copy[n] = FastWeightTwin.copy(w[n]);
        }
        return copy;
    }
}
