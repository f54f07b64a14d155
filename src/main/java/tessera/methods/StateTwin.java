package tessera.methods;

import java.util.function.Function;
import java.util.stream.IntStream;
import tessera.Tensor;
import tessera.stacks.Rule;

/**
 * A recurrent layer of a stack in double precision, token by token.
 *
 * @param given gates and constants by their names
 * @param n tokens
 * @param dim channels of queries, keys and values as they come
 */
record StateTwin(Rule rule, Function<String, Tensor> given, int n, int dim) {

    /** q, k and v [batch, heads, n, dim]; the result has the heads of the states. */
    double[] of(int batch, int heads, int kvHeads, int size, double[] q, double[] k, double[] v) {
        int keyHeads = rule == Rule.MAMBA ? 1 : rule == Rule.MAMBA2 ? kvHeads : heads;
        int keys = rule.isStateSpace() ? size : dim;
        int states = rule.isStateSpace() ? 2 * heads : heads;
        double[] out = new double[batch * states * n * dim];
        IntStream.range(0, batch * states).parallel().forEach(state -> {
            int b = state / states;
            int keyHead = state % states * keyHeads / states;
            double[][] s = new double[keys][dim];
            for (int t = 0; t < n; t++) {
                double[] query = shared(q, b, heads, keyHeads, keyHead, t, keys);
                double[] key = shared(k, b, heads, keyHeads, keyHead, t, keys);
                double[] value = new double[dim];
                for (int c = 0; c < dim; c++) {
                    double step = rule == Rule.MAMBA ? at("delta", state, t, c) : 1;
                    value[c] = v[((b * heads + state % states * heads / states) * n + t) * dim + c] * step;
                }
                for (int a = 0; a < keys; a++) {
                    key[a] /= Math.sqrt(keys);
                }
                for (int c = 0; c < dim; c++) {
                    out[(state * n + t) * dim + c] = channel(s, state, states, t, c, query, key, value[c]);
                }
            }
        });
        return out;
    }

    /** The mean of a group of heads, with channels repeated up to {@code size}. */
    private double[] shared(double[] x, int b, int heads, int groups, int group, int t, int size) {
        int together = heads / groups;
        double[] mean = new double[size];
        for (int h = group * together; h < (group + 1) * together; h++) {
            for (int a = 0; a < size; a++) {
                mean[a] += x[((b * heads + h) * n + t) * dim + a % dim] / together;
            }
        }
        return mean;
    }

    private double at(String name, int state, int t, int channel) {
        Tensor tensor = given.apply(name);
        return tensor.shape().rank() == 3 ? tensor.get(state * n + t) : tensor.get((state * n + t) * tensor.shape().dim(3) + channel);
    }

    private double constant(String name, int head, int channel) {
        Tensor tensor = given.apply(name);
        return tensor.get(tensor.shape().rank() == 1 ? head : head * tensor.shape().dim(1) + channel);
    }

    private double decay(int state, int head, int t, int a, int c) {
        return Math.exp(switch (rule) {
            case LIGHTNING, RWKV5 -> constant("gate", head, a);
            case RETENTION, DELTA, MAMBA2, GLA, RWKV6, RWKV7 -> at("gate", state, t, a);
            case MAMBA -> at("delta", state, t, c) * given.apply("rate").get((head * dim + c) * given.apply("rate").shape().dim(2) + a);
        });
    }

    /** Changes a column of the state and reads it; columns do not meet, for keys alone say what is removed. */
    private double channel(double[][] s, int state, int states, int t, int c, double[] q, double[] k, double value) {
        int head = state % states;
        double before = 0;
        double removed = 0;
        for (int a = 0; a < k.length; a++) {
            before += q[a] * s[a][c];
            removed += rule == Rule.RWKV7 ? at("a", state, t, a) * s[a][c] : rule == Rule.DELTA ? k[a] * decay(state, head, t, a, c) * s[a][c] : 0;
        }
        double after = 0;
        double bonus = 0;
        for (int a = 0; a < k.length; a++) {
            double written = switch (rule) {
                case RWKV7 -> at("b", state, t, a) * removed + k[a] * value;
                case DELTA -> at("beta", state, t, 0) * k[a] * (value - removed);
                default -> k[a] * value;
            };
            s[a][c] = decay(state, head, t, a, c) * s[a][c] + written;
            after += q[a] * s[a][c];
            bonus += rule == Rule.RWKV5 || rule == Rule.RWKV6 || rule == Rule.RWKV7 ? q[a] * constant("u", head, a) * k[a] : 0;
        }
        return (rule == Rule.RWKV5 || rule == Rule.RWKV6 ? before : after) + bonus * value;
    }
}
