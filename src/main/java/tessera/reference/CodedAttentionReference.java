package tessera.reference;

import java.util.Arrays;
import java.util.Map;
import java.util.stream.IntStream;
import tessera.CodedAttentionSpec;
import tessera.Tensor;

/** Attention over codes in double precision: what they stand for, then the formula. */
public final class CodedAttentionReference {
    private final CodedAttentionSpec spec;
    private final Map<String, Tensor> inputs;

    private CodedAttentionReference(CodedAttentionSpec spec, Map<String, Tensor> inputs) {
        this.spec = spec;
        this.inputs = inputs;
    }

    /** Units are rows: (batch, head, query). */
    public static Expected compute(CodedAttentionSpec spec, Map<String, Tensor> inputs, Sample sample) {
        CodedAttentionReference reference = new CodedAttentionReference(spec, inputs);
        int[] rows = sample.of(spec.batch() * spec.heads() * spec.queries());
        int dv = spec.valueDim();
        int[] at = IntStream.of(rows).flatMap(row -> IntStream.range(row * dv, (row + 1) * dv)).toArray();
        double[] out = IntStream.of(rows).parallel().mapToObj(reference::row).flatMapToDouble(Arrays::stream).toArray();
        return new Expected(Map.of("out", new Expected.Values(at, out)));
    }

    private double[] row(int row) {
        int i = row % spec.queries();
        int kvHead = row / spec.queries() / (spec.heads() / spec.kvHeads());
        int end = Math.min(spec.keys(), i + spec.diagonal() + 1);
        double[] out = new double[spec.valueDim()];
        if (end <= 0) {
            return out;
        }
        double[] query = token("q", row / spec.queries(), i, spec.queries(), spec.blockQ());
        double[] scores = IntStream.range(0, end).mapToDouble(j -> {
            double[] key = token("k", kvHead, j, spec.keys(), spec.blockK());
            return spec.scale() * IntStream.range(0, spec.headDim()).mapToDouble(c -> query[c] * key[c]).sum();
        }).toArray();
        double max = IntStream.range(0, end).mapToDouble(j -> scores[j]).max().getAsDouble();
        double total = 0;
        for (int j = 0; j < end; j++) {
            double weight = Math.exp(scores[j] - max);
            total += weight;
            for (int c = 0; c < out.length; c++) {
                out[c] += weight * inputs.get("v").get((kvHead * spec.keys() + j) * out.length + c);
            }
        }
        for (int c = 0; c < out.length; c++) {
            out[c] /= total;
        }
        return out;
    }

    /** What the codes of a token stand for. */
    private double[] token(String name, int head, int token, int tokens, int block) {
        double scale = inputs.get(name + "Scales").get(head * Math.ceilDiv(tokens, block) + token / block);
        int base = (head * tokens + token) * spec.headDim();
        return IntStream.range(0, spec.headDim()).mapToDouble(c -> scale * (((int) inputs.get(name).get(base + c) & 255) - 127)).toArray();
    }
}
