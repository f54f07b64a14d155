package tessera.methods;

import java.util.Map;
import java.util.stream.IntStream;
import tessera.Shape;
import tessera.Tensor;

/** What twins of recurrences have in common, in double precision: heads side by side, tokens one after the other. */
final class RecurrenceTwin {

    /** A number for each (batch and head), token and channel; head = batch index * heads + head index. */
    @FunctionalInterface
    interface Entry {
        double at(int head, int t, int channel);
    }

    /** Adds to {@code out[token][channel]}, which is 0, what a head gives. */
    @FunctionalInterface
    interface Head {
        void compute(int head, double[][] out);
    }

    private RecurrenceTwin() {
    }

    /** Each head by itself; the result is [heads, length, channels]. */
    static double[] heads(int heads, int length, int channels, Head body) {
        double[] out = new double[heads * length * channels];
        IntStream.range(0, heads).parallel().forEach(head -> {
            double[][] tokens = new double[length][channels];
            body.compute(head, tokens);
            for (int t = 0; t < length; t++) {
                System.arraycopy(tokens[t], 0, out, (head * length + t) * channels, channels);
            }
        });
        return out;
    }

    /** As many heads as the tensor [batch, heads, length, channels] has, with channels of their own number. */
    static double[] heads(Tensor tensor, int channels, Head body) {
        Shape shape = tensor.shape();
        return heads(shape.dim(0) * shape.dim(1), shape.dim(2), channels, body);
    }

    /**
     * A decaying state of outer products: {@code S[a][c] <- decay_a S[a][c] + key_a value_c}, then {@code out_c = sum_a q_a S[a][c]},
     * for each token of the queries q.
     */
    static double[] of(Map<String, Tensor> in, Entry key, Entry value, Entry decay) {
        Entry q = of(in, "q");
        int channels = in.get("q").shape().dim(3);
        return heads(in.get("q"), channels, (head, out) -> {
            double[][] state = new double[channels][channels];
            for (int t = 0; t < out.length; t++) {
                for (int a = 0; a < channels; a++) {
                    double keep = decay.at(head, t, a);
                    for (int c = 0; c < channels; c++) {
                        state[a][c] = keep * state[a][c] + key.at(head, t, a) * value.at(head, t, c);
                        out[t][c] += q.at(head, t, a) * state[a][c];
                    }
                }
            }
        });
    }

    /** The elements of a tensor [batch, heads, length, channels], or [batch, heads, length] for any channel. */
    static Entry of(Map<String, Tensor> in, String name) {
        double[] values = SoftmaxTwin.doubles(in.get(name));
        Shape shape = in.get(name).shape();
        int length = shape.dim(2);
        if (shape.rank() == 3) {
            return (head, t, _) -> values[head * length + t];
        }
        int channels = shape.dim(3);
        return (head, t, channel) -> values[(head * length + t) * channels + channel];
    }

    /** Constants of a model: the elements of a tensor [heads, channels], or [heads] for any channel, for every batch and token. */
    static Entry constants(Map<String, Tensor> in, String name) {
        double[] values = SoftmaxTwin.doubles(in.get(name));
        int heads = in.get(name).shape().dim(0);
        int channels = values.length / heads;
        return (head, _, channel) -> values[head % heads * channels + (channels == 1 ? 0 : channel)];
    }
}
