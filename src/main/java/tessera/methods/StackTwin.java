package tessera.methods;

import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import tessera.Shape;
import tessera.Tensor;
import tessera.stacks.LayerKind;
import tessera.stacks.LayerKind.Attention;
import tessera.stacks.LayerKind.Recurrence;
import tessera.stacks.LayerKind.Selection;
import tessera.stacks.Rule;
import tessera.stacks.Schedule;

/** A stack over all tokens at once in double precision, layer by layer by their formulas; arrays are [batch, heads, length, channels]. */
final class StackTwin {
    private final Schedule schedule;
    private final Map<String, Tensor> in;
    private final int batch;
    private final int heads;
    private final int kvHeads;
    private final int n;
    private final int dim;
    private final double[] residual;
    private final Map<Integer, double[]> keys = new HashMap<>();
    private final Map<Integer, double[]> values = new HashMap<>();
    private final Map<Integer, double[]> outputs = new HashMap<>();

    private StackTwin(Schedule schedule, int kvHeads, Map<String, Tensor> in) {
        Shape shape = in.get("q").shape();
        this.schedule = schedule;
        this.in = in;
        this.kvHeads = kvHeads;
        batch = shape.dim(0);
        heads = shape.dim(1);
        n = shape.dim(2);
        dim = shape.dim(3);
        residual = new double[shape.elements()];
    }

    /** What the last layer gives for the last token. */
    static double[] of(Schedule schedule, int kvHeads, Map<String, Tensor> in) {
        StackTwin twin = new StackTwin(schedule, kvHeads, in);
        double[] out = new double[0];
        for (int layer = 0; layer < schedule.layers().size(); layer++) {
            out = twin.layer(layer);
            twin.outputs.put(layer, out);
            double[] mean = twin.heads(out, twin.heads);
            Arrays.setAll(twin.residual, e -> twin.residual[e] + mean[e]);
        }
        double[] all = out;
        int d = twin.dim;
        return IntStream.range(0, all.length / twin.n).mapToDouble(e -> all[(e / d * twin.n + twin.n - 1) * d + e % d]).toArray();
    }

    private double[] layer(int layer) {
        LayerKind kind = schedule.layers().get(layer).kind();
        double[] q = stream("q");
        if (kind instanceof Recurrence recurrence) {
            return recurrence(layer, recurrence, q);
        }
        if (kind instanceof LayerKind.Memory) {
            double[] memory = outputs.get(schedule.owner(layer));
            double[] gates = heads(q, memory.length / (batch * n * dim));
            return IntStream.range(0, memory.length).mapToDouble(e -> memory[e] * Activations.silu(gates[e])).toArray();
        }
        if (schedule.owner(layer) == layer) {
            keys.put(layer, turned(heads(stream("k"), kvHeads), kind.rotary()));
            values.put(layer, heads(stream("v"), kvHeads));
        }
        return attention(kind, turned(q, kind.rotary()), keys.get(schedule.owner(layer)), values.get(schedule.owner(layer)));
    }

    private double[] attention(LayerKind kind, double[] q, double[] k, double[] v) {
        Shape shape = Shape.of(batch, heads, n, dim);
        if (kind instanceof Selection) {
            return selected(q, k, v, n, n > 1 ? n - 1 : n);
        }
        Attention a = (Attention) kind;
        return SoftmaxTwin.of(shape, q, k, v, kvHeads, (_, i, j) -> j <= i && switch (a.span()) {
            case FULL -> true;
            case WINDOW -> i - j < a.tokens();
            case CHUNK -> i / a.tokens() == j / a.tokens();
        }).out();
    }

    /** As the prompt chooses among its own blocks, and the last token among all. */
    private double[] selected(double[] q, double[] k, double[] v, int length, int prompt) {
        double[] ofPrompt = selected(q, k, v, prompt);
        double[] all = prompt == length ? ofPrompt : selected(q, k, v, length);
        return IntStream.range(0, all.length).mapToDouble(e -> {
            int token = e / dim % length;
            return token < prompt ? ofPrompt[(e / dim / length * prompt + token) * dim + e % dim] : all[e];
        }).toArray();
    }

    private double[] selected(double[] q, double[] k, double[] v, int length) {
        Map<String, Tensor> first = Map.of("q", first(q, heads, length), "k", first(k, kvHeads, length), "v", first(v, kvHeads, length));
        return ListedTwin.attention(first, ListedTwin.infLlm2(first));
    }

    private Tensor first(double[] x, int ofHeads, int length) {
        Tensor first = Tensor.zeros(batch, ofHeads, length, dim);
        for (int e = 0; e < first.shape().elements(); e++) {
            first.set(e, (float) x[(e / dim / length * n + e / dim % length) * dim + e % dim]);
        }
        return first;
    }

    /** The given tokens and the residual stream, each head with a mean square of 1. */
    private double[] stream(String name) {
        double[] x = new double[residual.length];
        for (int row = 0; row < x.length; row += dim) {
            double squares = 0;
            for (int c = row; c < row + dim; c++) {
                x[c] = in.get(name).get(c) + residual[c];
                squares += x[c] * x[c] / dim;
            }
            for (int c = row; c < row + dim && squares > 0; c++) {
                x[c] /= Math.sqrt(squares);
            }
        }
        return x;
    }

    /** With another number of heads: groups averaged, or heads repeated. */
    private double[] heads(double[] x, int wanted) {
        int size = n * dim;
        int given = x.length / size / batch;
        double[] y = new double[batch * wanted * size];
        for (int pair = 0; pair < batch * Math.max(given, wanted); pair++) {
            int b = pair / Math.max(given, wanted);
            int h = pair % Math.max(given, wanted);
            for (int c = 0; c < size; c++) {
                y[(b * wanted + h * wanted / Math.max(given, wanted)) * size + c] += x[(b * given + h * given / Math.max(given, wanted)) * size + c]
                        * wanted / Math.max(given, wanted);
            }
        }
        return y;
    }

    /** Channels c and c + dim / 2 turned by {@code position * base^(-2c / dim)}. */
    private double[] turned(double[] x, int base) {
        double[] y = x.clone();
        for (int e = 0; e < x.length && base > 0; e++) {
            int c = e % dim;
            int pair = c % (dim / 2);
            double angle = e / dim % n / Math.pow(base, 2.0 * pair / dim);
            y[e] = c < dim / 2 ? x[e] * Math.cos(angle) - x[e + dim / 2] * Math.sin(angle) : x[e - dim / 2] * Math.sin(angle) + x[e] * Math.cos(angle);
        }
        return y;
    }

    private double[] recurrence(int layer, Recurrence kind, double[] q) {
        return new StateTwin(kind.rule(), name -> in.get(layer + "." + name), n, dim).of(batch, heads, kvHeads, kind.state(), q, stream("k"), stream("v"));
    }
}
