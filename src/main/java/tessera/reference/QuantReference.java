package tessera.reference;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.IntStream;
import tessera.NumberFormat;
import tessera.QuantSpec;
import tessera.QuantSpec.Direction;
import tessera.Tensor;

/** Quantisation in double precision, each number by all the numbers of its group. */
public final class QuantReference {
    private final QuantSpec spec;
    private final Map<String, Tensor> inputs;
    private final double[] mean;
    private final double[] x;
    private final double[] low;
    private final double[] high;

    private QuantReference(QuantSpec spec, Map<String, Tensor> inputs) {
        this.spec = spec;
        this.inputs = inputs;
        boolean given = spec.direction() == Direction.DEQUANTISE;
        mean = spec.run() == 0 ? null : IntStream.range(0, spec.outputs().get("mean").elements()).parallel().mapToDouble(this::mean).toArray();
        x = IntStream.range(0, given ? 0 : spec.batch() * spec.heads() * spec.length() * spec.dim()).mapToDouble(this::x).toArray();
        low = new double[spec.scales().elements() / spec.format().parts()];
        high = low.clone();
        Arrays.fill(low, Double.POSITIVE_INFINITY);
        Arrays.fill(high, Double.NEGATIVE_INFINITY);
        for (int e = 0; e < x.length; e++) {
            int group = group(e / spec.dim(), e % spec.dim());
            low[group] = Math.min(low[group], x[e]);
            high[group] = Math.max(high[group], x[e]);
        }
    }

    /** Units are tokens: (batch, head, token). Scales are those of the groups of chosen tokens, means all. */
    public static Expected compute(QuantSpec spec, Map<String, Tensor> inputs, Sample sample) {
        QuantReference reference = new QuantReference(spec, inputs);
        Map<String, Expected.Values> outputs = new LinkedHashMap<>();
        int[] tokens = sample.of(spec.batch() * spec.heads() * spec.length());
        if (spec.direction() == Direction.QUANTISE) {
            outputs.put("codes", reference.codes(tokens));
            outputs.put("scales", reference.scales(tokens));
        } else {
            int[] at = IntStream.of(tokens).flatMap(token -> IntStream.range(token * spec.dim(), (token + 1) * spec.dim())).toArray();
            outputs.put("out", new Expected.Values(at, IntStream.of(at).mapToDouble(e -> reference.restored(e / spec.dim(), e % spec.dim())).toArray()));
        }
        if (spec.run() > 0) {
            outputs.put("mean", new Expected.Values(IntStream.range(0, reference.mean.length).toArray(), reference.mean));
        }
        return new Expected(outputs);
    }

    /** What DEQUANTISE or ROUND gives for a channel of a token (batch, head, token). */
    private double restored(int token, int channel) {
        if (spec.direction() == Direction.DEQUANTISE) {
            int inByte = 8 / spec.format().bits();
            int code = (int) inputs.get("codes").get(token * spec.codes().dim(3) + channel / inByte) + 256;
            double value = dequantised(code / (1 << channel % inByte * spec.format().bits()) % (1 << spec.format().bits()),
                    IntStream.range(0, spec.format().parts()).mapToDouble(part -> inputs.get("scales").get(group(token, channel) * spec.format().parts() + part)).toArray());
            for (int n = token * spec.outliers(); n < (token + 1) * spec.outliers(); n++) {
                value += inputs.get("outlierChannels").get(n) == channel ? inputs.get("outliers").get(n) : 0;
            }
            return value;
        }
        return spec.format() instanceof NumberFormat.Floats floats ? rounded(floats, token, channel)
                : dequantised(code(token, channel), scale(group(token, channel)));
    }

    private double dequantised(int code, double[] scale) {
        double level = spec.format() instanceof NumberFormat.Integers integers ? code - integers.middle() : inputs.get("codebook").get(code);
        return level * scale[0] + (scale.length > 1 ? scale[1] : 0);
    }

    private int group(int token, int channel) {
        int groups = Math.ceilDiv(spec.length(), spec.groupTokens());
        int tokenGroup = token / spec.length() * groups + token % spec.length() / spec.groupTokens();
        return tokenGroup * Math.ceilDiv(spec.dim(), spec.groupChannels()) + channel / spec.groupChannels();
    }

    private Expected.Values codes(int[] tokens) {
        int bytes = spec.codes().dim(3);
        int inByte = 8 / spec.format().bits();
        int[] at = IntStream.of(tokens).flatMap(token -> IntStream.range(token * bytes, (token + 1) * bytes)).toArray();
        return new Expected.Values(at, IntStream.of(at).mapToDouble(e -> {
            int sum = 0;
            for (int i = 0; i < inByte && e % bytes * inByte + i < spec.dim(); i++) {
                sum += code(e / bytes, e % bytes * inByte + i) * (1 << i * spec.format().bits());
            }
            return (byte) sum;
        }).toArray());
    }

    private Expected.Values scales(int[] tokens) {
        int parts = spec.format().parts();
        int[] at = IntStream.of(tokens).flatMap(token -> IntStream.range(0, spec.dim()).map(channel -> group(token, channel))).distinct()
                .flatMap(group -> IntStream.range(group * parts, (group + 1) * parts)).toArray();
        return new Expected.Values(at, IntStream.of(at).mapToDouble(e -> scale(e / parts)[e % parts]).toArray());
    }

    /** The scale of a group, and its least value if that goes with it. */
    private double[] scale(int group) {
        double low = this.low[group];
        double high = this.high[group];
        return switch (spec.format()) {
            case NumberFormat.Integers integers when integers.symmetric() -> new double[] {Math.max(high, -low) / integers.middle()};
            case NumberFormat.Integers integers -> new double[] {(high - low) / integers.steps(), low};
            case NumberFormat.Codebook _ -> new double[] {high - low, low};
            case NumberFormat.Floats floats -> {
                double scale = Math.max(high, -low) / floats.largest();
                yield new double[] {floats.microscaled() ? nearest(NumberFormat.Floats.FP8, scale) : scale};
            }
        };
    }

    /** The number itself or, in float32 as it is stored, what it has beyond its run's mean. */
    private double x(int element) {
        double x = inputs.get("x").get(element);
        if (spec.run() == 0) {
            return x;
        }
        int token = element / spec.dim();
        int run = token / spec.length() * Math.ceilDiv(spec.length(), spec.run()) + token % spec.length() / spec.run();
        return (float) (x - mean[run * spec.dim() + element % spec.dim()]);
    }

    private double mean(int at) {
        int runs = Math.ceilDiv(spec.length(), spec.run());
        int row = at / spec.dim();
        int start = row % runs * spec.run();
        int head = row / runs;
        return IntStream.range(start, Math.min(spec.length(), start + spec.run()))
                .mapToDouble(n -> inputs.get("x").get((head * spec.length() + n) * spec.dim() + at % spec.dim())).average().orElseThrow();
    }

    private int code(int token, int channel) {
        int group = group(token, channel);
        double number = x[token * spec.dim() + channel];
        if (spec.format() instanceof NumberFormat.Codebook book) {
            double place = (number - low[group]) / (high[group] - low[group]);
            return (int) IntStream.range(1, 1 << book.bits())
                    .filter(n -> place >= ((double) inputs.get("codebook").get(n - 1) + inputs.get("codebook").get(n)) / 2).count();
        }
        NumberFormat.Integers integers = (NumberFormat.Integers) spec.format();
        double most = Math.max(high[group], -low[group]);
        double least = integers.symmetric() ? -most : low[group];
        double range = integers.symmetric() ? 2 * most : high[group] - low[group];
        return range == 0 ? 0 : (int) Math.floor((number - least) * integers.steps() / range + 0.5);
    }

    private double rounded(NumberFormat.Floats floats, int token, int channel) {
        double scale = scale(group(token, channel))[0];
        double number = x[token * spec.dim() + channel];
        return scale == 0 ? 0 : Math.copySign(scale * nearest(floats, Math.abs(number) / scale), number);
    }

    /** The nearest number of a format, its largest one for those beyond it. */
    private static double nearest(NumberFormat.Floats floats, double x) {
        double unit = Math.scalb(1.0, Math.max(Math.getExponent(x), floats.least()) - floats.fraction());
        return Math.min(floats.largest(), Math.floor(x / unit + 0.5) * unit);
    }
}
