package tessera.experiments;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import tessera.AttentionSpec;
import tessera.DType;
import tessera.NumberFormat;
import tessera.QuantSpec;
import tessera.QuantisedAttentionSpec;
import tessera.Shape;
import tessera.Spec;
import tessera.Tensor;
import tessera.Tessera;
import tessera.engine.Device;
import tessera.operators.Operators;
import tessera.reference.Accuracy;
import tessera.reference.AttentionReference;
import tessera.reference.Expected;
import tessera.reference.Sample;

/**
 * What is lost and saved when keys and values of causal attention are quantised, by the axis along which numbers share a scale. No times.
 *
 * @param residual last tokens that are not quantised
 * @param group tokens or channels that share a scale, and tokens of a block
 */
public record Quantisation(Data data, int batch, int heads, int length, int headDim, List<Integer> bits, boolean symmetric, int group, int residual,
        DType dtype, Device device, long seed) {

    /** Rows of the result that are compared. */
    private static final int ROWS = 256;

    /** Which numbers share a scale: some tokens of a channel, some channels of a token, or all channels of some tokens. */
    public enum Axis {
        CHANNEL, TOKEN, BLOCK;

        QuantSpec of(QuantSpec spec, int group) {
            return switch (this) {
                case CHANNEL -> spec.groups(group, 1);
                case TOKEN -> spec.groups(1, group);
                case BLOCK -> spec.groups(group, spec.dim());
            };
        }

        @Override
        public String toString() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /** @throws IllegalArgumentException if nothing is left to quantise */
    public Quantisation {
        if (residual < 0 || residual >= length) {
            throw new IllegalArgumentException("residual must be from 0 to below length = " + length + ", got " + residual);
        }
    }

    /**
     * One combination.
     *
     * @param verified RMS ratio of the kernel to attention in double precision over the same codes
     * @param keyError root mean square of what is lost of a key's number, and of a value's
     * @param error RMS ratio to attention in double precision over what was quantised
     */
    public record Row(int bits, Axis keys, Axis values, boolean smooth, double bytesPerToken, double share, double keyError, double valueError,
            Accuracy verified, double error) {

        public boolean passed() {
            return verified.within(DType.F16.tolerance());
        }

        /** Named values in the order of the columns. */
        public Map<String, Object> columns() {
            Map<String, Object> columns = new LinkedHashMap<>();
            columns.put("bits", bits);
            columns.put("keys by", keys.toString());
            columns.put("values by", values.toString());
            columns.put("keys smoothed", smooth ? "yes" : "no");
            columns.put("bytes/token", bytesPerToken);
            columns.put("of float16", share);
            columns.put("key error", keyError);
            columns.put("value error", valueError);
            columns.put("output RMS", error);
            columns.put("kernel RMS", verified.rms());
            return columns;
        }
    }

    /** How many rows there are. */
    public int size() {
        return bits.size() * Axis.values().length * 2 * 2;
    }

    /** Every combination of bits, axes and smoothing; values go by channel or by token. */
    public List<Row> run(Consumer<String> progress) {
        Workload drawn = data.draw(batch, heads, length, headDim, seed);
        Tensor q = drawn.q().to(dtype);
        Tensor k = drawn.k().to(dtype);
        Tensor v = drawn.v().to(dtype);
        AttentionSpec attention = AttentionSpec.of(batch, heads, length, headDim).causal().dtype(dtype).build();
        Sample sample = new Sample(ROWS, seed);
        Expected dense = AttentionReference.compute(attention, Map.of("q", q, "k", k, "v", v), sample);
        List<Row> rows = new ArrayList<>();
        for (int b : bits) {
            for (Axis keys : Axis.values()) {
                for (boolean smooth : new boolean[] {false, true}) {
                    for (Axis values : List.of(Axis.TOKEN, Axis.CHANNEL)) {
                        rows.add(row(attention, q, k, v, dense, sample, b, keys, values, smooth));
                        progress.accept(b + " bits, keys by " + keys + ", values by " + values);
                    }
                }
            }
        }
        return rows;
    }

    private Row row(AttentionSpec attention, Tensor q, Tensor k, Tensor v, Expected dense, Sample sample, int b, Axis keys, Axis values, boolean smooth) {
        int packed = length - residual;
        QuantSpec spec = QuantSpec.of(batch, heads, packed, headDim, new NumberFormat.Integers(b, symmetric)).withDType(dtype);
        QuantSpec forK = keys.of(spec, group).smooth(smooth ? packed : 0);
        QuantSpec forV = values.of(spec, group);
        Tensor firstK = tokens(k, 0, packed, null);
        Tensor firstV = tokens(v, 0, packed, null);
        Map<String, Tensor> codesK = run(forK, Map.of("x", firstK));
        Map<String, Tensor> codesV = run(forV, Map.of("x", firstV));
        Tensor mean = codesK.get("mean");
        QuantisedAttentionSpec over = new QuantisedAttentionSpec(attention, forK.smooth(0), forV);
        Map<String, Tensor> inputs = new LinkedHashMap<>(Map.of("q", q, "kCodes", codesK.get("codes"), "kScales", codesK.get("scales"),
                "vCodes", codesV.get("codes"), "vScales", codesV.get("scales")));
        if (residual > 0) {
            inputs.put("k", tokens(k, packed, length, mean));
            inputs.put("v", tokens(v, packed, length, null));
        }
        Tensor out = run(over, inputs).get("out");
        return new Row(b, keys, values, smooth, (double) over.cacheBytes() / batch / heads / length, over.cacheBytes() / (4.0 * batch * heads * length * headDim),
                lost(forK, codesK, tokens(k, 0, packed, mean)), lost(forV, codesV, firstV), Operators.of(over).reference(over, inputs, sample).compare(Map.of("out", out)),
                dense.compare(Map.of("out", out)).rms());
    }

    private Map<String, Tensor> run(Spec spec, Map<String, Tensor> inputs) {
        try (var plan = Tessera.plan(spec, device)) {
            return plan.run(inputs).outputs();
        }
    }

    /** Root mean square of what codes stand for less what it was. */
    private double lost(QuantSpec spec, Map<String, Tensor> codes, Tensor whole) {
        Tensor back = run(spec.dequantise(), Map.of("codes", codes.get("codes"), "scales", codes.get("scales"))).get("out");
        int size = whole.shape().elements();
        return Math.sqrt(IntStream.range(0, size).mapToDouble(e -> back.get(e) - whole.get(e)).map(d -> d * d).sum() / size);
    }

    /** Tokens from {@code first} to before {@code end}, less a mean if there is one. */
    private static Tensor tokens(Tensor x, int first, int end, Tensor mean) {
        int n = x.shape().dim(2);
        int dim = x.shape().dim(3);
        Tensor some = Tensor.zeros(x.dtype(), Shape.of(x.shape().dim(0), x.shape().dim(1), end - first, dim));
        for (int e = 0; e < some.shape().elements(); e++) {
            int head = e / dim / (end - first);
            float value = x.get((head * n + first + e / dim % (end - first)) * dim + e % dim);
            some.set(e, mean == null ? value : value - mean.get(head * dim + e % dim));
        }
        return some;
    }
}
