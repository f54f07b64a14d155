package tessera.methods;

import java.util.HashMap;
import java.util.Map;
import java.util.function.IntUnaryOperator;
import java.util.stream.IntStream;
import tessera.Shape;
import tessera.Tensor;

/** The formulas of {@link LowBitMethods} in double precision. */
final class LowBitTwin {
    static final float FP8_MOST = 448;
    private static final double[] FP8 = IntStream.range(0, 127).mapToDouble(bits -> bits < 8 ? bits * 0x1p-9 : (8 + bits % 8) * Math.pow(2, bits / 8 - 10)).toArray();
    private static final double[] FP4 = {0, 0.5, 1, 1.5, 2, 3, 4, 6};

    private LowBitTwin() {
    }

    /** What becomes of a number, given the least and the largest one of its group. */
    private interface Rule {
        double of(double x, double low, double high);
    }

    private static double[] grouped(double[] x, IntUnaryOperator group, Rule rule) {
        Map<Integer, double[]> ends = new HashMap<>();
        for (int e = 0; e < x.length; e++) {
            double[] end = ends.computeIfAbsent(group.applyAsInt(e), _ -> new double[] {Double.POSITIVE_INFINITY, Double.NEGATIVE_INFINITY});
            end[0] = Math.min(end[0], x[e]);
            end[1] = Math.max(end[1], x[e]);
        }
        double[] y = new double[x.length];
        for (int e = 0; e < x.length; e++) {
            double[] end = ends.get(group.applyAsInt(e));
            y[e] = rule.of(x[e], end[0], end[1]);
        }
        return y;
    }

    /** Groups of so many tokens and channels. */
    private static IntUnaryOperator groups(Shape shape, int tokens, int channels) {
        int dim = shape.dim(3);
        int n = shape.dim(2);
        return e -> (e / dim / n * Math.ceilDiv(n, tokens) + e / dim % n / tokens) * Math.ceilDiv(dim, channels) + e % dim / channels;
    }

    private static double int8(double x, double low, double high) {
        double scale = Math.max(high, -low) / 127;
        return scale == 0 ? 0 : scale * Math.rint(x / scale);
    }

    private static double twoBits(double x, double low, double high) {
        double scale = (high - low) / 3;
        return scale == 0 ? low : low + scale * Math.floor((x - low) / scale + 0.5);
    }

    private static Rule fp8(double largest) {
        return (x, low, high) -> scaled(FP8, Math.max(high, -low) / largest, x);
    }

    private static double fp4(double x, double low, double high) {
        return scaled(FP4, nearest(FP8, Math.max(high, -low) / 6), x);
    }

    private static double scaled(double[] numbers, double scale, double x) {
        return scale == 0 ? 0 : Math.copySign(scale * nearest(numbers, Math.abs(x) / scale), x);
    }

    private static double nearest(double[] numbers, double x) {
        double best = numbers[0];
        for (double number : numbers) {
            best = Math.abs(number - x) < Math.abs(best - x) ? number : best;
        }
        return best;
    }

    private static double level(double x, double low, double high) {
        double best = low;
        for (float level : LowBitMethods.LEVELS) {
            double candidate = low + (high - low) * level;
            best = Math.abs(candidate - x) < Math.abs(best - x) ? candidate : best;
        }
        return best;
    }

    private static double[] of(Shape shape, double[] q, double[] k, double[] v) {
        return SoftmaxTwin.of(shape, q, k, v, shape.dim(1), (_, i, j) -> j <= i).out();
    }

    static double[] blocks(Map<String, Tensor> in) {
        Shape shape = in.get("q").shape();
        IntUnaryOperator block = groups(shape, Setup.block(shape.dim(2)), shape.dim(3));
        return of(shape, grouped(SoftmaxTwin.doubles(in.get("q")), block, fp8(FP8_MOST)), grouped(SoftmaxTwin.doubles(in.get("k")), block, fp8(FP8_MOST)),
                grouped(SoftmaxTwin.doubles(in.get("v")), block, fp8(FP8_MOST)));
    }

    static double[] smoothed(Map<String, Tensor> in, float largest) {
        Shape shape = in.get("q").shape();
        int n = shape.dim(2);
        IntUnaryOperator block = groups(shape, Setup.block(n), shape.dim(3));
        return product(in, block, LowBitTwin::int8, grouped(SoftmaxTwin.doubles(in.get("v")), groups(shape, n, 1), fp8(largest)));
    }

    static double[] microscaled(Map<String, Tensor> in) {
        Shape shape = in.get("q").shape();
        return product(in, groups(shape, 1, LowBitMethods.MICRO), LowBitTwin::fp4,
                grouped(SoftmaxTwin.doubles(in.get("v")), groups(shape, LowBitMethods.MICRO, 1), LowBitTwin::fp4));
    }

    /** {@code softmax((quant(q - mean) quant(k~)^T + mean k~^T) / sqrt(dim)) v} with k~ the keys less their mean. */
    private static double[] product(Map<String, Tensor> in, IntUnaryOperator group, Rule rule, double[] v) {
        Shape shape = in.get("q").shape();
        int n = shape.dim(2);
        int dim = shape.dim(3);
        double[] q = SoftmaxTwin.doubles(in.get("q"));
        double[] k = SoftmaxTwin.doubles(in.get("k"));
        double[] meanQ = means(q, groups(shape, Setup.block(n), 1));
        double[] meanK = means(k, groups(shape, n, 1));
        double[] smoothK = less(k, meanK);
        double[] roundedQ = grouped(less(q, meanQ), group, rule);
        double[] roundedK = grouped(smoothK, group, rule);
        return SoftmaxTwin.of(q.length / dim, n, dim, (row, j) -> j > row % n ? Double.NEGATIVE_INFINITY
                : SoftmaxTwin.dot(roundedQ, row, roundedK, row / n * n + j, dim) + SoftmaxTwin.dot(meanQ, row, smoothK, row / n * n + j, dim),
                (row, j, c) -> v[(row / n * n + j) * dim + c]).out();
    }

    /** The mean of its group for each number. */
    private static double[] means(double[] x, IntUnaryOperator group) {
        Map<Integer, double[]> sums = new HashMap<>();
        for (int e = 0; e < x.length; e++) {
            double[] sum = sums.computeIfAbsent(group.applyAsInt(e), _ -> new double[2]);
            sum[0] += x[e];
            sum[1]++;
        }
        return IntStream.range(0, x.length).mapToDouble(e -> sums.get(group.applyAsInt(e))[0] / sums.get(group.applyAsInt(e))[1]).toArray();
    }

    /** In float32, as it is stored. */
    private static double[] less(double[] x, double[] mean) {
        return IntStream.range(0, x.length).mapToDouble(e -> (float) (x[e] - mean[e])).toArray();
    }

    static double[] cached(Map<String, Tensor> in) {
        Shape shape = in.get("q").shape();
        int n = shape.dim(2);
        int dim = shape.dim(3);
        int packed = LowBitMethods.packed(n);
        double[] k = SoftmaxTwin.doubles(in.get("k"));
        double[] v = SoftmaxTwin.doubles(in.get("v"));
        double[] roundedK = grouped(k, groups(shape, LowBitMethods.GROUP, 1), LowBitTwin::twoBits);
        double[] roundedV = grouped(v, groups(shape, 1, LowBitMethods.GROUP), LowBitTwin::twoBits);
        for (int e = 0; e < k.length; e++) {
            boolean whole = e / dim % n >= packed;
            roundedK[e] = whole ? k[e] : roundedK[e];
            roundedV[e] = whole ? v[e] : roundedV[e];
        }
        return of(shape, SoftmaxTwin.doubles(in.get("q")), roundedK, roundedV);
    }

    static double[] codebook(Map<String, Tensor> in) {
        Shape shape = in.get("q").shape();
        double[] k = grouped(SoftmaxTwin.doubles(in.get("kRest")), groups(shape, shape.dim(2), 1), LowBitTwin::level);
        double[] v = grouped(SoftmaxTwin.doubles(in.get("vRest")), groups(shape, 1, shape.dim(3)), LowBitTwin::level);
        for (int token = 0; token < in.get("kChannels").shape().elements(); token++) {
            k[token * shape.dim(3) + (int) in.get("kChannels").get(token)] += in.get("kOutliers").get(token);
            v[token * shape.dim(3) + (int) in.get("vChannels").get(token)] += in.get("vOutliers").get(token);
        }
        return of(shape, turned(shape, SoftmaxTwin.doubles(in.get("q"))), turned(shape, k), v);
    }

    /** Pairs of channels turn by their angle at each token. */
    private static double[] turned(Shape shape, double[] x) {
        int dim = shape.dim(3);
        int pairs = dim / 2;
        double[] y = x.clone();
        for (int e = 0; e < x.length; e++) {
            int c = e % dim;
            if (c < pairs) {
                double angle = e / dim % shape.dim(2) * Math.pow(10000, -2.0 * c / dim);
                y[e] = x[e] * Math.cos(angle) - x[e + pairs] * Math.sin(angle);
                y[e + pairs] = x[e] * Math.sin(angle) + x[e + pairs] * Math.cos(angle);
            }
        }
        return y;
    }
}
