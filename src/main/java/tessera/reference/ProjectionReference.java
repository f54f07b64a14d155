package tessera.reference;

import java.util.Map;
import java.util.stream.IntStream;
import tessera.ProjectionSpec;
import tessera.ProjectionSpec.Axis;
import tessera.Tensor;

/** Projections in double precision, an element at a time. */
public final class ProjectionReference {
    private ProjectionReference() {
    }

    /** Units are rows of the result: (batch, head, token). */
    public static Expected compute(ProjectionSpec spec, Map<String, Tensor> inputs, Sample sample) {
        boolean channels = spec.axis() == Axis.CHANNELS;
        int tokens = channels ? spec.length() : spec.features();
        int size = channels ? spec.features() : spec.dim();
        int[] chosen = sample.of(spec.batch() * spec.outHeads() * tokens);
        int[] at = IntStream.range(0, chosen.length * size).map(i -> chosen[i / size] * size + i % size).toArray();
        double[] out = IntStream.of(at).mapToDouble(i -> {
            int token = i / size % tokens;
            int head = i / size / tokens % spec.outHeads();
            int batch = i / size / tokens / spec.outHeads();
            return channels ? feature(spec, inputs, batch, head, token, i % size) : channel(spec, inputs, batch, head, token, i % size);
        }).toArray();
        return new Expected(Map.of("out", new Expected.Values(at, out)));
    }

    private static double feature(ProjectionSpec spec, Map<String, Tensor> inputs, int batch, int head, int token, int feature) {
        double sum = spec.bias() ? inputs.get("bias").get(weightHead(spec, head) * spec.features() + feature) : 0;
        for (int c = 0; c < spec.dim(); c++) {
            sum += x(spec, inputs, batch, head, token, c)
                    * inputs.get("weight").get((weightHead(spec, head) * spec.dim() + c) * spec.features() + feature);
        }
        return sum;
    }

    private static double channel(ProjectionSpec spec, Map<String, Tensor> inputs, int batch, int head, int row, int channel) {
        double sum = 0;
        for (int n = 0; n < spec.length(); n++) {
            sum += inputs.get("weight").get((weightHead(spec, head) * spec.features() + row) * spec.length() + n)
                    * x(spec, inputs, batch, head, n, channel);
        }
        return sum;
    }

    private static double x(ProjectionSpec spec, Map<String, Tensor> inputs, int batch, int head, int token, int channel) {
        int own = spec.heads() == 1 ? 0 : head;
        return inputs.get("x").get(((batch * spec.heads() + own) * spec.length() + token) * spec.dim() + channel);
    }

    private static int weightHead(ProjectionSpec spec, int head) {
        return spec.weightHeads() == 1 ? 0 : head;
    }
}
