package tessera.io.onnx;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.DoubleSupplier;
import java.util.stream.Stream;

/**
 * A model of one Attention node and its inputs, drawn from a seed. Left out is what ONNX Runtime 1.29 refuses: masks broadcast
 * over queries or keys, or with fewer keys than there are; a scale that is not positive; past tokens without present ones.
 *
 * @param packed three dimensions, the heads side by side in the last one, instead of four
 * @param past tokens of the past, may be 0; null where the node has none of these inputs
 * @param present the node also gives past and new tokens together
 * @param padded the node is told how many keys of each batch are no padding
 * @param scale null where the node does not say
 * @param softcap 0 for none
 */
record DrawnAttention(long seed, int opset, boolean packed, int batch, int heads, int kvHeads, int queries, int keys, int headDim,
        int valueDim, Integer past, boolean present, boolean padded, boolean causal, Float scale, float softcap, MaskKind mask,
        List<Integer> maskDims) {

    enum MaskKind { NONE, BOOLEAN, ADDITIVE }

    /** So that long sequences with many heads do not take all the time. */
    private static final long MOST_MULTIPLICATIONS = 1L << 28;

    static DrawnAttention of(long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        int longest = switch (random.nextInt(8)) {
            case 0, 1 -> 512;
            case 2, 3 -> 64;
            default -> 16;
        };
        return Stream.generate(() -> draw(seed, random, longest)).filter(drawn -> drawn.multiplications() <= MOST_MULTIPLICATIONS)
                .findFirst().orElseThrow();
    }

    private static DrawnAttention draw(long seed, SplittableRandom random, int longest) {
        int opset = random.nextInt(23, 25);
        int batch = random.nextInt(1, 4);
        int kvHeads = random.nextInt(1, 5);
        int heads = kvHeads * random.nextInt(1, 9);
        int queries = length(random, longest);
        int keys = length(random, longest);
        int headDim = random.nextInt(1, 129);
        int valueDim = random.nextInt(4) == 0 ? headDim : random.nextInt(1, 129);
        Integer past = random.nextInt(3) > 0 ? null : random.nextInt(8) == 0 ? 0 : length(random, longest);
        boolean present = past != null || random.nextInt(4) == 0;
        boolean padded = opset >= 24 && past == null && random.nextInt(3) == 0;
        // ONNX Runtime takes a single query after a past to see every key, right for one new key only
        boolean causal = random.nextBoolean() && !(queries == 1 && past != null && past > 0 && keys > 1);
        Float scale = random.nextBoolean() ? null : (float) (random.nextDouble(0.2, 2) / Math.sqrt(headDim));
        float softcap = random.nextInt(3) > 0 ? 0 : (float) random.nextDouble(0.5, 30);
        MaskKind mask = MaskKind.values()[random.nextInt(3)];
        List<Integer> maskDims = mask == MaskKind.NONE ? List.of()
                : List.of(random.nextBoolean() ? 1 : batch, random.nextBoolean() ? 1 : heads, queries, keys + (past == null ? 0 : past))
                        .subList(random.nextInt(3), 4);
        return new DrawnAttention(seed, opset, random.nextBoolean(), batch, heads, kvHeads, queries, keys, headDim, valueDim, past, present,
                padded, causal, scale, softcap, mask, maskDims);
    }

    /** Often the longest, often next to nothing. */
    private static int length(SplittableRandom random, int longest) {
        return switch (random.nextInt(4)) {
            case 0 -> longest;
            case 1 -> random.nextInt(1, 4);
            default -> random.nextInt(1, longest + 1);
        };
    }

    private long multiplications() {
        return (long) batch * heads * queries * (keys + (past == null ? 0 : past)) * (headDim + valueDim);
    }

    /** The model that goes with {@link #inputs}. */
    OnnxBytes model(List<OnnxRuntime.Input> inputs) {
        OnnxBytes graph = new OnnxBytes().text(2, "graph").message(1, node());
        inputs.forEach(input -> graph.message(11, OnnxBytes.value(input.name(), input.type(), input.dims())));
        outputs().forEach(output -> graph.message(12, OnnxBytes.value(output, OnnxRuntime.FLOAT)));
        return OnnxBytes.model(opset, graph);
    }

    private List<String> outputs() {
        return present ? List.of("Y", "present_key", "present_value") : List.of("Y");
    }

    private OnnxBytes node() {
        List<OnnxBytes> attributes = new ArrayList<>();
        if (packed) {
            attributes.add(OnnxBytes.attribute("q_num_heads", heads));
            attributes.add(OnnxBytes.attribute("kv_num_heads", kvHeads));
        }
        if (causal) {
            attributes.add(OnnxBytes.attribute("is_causal", 1));
        }
        if (scale != null) {
            attributes.add(OnnxBytes.attribute("scale", scale));
        }
        if (softcap != 0) {
            attributes.add(OnnxBytes.attribute("softcap", softcap));
        }
        String inputs = "Q,K,V," + (mask == MaskKind.NONE ? "" : "attn_mask") + (past == null ? ",," : ",past_key,past_value")
                + (padded ? ",nonpad_kv_seqlen" : "");
        return OnnxBytes.node("", "Attention", inputs, String.join(",", outputs()), attributes.toArray(OnnxBytes[]::new));
    }

    /** The same values at each call. */
    List<OnnxRuntime.Input> inputs() {
        SplittableRandom random = new SplittableRandom(seed).split();
        List<OnnxRuntime.Input> inputs = new ArrayList<>();
        inputs.add(floats("Q", tokens(heads, queries, headDim), random::nextGaussian));
        inputs.add(floats("K", tokens(kvHeads, keys, headDim), random::nextGaussian));
        inputs.add(floats("V", tokens(kvHeads, keys, valueDim), random::nextGaussian));
        if (mask != MaskKind.NONE) {
            inputs.add(mask(random));
        }
        if (past != null) {
            inputs.add(floats("past_key", new int[] {batch, kvHeads, past, headDim}, random::nextGaussian));
            inputs.add(floats("past_value", new int[] {batch, kvHeads, past, valueDim}, random::nextGaussian));
        }
        if (padded) {
            ByteBuffer lengths = ByteBuffer.allocate(Long.BYTES * batch).order(ByteOrder.LITTLE_ENDIAN);
            while (lengths.hasRemaining()) {
                lengths.putLong(random.nextInt(keys + 1));
            }
            inputs.add(new OnnxRuntime.Input("nonpad_kv_seqlen", OnnxRuntime.INT64, new int[] {batch}, lengths.array()));
        }
        return inputs;
    }

    /** From nearly nothing allowed, with rows that see no key at all, to everything. */
    private OnnxRuntime.Input mask(SplittableRandom random) {
        int[] dims = maskDims.stream().mapToInt(Integer::intValue).toArray();
        double allowed = List.of(0.05, 0.5, 0.95, 1.0).get(random.nextInt(4));
        if (mask == MaskKind.BOOLEAN) {
            byte[] truth = new byte[elements(dims)];
            for (int n = 0; n < truth.length; n++) {
                truth[n] = (byte) (random.nextDouble() < allowed ? 1 : 0);
            }
            return new OnnxRuntime.Input("attn_mask", OnnxRuntime.BOOL, dims, truth);
        }
        // a row of other numbers below -1e29 has no key for us, and the mean of all values for ONNX Runtime
        double excluded = random.nextBoolean() ? Double.NEGATIVE_INFINITY : -Float.MAX_VALUE;
        return floats("attn_mask", dims, () -> random.nextDouble() < allowed ? 2 * random.nextGaussian() : excluded);
    }

    private int[] tokens(int heads, int length, int dim) {
        return packed ? new int[] {batch, length, heads * dim} : new int[] {batch, heads, length, dim};
    }

    private static OnnxRuntime.Input floats(String name, int[] dims, DoubleSupplier values) {
        ByteBuffer raw = ByteBuffer.allocate(Float.BYTES * elements(dims)).order(ByteOrder.LITTLE_ENDIAN);
        while (raw.hasRemaining()) {
            raw.putFloat((float) values.getAsDouble());
        }
        return new OnnxRuntime.Input(name, OnnxRuntime.FLOAT, dims, raw.array());
    }

    private static int elements(int[] dims) {
        return Arrays.stream(dims).reduce(1, Math::multiplyExact);
    }
}
