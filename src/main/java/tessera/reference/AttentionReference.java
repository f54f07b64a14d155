package tessera.reference;

import java.util.HashMap;
import java.util.Map;
import tessera.AttentionSpec;
import tessera.Tensor;

/** Softmax attention in double precision: scores, then softmax, then the weighted sum, each stored. */
public final class AttentionReference {
    private AttentionReference() {
    }

    /** Units are rows: (batch, head, query). */
    public static Expected compute(AttentionSpec spec, Tensor q, Tensor k, Tensor v, Sample sample) {
        int[] rows = sample.of(spec.batch() * spec.heads() * spec.queries());
        int dv = spec.valueDim();
        int[] at = new int[rows.length * dv];
        double[] out = new double[rows.length * dv];
        double[] lse = new double[rows.length];
        for (int n = 0; n < rows.length; n++) {
            double[] row = new double[dv];
            lse[n] = row(spec, q, k, v, rows[n], row);
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

    private static double row(AttentionSpec spec, Tensor q, Tensor k, Tensor v, int row, double[] out) {
        int query = row % spec.queries();
        int head = row / spec.queries() % spec.heads();
        int batch = row / spec.queries() / spec.heads();
        int kv = batch * spec.kvHeads() + head / (spec.heads() / spec.kvHeads());
        double[] score = new double[spec.keys()];
        double max = Double.NEGATIVE_INFINITY;
        for (int j = 0; j < spec.keys(); j++) {
            score[j] = Double.NEGATIVE_INFINITY;
            if (spec.allows(head, query, j)) {
                double dot = 0;
                for (int c = 0; c < spec.headDim(); c++) {
                    dot += (double) q.get(row * spec.headDim() + c) * k.get((kv * spec.keys() + j) * spec.headDim() + c);
                }
                score[j] = dot * spec.scale();
                max = Math.max(max, score[j]);
            }
        }
        if (max == Double.NEGATIVE_INFINITY) {
            return max;
        }
        double total = 0;
        for (int j = 0; j < spec.keys(); j++) {
            total += Math.exp(score[j] - max);
        }
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
}
