package tessera.reference;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.IntStream;
import tessera.ConvolutionSpec;
import tessera.Tensor;

/** Depthwise convolution in double precision, over lines written out with all that surrounds them. */
public final class ConvolutionReference {
    private ConvolutionReference() {
    }

    /** Units are lines: (batch, channel). */
    public static Expected compute(ConvolutionSpec spec, Map<String, Tensor> inputs, Sample sample) {
        int[] chosen = sample.of(spec.batch() * spec.channels());
        double[][] out = new double[chosen.length][];
        double[][] present = new double[chosen.length][];
        for (int n = 0; n < chosen.length; n++) {
            double[] padded = padded(spec, inputs, chosen[n]);
            out[n] = convolve(spec, inputs, chosen[n] % spec.channels(), padded);
            present[n] = IntStream.range(spec.length(), spec.length() + spec.before()).mapToDouble(t -> padded[t]).toArray();
        }
        Map<String, Expected.Values> outputs = new LinkedHashMap<>();
        outputs.put("out", values(chosen, out));
        if (spec.present()) {
            outputs.put("present", values(chosen, present));
        }
        return new Expected(outputs);
    }

    /** What comes before, the line itself, and zeros; {@code length + width - 1} values. */
    private static double[] padded(ConvolutionSpec spec, Map<String, Tensor> inputs, int line) {
        double[] padded = new double[spec.length() + spec.width() - 1];
        for (int t = 0; t < spec.length(); t++) {
            padded[spec.before() + t] = inputs.get("x").get(line * spec.length() + t);
        }
        for (int t = 0; spec.past() && t < spec.before(); t++) {
            padded[t] = inputs.get("past").get(line * spec.before() + t);
        }
        return padded;
    }

    private static double[] convolve(ConvolutionSpec spec, Map<String, Tensor> inputs, int channel, double[] padded) {
        double[] out = new double[spec.length()];
        for (int t = 0; t < out.length; t++) {
            double sum = spec.bias() ? inputs.get("bias").get(channel) : 0;
            for (int j = 0; j < spec.width(); j++) {
                sum += inputs.get("weight").get(channel * spec.width() + j) * padded[t + j];
            }
            out[t] = spec.silu() ? sum / (1 + Math.exp(-sum)) : sum;
        }
        return out;
    }

    private static Expected.Values values(int[] lines, double[][] values) {
        int size = values[0].length;
        int[] at = IntStream.range(0, lines.length * size).map(i -> lines[i / size] * size + i % size).toArray();
        return new Expected.Values(at, IntStream.range(0, at.length).mapToDouble(i -> values[i / size][i % size]).toArray());
    }
}
