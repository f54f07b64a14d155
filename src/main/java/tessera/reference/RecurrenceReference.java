package tessera.reference;

import java.util.HashMap;
import java.util.Map;
import tessera.RecurrenceSpec;
import tessera.Tensor;

/**
 * The gated linear recurrence in double precision, one token after the other. Where the normaliser {@code q·z} is exactly 0,
 * the output is 0.
 */
public final class RecurrenceReference {
    private final RecurrenceSpec spec;
    private final Tensor q;
    private final Tensor k;
    private final Tensor v;
    private final Tensor gate;
    private final Tensor s0;
    private final Tensor z0;
    private final double[] out;
    private final double[] s;
    private final double[] z;

    private RecurrenceReference(RecurrenceSpec spec, Map<String, Tensor> inputs, int units) {
        this.spec = spec;
        q = inputs.get("q");
        k = inputs.get("k");
        v = inputs.get("v");
        gate = inputs.get("gate");
        s0 = inputs.get("s0");
        z0 = inputs.get("z0");
        out = new double[units * spec.length() * spec.valueDim()];
        s = new double[units * spec.keyDim() * spec.valueDim()];
        z = new double[units * spec.keyDim()];
    }

    /** Units are heads: (batch, head). */
    public static Expected compute(RecurrenceSpec spec, Map<String, Tensor> inputs, Sample sample) {
        int[] heads = sample.of(spec.batch() * spec.heads());
        RecurrenceReference reference = new RecurrenceReference(spec, inputs, heads.length);
        for (int n = 0; n < heads.length; n++) {
            reference.head(n, heads[n]);
        }
        Map<String, Expected.Values> outputs = new HashMap<>();
        outputs.put("out", values(heads, reference.out));
        if (spec.finalState()) {
            outputs.put("s", values(heads, reference.s));
            if (spec.normalised()) {
                outputs.put("z", values(heads, reference.z));
            }
        }
        return new Expected(outputs);
    }

    private static Expected.Values values(int[] heads, double[] value) {
        int size = value.length / heads.length;
        int[] at = new int[value.length];
        for (int n = 0; n < at.length; n++) {
            at[n] = heads[n / size] * size + n % size;
        }
        return new Expected.Values(at, value);
    }

    private void head(int unit, int head) {
        int dk = spec.keyDim();
        int dv = spec.valueDim();
        double[][] state = new double[dk][dv];
        double[] normaliser = new double[dk];
        if (spec.initialState()) {
            for (int c = 0; c < dk; c++) {
                normaliser[c] = spec.normalised() ? z0.get(head * dk + c) : 0;
                for (int e = 0; e < dv; e++) {
                    state[c][e] = s0.get((head * dk + c) * dv + e);
                }
            }
        }
        for (int t = 0; t < spec.length(); t++) {
            int token = head * spec.length() + t;
            double[] sum = new double[dv];
            double weights = 0;
            for (int c = 0; c < dk; c++) {
                double g = Math.exp(logGate(head, token, c));
                double key = feature(k.get(token * dk + c));
                double query = feature(q.get(token * dk + c));
                normaliser[c] = g * normaliser[c] + key;
                weights += query * normaliser[c];
                for (int e = 0; e < dv; e++) {
                    state[c][e] = g * state[c][e] + key * v.get(token * dv + e);
                    sum[e] += query * state[c][e];
                }
            }
            for (int e = 0; e < dv; e++) {
                double normalised = weights == 0 ? 0 : sum[e] / weights;
                out[(unit * spec.length() + t) * dv + e] = spec.normalised() ? normalised : spec.scale() * sum[e];
            }
        }
        for (int c = 0; c < dk; c++) {
            z[unit * dk + c] = normaliser[c];
            System.arraycopy(state[c], 0, s, (unit * dk + c) * dv, dv);
        }
    }

    private double logGate(int head, int token, int channel) {
        return switch (spec.gate()) {
            case NONE -> 0;
            case HEAD_CONST -> gate.get(head % spec.heads());
            case HEAD_TOKEN -> gate.get(token);
            case KEY_TOKEN -> gate.get(token * spec.keyDim() + channel);
        };
    }

    private double feature(double x) {
        return switch (spec.featureMap()) {
            case IDENTITY -> x;
            case ELU_PLUS_ONE -> x > 0 ? x + 1 : Math.exp(x);
            case RELU -> Math.max(x, 0);
        };
    }
}
