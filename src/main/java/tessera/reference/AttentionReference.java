package tessera.reference;

import java.util.HashMap;
import java.util.Map;
import tessera.AttentionSpec;
import tessera.Scores;
import tessera.Shape;
import tessera.Tensor;

/** Softmax attention in double precision: scores, then softmax, then the weighted sum, each stored. */
public final class AttentionReference {
    private final AttentionSpec spec;
    private final Scores scores;
    private final Map<String, Tensor> inputs;

    private AttentionReference(AttentionSpec spec, Map<String, Tensor> inputs) {
        this.spec = spec;
        this.scores = spec.scores();
        this.inputs = inputs;
    }

    /** Units are rows: (batch, head, query). */
    public static Expected compute(AttentionSpec spec, Map<String, Tensor> inputs, Sample sample) {
        AttentionReference reference = new AttentionReference(spec, inputs);
        int[] rows = sample.of(spec.batch() * spec.heads() * spec.queries());
        int dv = spec.valueDim();
        int[] at = new int[rows.length * dv];
        double[] out = new double[rows.length * dv];
        double[] lse = new double[rows.length];
        for (int n = 0; n < rows.length; n++) {
            double[] row = new double[dv];
            lse[n] = reference.row(rows[n], row);
            for (int c = 0; c < dv; c++) {
                at[n * dv + c] = rows[n] * dv + c;
                out[n * dv + c] = row[c];
            }
        }
        Map<String, Expected.Values> outputs = new HashMap<>();
        outputs.put("out", new Expected.Values(at, out));
        if (spec.lse()) {
            outputs.put("lse", new Expected.Values(rows, lse));
        }
        return new Expected(outputs);
    }

    private double row(int row, double[] out) {
        int query = row % spec.queries();
        int head = row / spec.queries() % spec.heads();
        int batch = row / spec.queries() / spec.heads();
        int kv = batch * spec.kvHeads() + head / (spec.heads() / spec.kvHeads());
        double sink = scores.sinks() ? inputs.get("sinks").get(head) : Double.NEGATIVE_INFINITY;
        double[] score = new double[spec.keys()];
        double max = sink;
        for (int j = 0; j < spec.keys(); j++) {
            score[j] = score(batch, head, query, j, row, kv);
            max = Math.max(max, score[j]);
        }
        if (max == Double.NEGATIVE_INFINITY) {
            return max;
        }
        double total = Math.exp(sink - max);
        for (int j = 0; j < spec.keys(); j++) {
            total += Math.exp(score[j] - max);
        }
        Tensor v = inputs.get("v");
        for (int j = 0; j < spec.keys(); j++) {
            double weight = Math.exp(score[j] - max) / total;
            if (weight > 0) {
                for (int c = 0; c < spec.valueDim(); c++) {
                    out[c] += weight * v.get((kv * spec.keys() + j) * spec.valueDim() + c);
                }
            }
        }
        return max + Math.log(total);
    }

    /** Minus infinity for a key that the query does not see. */
    private double score(int batch, int head, int query, int key, int row, int kv) {
        int length = scores.keyLengths() ? (int) inputs.get("keyLengths").get(batch) : spec.keys();
        int position = query + spec.alignment().offset(spec.queries(), length);
        double bias = scores.bias() == null ? 0 : at("bias", batch, head, query, key);
        boolean masked = scores.mask() != null && at("mask", batch, head, query, key) == 0;
        if (key >= length || masked || bias <= Scores.EXCLUDED || !spec.allowsAt(head, query, position, key)) {
            return Double.NEGATIVE_INFINITY;
        }
        double score = 0;
        for (int c = 0; c < spec.headDim(); c++) {
            score += (double) inputs.get("q").get(row * spec.headDim() + c) * inputs.get("k").get((kv * spec.keys() + key) * spec.headDim() + c);
        }
        score *= spec.scale();
        if (scores.softcap() > 0) {
            score = scores.softcap() * Math.tanh(score / scores.softcap());
        }
        double slope = scores.slopes() ? inputs.get("slopes").get(head) : 0;
        return score + bias - slope * (position - key);
    }

    /** The element of an input that broadcasts to [batch, heads, queries, keys]. */
    private double at(String name, int... index) {
        Shape shape = inputs.get(name).shape();
        int offset = 0;
        for (int axis = 0; axis < index.length; axis++) {
            offset = offset * shape.dim(axis) + (shape.dim(axis) == 1 ? 0 : index[axis]);
        }
        return inputs.get(name).get(offset);
    }
}
