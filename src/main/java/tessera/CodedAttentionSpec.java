package tessera;

import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Softmax attention whose scores are products of 8-bit integers (SageAttention, arXiv:2410.02367):
 * {@code out = softmax(scale sQ sK (cQ - 127)(cK - 127)^T) v}, where {@code x = s (c - 127)} with one scale s for all channels of a block
 * of tokens. Products are summed as integers; weights and values are real numbers.
 *
 * <p>Inputs {@code q [batch, heads, queries, headDim]} and {@code k [batch, kvHeads, keys, headDim]} of type I8, codes from 0 to 254 as
 * bytes; {@code qScales [batch, heads, ceil(queries / blockQ), 1, 1]} and {@code kScales [batch, kvHeads, ceil(keys / blockK), 1, 1]} of
 * type F32; {@code v [batch, kvHeads, keys, valueDim]}. Output {@code out [batch, heads, queries, valueDim]}. Query head h reads
 * key/value head {@code h / (heads / kvHeads)}.
 *
 * @param scale factor on q·k, {@code 1 / sqrt(headDim)} unless set
 * @param causal whether a query sees only keys up to its own position; the last query stands at the last key
 * @param blockQ queries that share a scale
 * @param blockK keys that share a scale
 * @param dtype storage of v and out
 */
public record CodedAttentionSpec(int batch, int heads, int kvHeads, int queries, int keys, int headDim, int valueDim, float scale, boolean causal,
        int blockQ, int blockK, DType dtype) implements Spec {

    /** Largest sum of products of {@code headDim} codes: int sums are exact, and turn into floats exactly. */
    private static final int MOST_CHANNELS = 1024;

    /** @throws IllegalArgumentException naming the argument that does not fit, and what would */
    public CodedAttentionSpec {
        Require.positive("batch", batch, "heads", heads, "kvHeads", kvHeads, "queries", queries, "keys", keys, "headDim", headDim,
                "valueDim", valueDim, "blockQ", blockQ, "blockK", blockK);
        Require.finite("scale", scale);
        Require.storage(dtype);
        if (heads % kvHeads != 0) {
            throw new IllegalArgumentException("kvHeads must divide heads: " + kvHeads + " does not divide " + heads);
        }
        if (headDim > MOST_CHANNELS) {
            throw new IllegalArgumentException("headDim must be at most " + MOST_CHANNELS + ", so that sums of products are exact floats, got " + headDim);
        }
        Shape.of(batch, heads, queries, Math.max(headDim, valueDim));
        Shape.of(batch, kvHeads, keys, Math.max(headDim, valueDim));
    }

    /** Full attention over {@code length} tokens, float32 values, with blocks of 128 queries and of 64 keys, as in the paper. */
    public static CodedAttentionSpec of(int batch, int heads, int length, int headDim) {
        return new CodedAttentionSpec(batch, heads, heads, length, length, headDim, headDim, (float) (1 / Math.sqrt(headDim)), false, 128, 64, DType.F32);
    }

    /** With keys and values of another length, number of heads and size. */
    public CodedAttentionSpec withKeys(int length, int valueHeads, int size) {
        return new CodedAttentionSpec(batch, heads, valueHeads, queries, length, headDim, size, scale, causal, blockQ, blockK, dtype);
    }

    public CodedAttentionSpec withCausal() {
        return new CodedAttentionSpec(batch, heads, kvHeads, queries, keys, headDim, valueDim, scale, true, blockQ, blockK, dtype);
    }

    public CodedAttentionSpec withScale(float factor) {
        return new CodedAttentionSpec(batch, heads, kvHeads, queries, keys, headDim, valueDim, factor, causal, blockQ, blockK, dtype);
    }

    /** With so many queries and keys to a scale. */
    public CodedAttentionSpec withBlocks(int ofQueries, int ofKeys) {
        return new CodedAttentionSpec(batch, heads, kvHeads, queries, keys, headDim, valueDim, scale, causal, ofQueries, ofKeys, dtype);
    }

    public CodedAttentionSpec withDType(DType type) {
        return new CodedAttentionSpec(batch, heads, kvHeads, queries, keys, headDim, valueDim, scale, causal, blockQ, blockK, type);
    }

    /** The operator is ATTN, over codes. */
    @Override
    public String operator() {
        return "ATTN";
    }

    @Override
    public Map<String, Shape> inputs() {
        Map<String, Shape> inputs = new LinkedHashMap<>();
        inputs.put("q", Shape.of(batch, heads, queries, headDim));
        inputs.put("qScales", Shape.of(batch, heads, Math.ceilDiv(queries, blockQ), 1, 1));
        inputs.put("k", Shape.of(batch, kvHeads, keys, headDim));
        inputs.put("kScales", Shape.of(batch, kvHeads, Math.ceilDiv(keys, blockK), 1, 1));
        inputs.put("v", Shape.of(batch, kvHeads, keys, valueDim));
        return inputs;
    }

    /** {@inheritDoc} Codes are I8, scales F32. */
    @Override
    public DType type(String input) {
        return switch (input) {
            case "q", "k" -> DType.I8;
            case "v" -> dtype;
            default -> DType.F32;
        };
    }

    @Override
    public Map<String, Shape> outputs() {
        return Map.of("out", Shape.of(batch, heads, queries, valueDim));
    }

    /** How many keys beyond its own number a query sees, where it is causal. */
    public int diagonal() {
        return causal ? keys - queries : keys;
    }

    @Override
    public CodedAttentionSpec miniature() {
        int few = Math.min(kvHeads, 2);
        return new CodedAttentionSpec(Math.min(batch, 2), few * (heads / kvHeads), few, Math.min(queries, 37), Math.min(keys, 45), headDim, valueDim,
                Math.clamp(scale, -1f, 1f), causal, blockQ, blockK, dtype);
    }
}
