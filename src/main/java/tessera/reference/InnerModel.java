package tessera.reference;

import tessera.FastWeightSpec;
import tessera.FastWeightSpec.Loss;
import tessera.FastWeightSpec.Model;

/**
 * The inner model of a fast-weight memory in double precision: its value, its loss, and the gradient of the loss by every weight,
 * written out by the chain rule. Weights are in the spec's order; a bias is a matrix of one row.
 */
final class InnerModel {
    private final FastWeightSpec spec;
    private final double[] normWeight;
    private final double[] normBias;

    InnerModel(FastWeightSpec spec, double[] normWeight, double[] normBias) {
        this.spec = spec;
        this.normWeight = normWeight;
        this.normBias = normBias;
    }

    /** {@code f(x)}. */
    double[] value(double[][][] w, double[] x) {
        double[] f = product(w, x);
        if (spec.model().hasNorm()) {
            f = normed(f);
        }
        return spec.loss() == Loss.MSE_RESIDUAL ? plus(f, x) : f;
    }

    /** What a query reads. */
    double[] read(double[][][] w, double[] x) {
        if (!spec.postNorm()) {
            return value(w, x);
        }
        double[] z = product(w, x);
        return plus(z, normed(z));
    }

    double loss(double[][][] w, double[] k, double[] v) {
        double[] f = value(w, k);
        double loss = 0;
        for (int e = 0; e < v.length; e++) {
            loss += spec.loss() == Loss.DOT ? -f[e] * v[e] : (f[e] - v[e]) * (f[e] - v[e]) / 2;
        }
        return loss;
    }

    /** The gradient of {@link #loss} by each weight. */
    double[][][] gradient(double[][][] w, double[] k, double[] v) {
        double[] f = value(w, k);
        double[] slope = new double[v.length];
        for (int e = 0; e < v.length; e++) {
            slope[e] = spec.loss() == Loss.DOT ? -v[e] : f[e] - v[e];
        }
        if (spec.model().hasNorm()) {
            slope = throughNorm(product(w, k), slope);
        }
        return switch (spec.model()) {
            case LINEAR -> new double[][][] {outer(k, slope)};
            case LINEAR_LN -> new double[][][] {outer(k, slope), {slope}};
            case MLP2 -> {
                double[] up = plus(times(k, w[0]), w[1][0]);
                double[] hidden = new double[up.length];
                double[] back = back(w[2], slope);
                for (int h = 0; h < up.length; h++) {
                    hidden[h] = gelu(up[h]);
                    back[h] *= geluSlope(up[h]);
                }
                yield new double[][][] {outer(k, back), {back}, outer(hidden, slope), {slope}};
            }
            case SWIGLU -> {
                double[] gate = times(k, w[0]);
                double[] up = times(k, w[1]);
                double[] back = back(w[2], slope);
                double[] hidden = new double[gate.length];
                double[] ofGate = new double[gate.length];
                for (int h = 0; h < gate.length; h++) {
                    double sigmoid = 1 / (1 + Math.exp(-gate[h]));
                    hidden[h] = gate[h] * sigmoid * up[h];
                    ofGate[h] = back[h] * up[h] * sigmoid * (1 + gate[h] * (1 - sigmoid));
                    back[h] *= gate[h] * sigmoid;
                }
                yield new double[][][] {outer(k, ofGate), outer(k, back), outer(hidden, slope)};
            }
        };
    }

    /** The model up to its last product. */
    private double[] product(double[][][] w, double[] x) {
        double[] first = times(x, w[0]);
        if (spec.model() == Model.LINEAR) {
            return first;
        }
        double[] second = spec.model() == Model.SWIGLU ? times(x, w[1]) : w[1][0];
        if (spec.model() == Model.LINEAR_LN) {
            return plus(first, second);
        }
        for (int h = 0; h < first.length; h++) {
            first[h] = spec.model() == Model.MLP2 ? gelu(first[h] + second[h]) : first[h] / (1 + Math.exp(-first[h])) * second[h];
        }
        double[] last = times(first, w[2]);
        return spec.model() == Model.MLP2 ? plus(last, w[3][0]) : last;
    }

    private double[] normed(double[] z) {
        double mean = mean(z);
        double deviation = deviation(z);
        double[] y = new double[z.length];
        for (int e = 0; e < z.length; e++) {
            y[e] = (z[e] - mean) / deviation * normWeight[e] + normBias[e];
        }
        return y;
    }

    /** From the gradient by {@code LN(z)} to that by z. */
    private double[] throughNorm(double[] z, double[] slope) {
        int size = z.length;
        double mean = mean(z);
        double deviation = deviation(z);
        double[] result = new double[size];
        for (int e = 0; e < size; e++) {
            for (int n = 0; n < size; n++) {
                double own = (n == e ? 1 : 0) - 1.0 / size - (z[n] - mean) * (z[e] - mean) / (size * deviation * deviation);
                result[e] += slope[n] * normWeight[n] * own / deviation;
            }
        }
        return result;
    }

    private static double mean(double[] z) {
        double sum = 0;
        for (double x : z) {
            sum += x;
        }
        return sum / z.length;
    }

    private double deviation(double[] z) {
        double mean = mean(z);
        double squares = 0;
        for (double x : z) {
            squares += (x - mean) * (x - mean);
        }
        return Math.sqrt(squares / z.length + spec.epsilon());
    }

    /** {@code x (1 + tanh(√(2/π) (x + 0.044715 x³))) / 2}. */
    private static double gelu(double x) {
        return x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x * x * x))) / 2;
    }

    private static double geluSlope(double x) {
        double tanh = Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x * x * x));
        return (1 + tanh) / 2 + x * (1 - tanh * tanh) * Math.sqrt(2 / Math.PI) * (1 + 3 * 0.044715 * x * x) / 2;
    }

    private static double[] times(double[] x, double[][] w) {
        double[] y = new double[w[0].length];
        for (int c = 0; c < x.length; c++) {
            for (int e = 0; e < y.length; e++) {
                y[e] += x[c] * w[c][e];
            }
        }
        return y;
    }

    private static double[] back(double[][] w, double[] slope) {
        double[] x = new double[w.length];
        for (int c = 0; c < x.length; c++) {
            for (int e = 0; e < slope.length; e++) {
                x[c] += w[c][e] * slope[e];
            }
        }
        return x;
    }

    private static double[][] outer(double[] x, double[] y) {
        double[][] product = new double[x.length][y.length];
        for (int c = 0; c < x.length; c++) {
            for (int e = 0; e < y.length; e++) {
                product[c][e] = x[c] * y[e];
            }
        }
        return product;
    }

    private static double[] plus(double[] a, double[] b) {
        double[] sum = new double[a.length];
        for (int e = 0; e < a.length; e++) {
            sum[e] = a[e] + b[e];
        }
        return sum;
    }
}
