package tessera.methods;

import java.util.List;
import java.util.Map;
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
            new Method("G08", StateSpaceMethods::mamba2, StateSpaceMethods::mamba2Twin),
            new Method("G18", StateSpaceMethods::s4, StateSpaceMethods::s4Twin));

    private StateSpaceMethods() {
    }

    /** Steps from 0.001 to 0.1, as models start. */
    private static Tensor steps(Shape shape, long seed) {
        return Setup.map(Setup.uniform(shape, seed, -3, -1), x -> Math.pow(10, x));
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
