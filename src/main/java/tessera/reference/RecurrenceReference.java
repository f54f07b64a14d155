package tessera.reference;

import java.util.HashMap;
import java.util.Map;
import java.util.stream.IntStream;
import tessera.RecurrenceSpec;
import tessera.Tensor;
import tessera.UpdateRule;
import tessera.UpdateRule.Correction;
import tessera.UpdateRule.Gate;
import tessera.UpdateRule.Norm;

/**
 * The gated linear recurrence in double precision, one token after the other. Where the normaliser {@code q·z} is exactly 0, the
 * output is 0.
 */
public final class RecurrenceReference {

    /** Of a sample's last tokens, how many times as many before them are walked over, and the logarithm of what may be left of older ones. */
    private static final int BEFORE = 16;
    private static final double NOTHING = -40;

    private final RecurrenceSpec spec;
    private final UpdateRule rule;
    private final Map<String, Tensor> inputs;
    private final int group;
    private double[] out;
    private double[][] s;
    private double[] z;
    private double m;
    private int head;
    private int row;

    private RecurrenceReference(RecurrenceSpec spec, Map<String, Tensor> inputs) {
        this.spec = spec;
        this.rule = spec.rule();
        this.inputs = inputs;
        this.group = spec.outHeads() / spec.stateHeads();
    }

    /**
     * Units are states: (batch or sequence, state head), with the outputs that read it. A sample's last tokens are left out, and the
     * last state with them, where tokens before those that are walked over still count.
     */
    public static Expected compute(RecurrenceSpec spec, Map<String, Tensor> inputs, Sample sample) {
        RecurrenceReference reference = new RecurrenceReference(spec, inputs);
        Collected out = new Collected();
        Collected s = new Collected();
        Collected z = new Collected();
        Collected m = new Collected();
        for (int state : sample.of(spec.states())) {
            if (!reference.state(state, out, sample.tokens())) {
                continue;
            }
            for (int c = 0; c < spec.keyDim(); c++) {
                s.add((state * spec.keyDim() + c) * spec.valueDim(), reference.s[c]);
            }
            z.add(state * spec.keyDim(), reference.z);
            m.add(state, new double[] {reference.m});
        }
        Map<String, Expected.Values> outputs = new HashMap<>();
        outputs.put("out", out.values());
        if (spec.finalState()) {
            outputs.put("s", s.values());
            if (spec.normalised()) {
                outputs.put("z", z.values());
            }
            if (spec.rule().inputGate()) {
                outputs.put("m", m.values());
            }
        }
        return new Expected(outputs);
    }

    private double in(String name, int index) {
        return inputs.get(name).get(index);
    }

    /** Whether the last state is computed too. */
    private boolean state(int state, Collected collected, int tokens) {
        int sequence = state / spec.stateHeads();
        head = state % spec.stateHeads();
        int batch = spec.sequences() > 0 ? 0 : sequence;
        int first = spec.sequences() > 0 ? (int) in("cuSeqlens", sequence) : 0;
        int end = spec.sequences() > 0 ? (int) in("cuSeqlens", sequence + 1) : spec.length();
        row = (batch * spec.stateHeads() + head) * spec.length();
        start(state);
        if (!spec.causal()) {
            for (int t = first; t < end; t++) {
                update(batch, t);
            }
        }
        if (tokens == 0 || !isCut(tokens)) {
            walk(batch, first, end, first, collected);
            return true;
        }
        walk(batch, 0, tokens, 0, collected);
        int from = end - (BEFORE + 1) * tokens;
        if (!forgets(batch, from, end - tokens)) {
            return false;
        }
        s = new double[spec.keyDim()][spec.valueDim()];
        z = new double[spec.keyDim()];
        walk(batch, from, end, end - tokens, collected);
        return true;
    }

    private boolean isCut(int tokens) {
        return spec.causal() && !spec.weighted() && !rule.inputGate() && spec.gate().isOfKeys() && spec.sequences() == 0
                && spec.length() > (BEFORE + 2) * tokens;
    }

    private boolean forgets(int batch, int from, int end) {
        return IntStream.range(0, spec.keyDim()).allMatch(c -> IntStream.range(from, end).mapToDouble(t -> Math.log(keep(batch, t, c, 0))).sum() < NOTHING);
    }

    /** Tokens [from, end), of which those from {@code read} on are read. */
    private void walk(int batch, int from, int end, int read, Collected collected) {
        for (int t = from; t < end; t++) {
            if (spec.causal() && !rule.readsPrevious() && !spec.weighted()) {
                update(batch, t);
            }
            for (int g = 0; g < group && t >= read; g++) {
                int outHead = (batch * spec.stateHeads() + head) * group + g;
                out = new double[spec.valueDim()];
                read(batch, outHead, t);
                collected.add((outHead * spec.length() + t) * spec.valueDim(), out);
            }
            if (spec.causal() && rule.readsPrevious() && !spec.weighted()) {
                update(batch, t);
            }
        }
    }

    private void start(int state) {
        s = new double[spec.keyDim()][spec.valueDim()];
        z = new double[spec.keyDim()];
        m = rule.inputGate() ? Double.NEGATIVE_INFINITY : 0;
        if (spec.initialState()) {
            for (int c = 0; c < spec.keyDim(); c++) {
                z[c] = spec.normalised() ? in("z0", state * spec.keyDim() + c) : 0;
                for (int e = 0; e < spec.valueDim(); e++) {
                    s[c][e] = in("s0", (state * spec.keyDim() + c) * spec.valueDim() + e);
                }
            }
            m = rule.inputGate() ? in("m0", state) : 0;
        }
    }

    private double q(int batch, int outHead, int t, int c) {
        int qHead = outHead % spec.outHeads() / (spec.outHeads() / spec.heads());
        return feature(in("q", ((batch * spec.heads() + qHead) * spec.length() + t) * spec.keyDim() + c));
    }

    private double k(int batch, int t, int c) {
        int kHead = head / (spec.stateHeads() / spec.keyHeads());
        return feature(in("k", ((batch * spec.keyHeads() + kHead) * spec.length() + t) * spec.keyDim() + c));
    }

    private double v(int batch, int t, int e) {
        int vHead = head / (spec.stateHeads() / spec.valueHeads());
        return in("v", ((batch * spec.valueHeads() + vHead) * spec.length() + t) * spec.valueDim() + e);
    }

    /** {@code S = G S + b^T((a S) c) + k^T v}, {@code z = G z + k}. */
    private void update(int batch, int t) {
        double before = m;
        if (rule.inputGate()) {
            m = Math.max(Math.log(keep(batch, t, 0, 0)) + before, in("logInput", row + t));
        }
        double stay = rule.inputGate() ? Math.exp(before - m) : 1;
        double enter = rule.inputGate() ? Math.exp(in("logInput", row + t) - m) : 1;
        double beta = rule.correction() == Correction.DELTA ? in("beta", row + t) : 0;
        double[] key = IntStream.range(0, spec.keyDim()).mapToDouble(c -> k(batch, t, c)).toArray();
        double[] kept = IntStream.range(0, spec.keyDim()).mapToDouble(c -> spec.gate().isOfKeys() ? keep(batch, t, c, 0) : Double.NaN).toArray();
        double[][] previous = s;
        s = new double[spec.keyDim()][spec.valueDim()];
        for (int e = 0; e < spec.valueDim(); e++) {
            double value = v(batch, t, e);
            double seen = 0;
            for (int c = 0; c < spec.keyDim(); c++) {
                seen += switch (rule.correction()) {
                    case NONE -> 0;
                    case DELTA -> key[c] * kept[c] * previous[c][e];
                    case RANK_ONE, RANK_ONE_BY_VALUE -> in("a", (row + t) * spec.keyDim() + c) * previous[c][e];
                };
            }
            double share = rule.correction() == Correction.RANK_ONE_BY_VALUE ? in("c", (row + t) * spec.valueDim() + e) : 1;
            for (int c = 0; c < spec.keyDim(); c++) {
                s[c][e] = stay * (spec.gate().isOfKeys() ? kept[c] : keep(batch, t, c, e)) * previous[c][e];
                s[c][e] += switch (rule.correction()) {
                    case NONE -> enter * key[c] * value;
                    case DELTA -> beta * key[c] * (value - seen);
                    case RANK_ONE, RANK_ONE_BY_VALUE -> in("b", (row + t) * spec.keyDim() + c) * seen * share + key[c] * value;
                };
            }
        }
        for (int c = 0; c < spec.keyDim() && spec.normalised(); c++) {
            z[c] = stay * kept[c] * z[c] + enter * key[c];
        }
    }

    /** What element (c, e) of the state keeps. */
    private double keep(int batch, int t, int c, int e) {
        int key = (row + t) * spec.keyDim() + c;
        int value = (row + t) * spec.valueDim() + e;
        return switch (spec.gate()) {
            case NONE -> 1;
            case HEAD_CONST -> Math.exp(in("gate", head));
            case KEY_CONST -> Math.exp(in("gate", head * spec.keyDim() + c));
            case HEAD_TOKEN -> Math.exp(in("gate", row + t));
            case KEY_TOKEN -> Math.exp(in("gate", key));
            case VALUE_TOKEN -> Math.exp(in("valueGate", value));
            case KEY_VALUE -> Math.exp(in("gate", key) + in("valueGate", value));
            case SSM -> Math.exp(in("delta", value) * in("rate", (head * spec.valueDim() + e) * spec.keyDim() + c));
            case IMPLICIT -> 1 - in("epsilon", value) * k(batch, t, c) * k(batch, t, c);
        };
    }

    private void read(int batch, int outHead, int t) {
        double weights = 0;
        double scale = 1;
        double own = 0;
        double[] query = IntStream.range(0, spec.keyDim()).mapToDouble(c -> q(batch, outHead, t, c)).toArray();
        for (int c = 0; c < spec.keyDim(); c++) {
            own += rule.bonus() ? query[c] * in("u", head * spec.keyDim() + c) * k(batch, t, c) : 0;
        }
        if (rule.inputGate() && rule.bonus()) {
            double entering = in("logInput", row + t);
            double most = Math.max(m, entering);
            scale = Math.exp(m - most);
            own *= Math.exp(entering - most);
        }
        if (spec.weighted()) {
            weights = pairs(batch, outHead, t, query);
        }
        for (int c = 0; c < spec.keyDim() && !spec.weighted(); c++) {
            weights += scale * query[c] * z[c];
            for (int e = 0; e < spec.valueDim(); e++) {
                out[e] += scale * query[c] * s[c][e];
            }
        }
        weights += own;
        double divisor = switch (rule.norm()) {
            case NONE -> 1 / spec.scale();
            case SUM -> weights;
            case MAXABS -> Math.max(Math.abs(weights * spec.scale()), Math.exp(-m)) / spec.scale();
        };
        for (int e = 0; e < spec.valueDim(); e++) {
            double sum = out[e] + own * v(batch, t, e);
            out[e] = rule.norm() == Norm.SUM && divisor == 0 || rule.norm() == Norm.NONE && spec.scale() == 0 ? 0 : sum / divisor;
        }
    }

    /** Every earlier token with its decay and weight; the sum of what they weigh. */
    private double pairs(int batch, int outHead, int t, double[] query) {
        double weights = 0;
        double[] decayed = query.clone();
        for (int j = t; j >= 0; j--) {
            double score = 0;
            for (int c = 0; c < spec.keyDim(); c++) {
                score += decayed[c] * k(batch, j, c);
                decayed[c] *= rule.readsPrevious() && j == t ? 1 : keep(batch, j, c, 0);
            }
            score *= rule.readsPrevious() && j == t ? 0 : in("weights", (outHead * spec.length() + t) * spec.length() + j);
            weights += score;
            for (int e = 0; e < spec.valueDim(); e++) {
                out[e] += score * v(batch, j, e);
            }
        }
        return weights;
    }

    private double feature(double x) {
        return switch (spec.featureMap()) {
            case IDENTITY -> x;
            case ELU_PLUS_ONE -> x > 0 ? x + 1 : Math.exp(x);
            case RELU -> Math.max(x, 0);
        };
    }
}
