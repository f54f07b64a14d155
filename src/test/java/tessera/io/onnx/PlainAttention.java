package tessera.io.onnx;

import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.function.IntPredicate;
import java.util.stream.IntStream;

/** Attention as the standard's text defines it, element by element over head-first arrays; shares nothing with an operator. */
final class PlainAttention {
    static final int HEADS = 4;
    static final int KV_HEADS = 2;
    static final float SOFTCAP = 1.5f;
    private static final int BATCH = 2;
    private static final int HEAD_DIM = 3;
    private static final int VALUE_DIM = 5;

    /** Values of four dimensions. */
    record Values(int[] dims, float[] values) {
        static Values of(int... dims) {
            return new Values(dims, new float[dims[0] * dims[1] * dims[2] * dims[3]]);
        }

        static Values random(SplittableRandom random, int... dims) {
            Values drawn = of(dims);
            for (int n = 0; n < drawn.values.length; n++) {
                drawn.values[n] = (float) random.nextGaussian();
            }
            return drawn;
        }

        private int index(int a, int b, int c, int d) {
            return ((a * dims[1] + b) * dims[2] + c) * dims[3] + d;
        }

        float get(int a, int b, int c, int d) {
            return values[index(a, b, c, d)];
        }

        void set(int a, int b, int c, int d, double value) {
            values[index(a, b, c, d)] = (float) value;
        }

        /** The tokens (dimension 2) from {@code start} to {@code end}. */
        Values tokens(int start, int end) {
            Values part = of(dims[0], dims[1], end - start, dims[3]);
            for (int row = 0; row < dims[0] * dims[1]; row++) {
                System.arraycopy(values, (row * dims[2] + start) * dims[3], part.values, row * (end - start) * dims[3], (end - start) * dims[3]);
            }
            return part;
        }

        /** As it is, or packed: {@code [batch, tokens, heads * dim]}. */
        OnnxBytes tensor(boolean packed) {
            if (!packed) {
                return OnnxBytes.floats(dims, values);
            }
            float[] moved = new float[values.length];
            for (int n = 0; n < values.length; n++) {
                int row = n / dims[3];
                int head = row / dims[2] % dims[1];
                int token = row / dims[2] / dims[1] * dims[2] + row % dims[2];
                moved[(token * dims[1] + head) * dims[3] + n % dims[3]] = values[n];
            }
            return OnnxBytes.floats(new int[] {dims[0], dims[2], dims[1] * dims[3]}, moved);
        }
    }

    final Values q;
    final Values k;
    final Values v;
    final Values out;
    final Values scores;
    private final Values bias;
    private final int past;
    private final long[] lengths;

    /**
     * Draws inputs and computes outputs.
     *
     * @param lengths of each batch, separated by a space; null if no key is padding
     * @param mode what the scores are: 0 products, 1 after the soft cap, 2 after bias and masks, 3 after the softmax
     */
    PlainAttention(int queries, int newKeys, int past, String lengths, boolean causal, int left, int right, int mode) {
        SplittableRandom random = new SplittableRandom(31L * queries + newKeys + past);
        int keys = past + newKeys;
        this.past = past;
        this.lengths = lengths == null ? null : Arrays.stream(lengths.split(" ")).mapToLong(Long::parseLong).toArray();
        q = Values.random(random, BATCH, HEADS, queries, HEAD_DIM);
        k = Values.random(random, BATCH, KV_HEADS, keys, HEAD_DIM);
        v = Values.random(random, BATCH, KV_HEADS, keys, VALUE_DIM);
        bias = Values.random(random, 1, HEADS, queries, keys);
        for (int n = 0; n < bias.values.length; n += 5) {
            bias.values[n] = Float.NEGATIVE_INFINITY;
        }
        out = Values.of(BATCH, HEADS, queries, VALUE_DIM);
        scores = Values.of(BATCH, HEADS, queries, keys);
        for (int b = 0; b < BATCH; b++) {
            int length = lengths == null ? keys : (int) this.lengths[b];
            int offset = lengths == null ? past : length - queries;
            for (int h = 0; h < HEADS; h++) {
                for (int i = 0; i < queries; i++) {
                    int position = i + offset;
                    row(b, h, i, mode, j -> j < length && (!causal || j <= position) && (left < 0 || j >= position - left)
                            && (right < 0 || j <= position + right));
                }
            }
        }
    }

    private void row(int b, int h, int i, int mode, IntPredicate visible) {
        int keys = k.dims[2];
        int kvHead = h / (HEADS / KV_HEADS);
        double[] product = IntStream.range(0, keys).mapToDouble(j -> IntStream.range(0, HEAD_DIM)
                .mapToDouble(c -> (double) q.get(b, h, i, c) * k.get(b, kvHead, j, c)).sum() / Math.sqrt(HEAD_DIM)).toArray();
        double[] capped = Arrays.stream(product).map(s -> SOFTCAP * Math.tanh(s / SOFTCAP)).toArray();
        double[] masked = IntStream.range(0, keys)
                .mapToDouble(j -> visible.test(j) ? capped[j] + bias.get(0, h, i, j) : Double.NEGATIVE_INFINITY).toArray();
        double total = Arrays.stream(masked).map(Math::exp).sum();
        double[] weight = Arrays.stream(masked).map(s -> total == 0 ? 0 : Math.exp(s) / total).toArray();
        double[] stored = new double[][] {product, capped, masked, weight}[mode];
        for (int j = 0; j < keys; j++) {
            scores.set(b, h, i, j, stored[j]);
        }
        for (int c = 0; c < VALUE_DIM; c++) {
            int channel = c;
            out.set(b, h, i, c, IntStream.range(0, keys).mapToDouble(j -> weight[j] * v.get(b, kvHead, j, channel)).sum());
        }
    }

    Values pastK() {
        return k.tokens(0, past);
    }

    Values pastV() {
        return v.tokens(0, past);
    }

    Values newK() {
        return k.tokens(past, k.dims[2]);
    }

    Values newV() {
        return v.tokens(past, v.dims[2]);
    }

    /** Added to the scores; of three dimensions. */
    OnnxBytes mask() {
        return OnnxBytes.floats(Arrays.copyOfRange(bias.dims, 1, 4), bias.values);
    }

    OnnxBytes lengths() {
        return OnnxBytes.longs(new int[] {BATCH}, lengths);
    }
}
