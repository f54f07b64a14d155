package tessera.reference;

import java.util.HashMap;
import java.util.Map;
import java.util.stream.IntStream;
import tessera.AttentionSpec;
import tessera.ScoreStage;
import tessera.Scores;
import tessera.Shape;
import tessera.Tensor;
import tessera.TensorLayout;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;

/** Softmax attention in double precision: scores, then softmax, then the weighted sum, each stored. */
public final class AttentionReference {
    /** Rows whose weights are in memory at once, where whole heads are asked for. */
    private static final int AT_ONCE = 256;

    private final AttentionSpec spec;
    private final Scores scores;
    private final Map<String, Tensor> inputs;
    private final Arranged arranged;

    private AttentionReference(AttentionSpec spec, Map<String, Tensor> inputs) {
        this.spec = spec;
        this.scores = spec.scores();
        this.inputs = inputs;
        this.arranged = new Arranged(spec, inputs);
    }

    /** One row of the result: scores, minus infinity for keys that it does not see, weights, and the output and log-sum-exp that they give. */
    public record Row(double[] score, double[] weight, double[] out, double lse) {
    }

    /** Units are rows: (batch, head, query). Masses are those of the heads of the first and the last row. */
    public static Expected compute(AttentionSpec spec, Map<String, Tensor> inputs, Sample sample) {
        AttentionReference reference = new AttentionReference(spec, inputs);
        int[] rows = sample.of(spec.batch() * spec.heads() * spec.queries());
        Row[] computed = rows(spec, inputs, rows);
        Map<String, Expected.Values> outputs = new HashMap<>();
        reference.gather(outputs, "out", rows, spec.valueDim(), computed, (_, row) -> row.out);
        if (spec.lse()) {
            reference.gather(outputs, "lse", rows, 1, computed, (_, row) -> new double[] {row.lse});
        }
        if (spec.requested().scores() != null) {
            reference.gather(outputs, "scores", rows, spec.keys(), computed, reference::stage);
        }
        int[] heads = {rows[0] / spec.queries(), rows[rows.length - 1] / spec.queries()};
        if (spec.requested().columnMass()) {
            outputs.put("columnMass", reference.mass(heads, spec.queries(), 1));
        }
        if (spec.requested().massQ() > 0) {
            outputs.put("blockMass", reference.mass(heads, spec.requested().massQ(), spec.requested().massK()));
        }
        if (spec.arrangement().past() > 0) {
            outputs.put("presentK", reference.present(spec.headDim(), reference.arranged::k));
            if (!spec.arrangement().valuesInKeys()) {
                outputs.put("presentV", reference.present(spec.valueDim(), reference.arranged::v));
            }
        }
        return new Expected(outputs);
    }

    /** Chosen rows, counted over (batch, head, query). */
    public static Row[] rows(AttentionSpec spec, Map<String, Tensor> inputs, int[] rows) {
        AttentionReference reference = new AttentionReference(spec, inputs);
        return IntStream.of(rows).parallel().mapToObj(reference::row).toArray(Row[]::new);
    }

    private interface Part {
        double[] of(int row, Row computed);
    }

    /** A part of every computed row, where it lies in an output; {@code out} in the spec's layout, others by rows. */
    private void gather(Map<String, Expected.Values> outputs, String name, int[] rows, int size, Row[] computed, Part part) {
        int[] at = new int[rows.length * size];
        double[] values = new double[rows.length * size];
        for (int n = 0; n < rows.length; n++) {
            int row = rows[n];
            if (name.equals("out") && spec.arrangement().layout() == TensorLayout.BLHD) {
                int head = row / spec.queries();
                row = (head / spec.heads() * spec.queries() + row % spec.queries()) * spec.heads() + head % spec.heads();
            }
            double[] value = part.of(rows[n], computed[n]);
            for (int c = 0; c < size; c++) {
                at[n * size + c] = row * size + c;
                values[n * size + c] = value[c];
            }
        }
        outputs.put(name, new Expected.Values(at, values));
    }

    private double[] scores(int row) {
        int query = row % spec.queries();
        int head = row / spec.queries() % spec.heads();
        int batch = row / spec.queries() / spec.heads();
        int sequence = arranged.sequence(batch, query);
        double[] score = new double[spec.keys()];
        for (int j = 0; j < spec.keys(); j++) {
            score[j] = sequence < 0 ? Double.NEGATIVE_INFINITY : score(batch, sequence, head, query, j);
        }
        changeByKernel(score, row);
        return score;
    }

    private Row row(int row) {
        int head = row / spec.queries() % spec.heads();
        int sequence = arranged.sequence(row / spec.queries() / spec.heads(), row % spec.queries());
        double[] score = scores(row);
        boolean[] skipped = SkippedReference.keys(spec, row, this::scores);
        double sink = scores.sinks() && sequence >= 0 ? inputs.get("sinks").get(head) : Double.NEGATIVE_INFINITY;
        double max = Math.max(sink, IntStream.range(0, score.length).mapToDouble(j -> score[j]).max().orElseThrow());
        double[] weight = new double[spec.keys()];
        double[] out = new double[spec.valueDim()];
        if (max == Double.NEGATIVE_INFINITY) {
            return new Row(score, weight, out, max);
        }
        double total = Math.exp(sink - max);
        for (double s : score) {
            total += Math.exp(s - max);
        }
        for (int j = 0; j < spec.keys(); j++) {
            weight[j] = Math.exp(score[j] - max) / total;
            if (weight[j] > 0 && !skipped[j]) {
                Arranged.Token v = arranged.v(sequence, spec.headMaps().values().get(head), j - arranged.keyStart(sequence));
                for (int c = 0; c < out.length; c++) {
                    out[c] += weight[j] * v.at(c);
                }
            }
        }
        return new Row(score, weight, out, max + Math.log(total));
    }

    /** Minus infinity for a key that the query does not see. */
    private double score(int batch, int sequence, int head, int query, int key) {
        int own = query - arranged.queryStart(sequence);
        int ownKey = key - arranged.keyStart(sequence);
        int position = own + spec.alignment().offset(arranged.queries(sequence), arranged.keys(sequence));
        double bias = scores.bias() == null ? 0 : at("bias", batch, head, query, key);
        boolean masked = scores.mask() != null && at("mask", batch, head, query, key) == 0;
        if (ownKey < 0 || ownKey >= arranged.keys(sequence) || masked || bias <= Scores.EXCLUDED
                || !spec.allowsAt(head, own, position, ownKey) || !arranged.lists(batch, head, query, key)) {
            return Double.NEGATIVE_INFINITY;
        }
        double slope = scores.slopes() ? inputs.get("slopes").get(head) : 0;
        double score = capped(product(batch, sequence, head, query, ownKey)) + bias - slope * (position - ownKey);
        return scores.function() == null ? score : scores.function().apply((float) score, batch, head, query, key);
    }

    private double product(int batch, int sequence, int head, int query, int ownKey) {
        double product = 0;
        Arranged.Token q = arranged.q(batch, head, query);
        Arranged.Token k = arranged.k(sequence, spec.headMaps().keys().get(head), ownKey);
        for (int c = 0; c < spec.headDim(); c++) {
            product += q.at(c) * k.at(c);
        }
        return product * spec.scale();
    }

    private double capped(double score) {
        return scores.softcap() > 0 ? scores.softcap() * Math.tanh(score / scores.softcap()) : score;
    }

    /** The user's kernel on one row of an otherwise empty matrix, in its float32. */
    private void changeByKernel(double[] score, int row) {
        if (scores.kernel() == null) {
            return;
        }
        FloatArray matrix = new FloatArray(spec.batch() * spec.heads() * spec.queries() * spec.keys());
        for (int j = 0; j < score.length; j++) {
            matrix.set(row * score.length + j, (float) Math.max(score[j], -1e30));
        }
        try {
            scores.kernel().call(new Object[] {matrix, spec.heads(), spec.queries(), spec.keys(), row, 1});
        } catch (RuntimeException | Error e) {
            throw new IllegalArgumentException("the kernel " + scores.kernel() + " fails as plain Java: " + e.getMessage(), e);
        }
        for (int j = 0; j < score.length; j++) {
            score[j] = matrix.get(row * score.length + j) <= Scores.EXCLUDED ? Double.NEGATIVE_INFINITY : matrix.get(row * score.length + j);
        }
    }

    private double[] stage(int row, Row computed) {
        ScoreStage stage = spec.requested().scores();
        if (stage == ScoreStage.WEIGHTS) {
            return computed.weight;
        }
        if (stage == ScoreStage.MASKED) {
            return computed.score;
        }
        int head = row / spec.queries() % spec.heads();
        int batch = row / spec.queries() / spec.heads();
        return IntStream.range(0, spec.keys()).mapToDouble(j -> product(batch, batch, head, row % spec.queries(), j))
                .map(s -> stage == ScoreStage.CAPPED ? capped(s) : s).toArray();
    }

    /** Weights of whole heads, summed over blocks. */
    private Expected.Values mass(int[] heads, int blockQ, int blockK) {
        int columns = Math.ceilDiv(spec.keys(), blockK);
        int size = Math.ceilDiv(spec.queries(), blockQ) * columns;
        int[] at = new int[heads.length * size];
        double[] mass = new double[heads.length * size];
        for (int h = 0; h < heads.length; h++) {
            for (int n = 0; n < size; n++) {
                at[h * size + n] = heads[h] * size + n;
            }
            int firstRow = heads[h] * spec.queries();
            for (int from = 0; from < spec.queries(); from += AT_ONCE) {
                double[][] weights = IntStream.range(from, Math.min(spec.queries(), from + AT_ONCE)).parallel()
                        .mapToObj(i -> row(firstRow + i).weight).toArray(double[][]::new);
                for (int i = 0; i < weights.length; i++) {
                    for (int j = 0; j < spec.keys(); j++) {
                        mass[h * size + (from + i) / blockQ * columns + j / blockK] += weights[i][j];
                    }
                }
            }
        }
        return new Expected.Values(at, mass);
    }

    private interface Element {
        Arranged.Token at(int batch, int kvHead, int key);
    }

    /** Past and new tokens together. */
    private Expected.Values present(int dim, Element element) {
        Shape shape = spec.arrangement().layout().shape(spec.batch(), spec.kvHeads(), spec.keys(), dim);
        double[] values = new double[shape.elements()];
        for (int n = 0; n < values.length; n++) {
            int row = n / dim;
            boolean headFirst = spec.arrangement().layout() == TensorLayout.BHLD;
            int key = headFirst ? row % spec.keys() : row / spec.kvHeads() % spec.keys();
            int kvHead = headFirst ? row / spec.keys() % spec.kvHeads() : row % spec.kvHeads();
            values[n] = element.at(row / spec.keys() / spec.kvHeads(), kvHead, key).at(n % dim);
        }
        return new Expected.Values(IntStream.range(0, values.length).toArray(), values);
    }

    /** The element of a bias or mask that broadcasts to [batch, heads, queries, keys]; dimensions of 1 in front may be left out. */
    private double at(String name, int... index) {
        Shape shape = name.equals("bias") ? scores.bias() : scores.mask();
        int offset = 0;
        for (int axis = 0; axis < index.length; axis++) {
            offset = offset * shape.dim(axis) + (shape.dim(axis) == 1 ? 0 : index[axis]);
        }
        return inputs.get(name).get(offset);
    }
}
