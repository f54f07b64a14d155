package tessera.methods;

import java.util.stream.IntStream;
import tessera.Shape;
import tessera.Tensor;

/** A decaying state of outer products in double precision, one token after the other. */
final class RecurrenceTwin {

    /** A number for each (batch and head), token and channel; head = batch index * heads + head index. */
    @FunctionalInterface
    interface Entry {
        double at(int head, int t, int channel);
    }

    private RecurrenceTwin() {
    }

    /**
     * {@code S[a][c] <- decay_a S[a][c] + key_a value_c}, then {@code out_c = sum_a query_a S[a][c]}, for each token.
     *
     * @param shape of the queries: [batch, heads, length, key channels]
     * @param channels number of value channels
     */
    static double[] of(Shape shape, int channels, Entry query, Entry key, Entry value, Entry decay) {
        int length = shape.dim(2);
        int heads = shape.dim(0) * shape.dim(1);
        double[] out = new double[heads * length * channels];
        IntStream.range(0, heads).parallel().forEach(head -> {
            double[][] state = new double[shape.dim(3)][channels];
            for (int t = 0; t < length; t++) {
                for (int a = 0; a < state.length; a++) {
                    double keep = decay.at(head, t, a);
                    for (int c = 0; c < channels; c++) {
                        state[a][c] = keep * state[a][c] + key.at(head, t, a) * value.at(head, t, c);
                        out[(head * length + t) * channels + c] += query.at(head, t, a) * state[a][c];
                    }
                }
            }
        });
        return out;
    }

    /** The elements of a tensor [batch, heads, length, channels], or [batch, heads, length] for any channel. */
    static Entry of(Tensor tensor) {
        double[] values = SoftmaxTwin.doubles(tensor);
        int length = tensor.shape().dim(2);
        if (tensor.shape().rank() == 3) {
            return (head, t, _) -> values[head * length + t];
        }
        int channels = tensor.shape().dim(3);
        return (head, t, channel) -> values[(head * length + t) * channels + channel];
    }
}
