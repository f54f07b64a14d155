package tessera.methods;

import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import tessera.AttentionSpec;
import tessera.Shape;
import tessera.Tensor;

/** The Attention Free Transformer (arXiv:2105.14103), whose softmax weighs every channel by itself. */
final class AttentionFreeMethods {

    static final List<Method> ALL = List.of(
            new Method("G19", (q, k, v, _) -> RwkvMethods.channels(q, k, v, Map.of(), UnaryOperator.identity()), AttentionFreeMethods::simpleTwin),
            new Method("G20", AttentionFreeMethods::full, AttentionFreeMethods::fullTwin));

    private AttentionFreeMethods() {
    }

    /** A head for each channel, whose queries are 1, so that a key is its own score; position biases, which would be learned, are drawn. */
    private static Case full(Tensor q, Tensor k, Tensor v, long seed) {
        int channels = q.shape().dim(1) * q.shape().dim(3);
        int n = Setup.length(q);
        Tensor ones = Tensor.zeros(q.dtype(), Shape.of(q.shape().dim(0), channels, n, 1)).fill(1);
        Map<String, Tensor> inputs = Setup.inputs(ones, Setup.byChannel(k), Setup.byChannel(v));
        inputs.put("bias", Tensor.random(Shape.of(n, n), seed));
        inputs.put("keysByToken", k);
        inputs.put("valuesByToken", v);
        return new Case(AttentionSpec.of(q.shape().dim(0), channels, n, 1).scale(1).bias(n, n).causal().dtype(q.dtype()).build(), inputs);
    }

    /** {@code sum_t' exp(k_t' + w_t,t') v_t' / sum_t' exp(k_t' + w_t,t')} over t' up to t, channel by channel. */
    private static double[] fullTwin(Map<String, Tensor> in) {
        Shape shape = in.get("keysByToken").shape();
        int n = shape.dim(2);
        int dim = shape.dim(3);
        double[] k = SoftmaxTwin.doubles(in.get("keysByToken"));
        double[] v = SoftmaxTwin.doubles(in.get("valuesByToken"));
        double[] w = SoftmaxTwin.doubles(in.get("bias"));
        double[] out = new double[k.length];
        for (int head = 0; head < shape.dim(0) * shape.dim(1); head++) {
            for (int c = 0; c < dim; c++) {
                for (int t = 0; t < n; t++) {
                    double sum = 0;
                    double weights = 0;
                    for (int past = 0; past <= t; past++) {
                        double weight = Math.exp(k[(head * n + past) * dim + c] + w[t * n + past]);
                        sum += weight * v[(head * n + past) * dim + c];
                        weights += weight;
                    }
                    out[(head * dim + c) * n + t] = sum / weights;
                }
            }
        }
        return out;
    }

    /** {@code o_t = sigmoid(q_t) sum_t' exp(k_t') v_t' / sum_t' exp(k_t')} over t' up to t, channel by channel. */
    private static double[] simpleTwin(Map<String, Tensor> in) {
        Shape shape = in.get("values").shape();
        RecurrenceTwin.Entry q = RecurrenceTwin.of(in, "receptances");
        RecurrenceTwin.Entry k = RecurrenceTwin.of(in, "keys");
        RecurrenceTwin.Entry v = RecurrenceTwin.of(in, "values");
        int d = shape.dim(3);
        return RecurrenceTwin.heads(shape.dim(0) * shape.dim(1) * d, shape.dim(2), 1, (channel, out) -> {
            double sum = 0;
            double weights = 0;
            for (int t = 0; t < out.length; t++) {
                sum += Math.exp(k.at(channel / d, t, channel % d)) * v.at(channel / d, t, channel % d);
                weights += Math.exp(k.at(channel / d, t, channel % d));
                out[t][0] = Activations.sigmoid(q.at(channel / d, t, channel % d)) * sum / weights;
            }
        });
    }
}
