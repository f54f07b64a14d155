package tessera.methods;

import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import tessera.Epilogue;
import tessera.RecurrenceSpec;
import tessera.Shape;
import tessera.Tensor;
import tessera.UpdateRule.Gate;
import tessera.methods.RecurrenceTwin.Entry;

/** State space models: values are the input x, keys B what it writes to the state, queries C what is read. */
final class StateSpaceMethods {

    /** Complex elements of S4's state for each channel. */
    private static final int MODES = 8;

    static final List<Method> ALL = List.of(
            new Method("G07", StateSpaceMethods::mamba, StateSpaceMethods::mambaTwin),
            new Method("G08", StateSpaceMethods::mamba2, StateSpaceMethods::mamba2Twin),
            new Method("G18", StateSpaceMethods::s4, StateSpaceMethods::s4Twin));

    private StateSpaceMethods() {
    }

    /** Steps from 0.001 to 0.1, as models start. */
    private static Tensor steps(Shape shape, long seed) {
        return Setup.map(Setup.uniform(shape, seed, -3, -1), x -> Math.pow(10, x));
    }

    /**
     * All channels of all heads share B and C, which are the first head's keys and queries; each has steps of its own, and rates from
     * -1 to the size of the state (S4D-Real).
     */
    private static Case mamba(Tensor q, Tensor k, Tensor v, long seed) {
        int batch = v.shape().dim(0);
        int heads = v.shape().dim(1);
        int length = v.shape().dim(2);
        int d = v.shape().dim(3);
        Tensor step = steps(v.shape(), seed);
        Tensor rate = Tensor.zeros(heads, d, d);
        for (int e = 0; e < rate.shape().elements(); e++) {
            rate.set(e, -1 - e % d);
        }
        Tensor skip = Tensor.random(Setup.constants(v), seed + 1);
        Map<String, Tensor> inputs = Setup.inputs(firstHead(q), firstHead(k), Setup.map(step, v, (x, y) -> x * y));
        inputs.putAll(Map.of("delta", step, "rate", rate, "y", Setup.map(Setup.everywhere(skip, batch, length), v, (x, y) -> x * y), "skip", skip, "x", v));
        RecurrenceSpec recurrence = RecurrenceSpec.of(batch, 1, length, d).keyHeads(1, heads).gate(Gate.SSM).dtype(q.dtype()).build();
        return new Case(List.of(
                new Step("state", recurrence, UnaryOperator.identity()),
                new Step("out", Setup.epilogue(v.shape(), new Epilogue.Add(1), q.dtype()), there -> Step.renamed(there, Map.of("x", "state.out")))), inputs);
    }

    private static Tensor firstHead(Tensor x) {
        int size = Setup.length(x) * x.shape().dim(3);
        Tensor first = Tensor.zeros(x.shape().dim(0), 1, Setup.length(x), x.shape().dim(3));
        for (int e = 0; e < first.shape().elements(); e++) {
            first.set(e, x.get(e / size * x.shape().dim(1) * size + e % size));
        }
        return first;
    }

    /** {@code h <- exp(step A) h + step B x}, {@code y = C h + D x}, channel by channel. */
    private static double[] mambaTwin(Map<String, Tensor> in) {
        Shape shape = in.get("x").shape();
        Entry c = RecurrenceTwin.of(in, "q");
        Entry b = RecurrenceTwin.of(in, "k");
        Entry x = RecurrenceTwin.of(in, "x");
        Entry step = RecurrenceTwin.of(in, "delta");
        Entry skip = RecurrenceTwin.constants(in, "skip");
        int heads = shape.dim(1);
        int d = shape.dim(3);
        return RecurrenceTwin.heads(in.get("x"), d, (n, out) -> {
            for (int channel = 0; channel < d; channel++) {
                double[] h = new double[d];
                for (int t = 0; t < out.length; t++) {
                    double input = x.at(n, t, channel);
                    out[t][channel] = skip.at(n, t, channel) * input;
                    for (int a = 0; a < d; a++) {
                        h[a] = Math.exp(-(a + 1) * step.at(n, t, channel)) * h[a] + step.at(n, t, channel) * b.at(n / heads, t, a) * input;
                        out[t][channel] += c.at(n / heads, t, a) * h[a];
                    }
                }
            }
        });
    }

    /** Rates as Mamba-2 starts them, from -16 to -1. */
    private static Case mamba2(Tensor q, Tensor k, Tensor v, long seed) {
        int heads = q.shape().dim(1);
        int length = q.shape().dim(2);
        int d = q.shape().dim(3);
        Tensor rate = Setup.uniform(Shape.of(heads), seed, -16, -1);
        Tensor step = steps(Setup.tokens(q), seed + 1);
        Tensor gate = Tensor.zeros(step.shape().dims());
        Tensor values = Tensor.zeros(v.shape().dims());
        for (int row = 0; row < gate.shape().elements(); row++) {
            gate.set(row, step.get(row) * rate.get(row / length % heads));
            for (int c = row * d; c < (row + 1) * d; c++) {
                values.set(c, step.get(row) * v.get(c));
            }
        }
        return new Case(Setup.recurrence(q).gate(Gate.HEAD_TOKEN).build(),
                Setup.inputs(q, k, values, Map.of("gate", gate, "step", step, "rate", rate, "x", v)));
    }

    /** {@code h <- exp(step rate) h + step B^T x}, {@code y = C h}. */
    private static double[] mamba2Twin(Map<String, Tensor> in) {
        Entry step = RecurrenceTwin.of(in, "step");
        Entry b = RecurrenceTwin.of(in, "k");
        Entry rate = RecurrenceTwin.constants(in, "rate");
        return RecurrenceTwin.of(in, (n, t, a) -> step.at(n, t, a) * b.at(n, t, a), RecurrenceTwin.of(in, "x"),
                (n, t, a) -> Math.exp(step.at(n, t, a) * rate.at(n, t, a)));
    }

    /**
     * Each channel is a system of its own, {@code h <- exp(step λ) h + x}, {@code y = Re(C h)}, with rates {@code λ_n = -1/2 + iπn}
     * (S4D-Lin) and complex C. In the frame that turns with the state only its size decays: keys are {@code e^(-iθt)} and queries
     * {@code |C| e^(iθt + i arg C)}, real and imaginary part beside each other.
     */
    private static Case s4(Tensor q, Tensor k, Tensor v, long seed) {
        Tensor x = Setup.byChannel(v);
        int channels = x.shape().dim(1);
        int length = Setup.length(x);
        int state = 2 * MODES;
        Tensor step = steps(Shape.of(channels), seed);
        Tensor c = Tensor.random(Shape.of(channels, state), seed + 1);
        Tensor gate = Tensor.zeros(channels, state);
        for (int e = 0; e < channels * state; e++) {
            gate.set(e, -step.get(e / state) / 2);
        }
        Tensor queries = Tensor.zeros(x.shape().dim(0), channels, length, state);
        Tensor keys = Tensor.zeros(queries.shape().dims());
        for (int e = 0; e < queries.shape().elements(); e++) {
            int channel = e / state / length % channels;
            int n = e % MODES;
            double real = c.get(channel * state + n);
            double imaginary = c.get(channel * state + MODES + n);
            double turned = Math.PI * n * step.get(channel) * (e / state % length);
            boolean first = e % state < MODES;
            keys.set(e, (float) (first ? Math.cos(turned) : Math.sin(turned)));
            queries.set(e, (float) (first ? real * Math.cos(turned) - imaginary * Math.sin(turned) : real * Math.sin(turned) + imaginary * Math.cos(turned)));
        }
        RecurrenceSpec spec = RecurrenceSpec.of(x.shape().dim(0), channels, length, state).valueDim(1).gate(Gate.KEY_CONST).dtype(q.dtype()).build();
        return new Case(spec, Setup.inputs(queries, keys, x, Map.of("gate", gate, "step", step, "c", c, "x", v)));
    }

    private static double[] s4Twin(Map<String, Tensor> in) {
        Shape shape = in.get("x").shape();
        Entry x = RecurrenceTwin.of(in, "x");
        Entry step = RecurrenceTwin.constants(in, "step");
        Entry c = RecurrenceTwin.constants(in, "c");
        int d = shape.dim(3);
        return RecurrenceTwin.heads(shape.dim(0) * shape.dim(1) * d, shape.dim(2), 1, (channel, out) -> {
            double[] real = new double[MODES];
            double[] imaginary = new double[MODES];
            for (int t = 0; t < out.length; t++) {
                for (int n = 0; n < MODES; n++) {
                    double size = Math.exp(-step.at(channel, t, 0) / 2);
                    double angle = Math.PI * n * step.at(channel, t, 0);
                    double before = real[n];
                    real[n] = size * (Math.cos(angle) * before - Math.sin(angle) * imaginary[n]) + x.at(channel / d, t, channel % d);
                    imaginary[n] = size * (Math.sin(angle) * before + Math.cos(angle) * imaginary[n]);
                    out[t][0] += c.at(channel, t, n) * real[n] - c.at(channel, t, MODES + n) * imaginary[n];
                }
            }
        });
    }
}
