package tessera;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.Collectors;
import tessera.engine.Kernel;

/**
 * What happens to the scores of an attention between the product and the softmax. With p the query's position,
 * {@code s = scale * q·k}, then {@code s = softcap * tanh(s / softcap)}, then {@code s + bias - slope * (p - key)}; a key that
 * the mask tensor, the bias or the length excludes does not count.
 *
 * @param softcap bound on the scores (Gemma 2, arXiv:2408.00118), 0 for none
 * @param slopes whether there is an input {@code slopes [heads]}: linear biases of ALiBi (arXiv:2108.12409)
 * @param sinks whether there is an input {@code sinks [heads]}: a logit of each head that joins the denominator, and with it
 *        the log-sum-exp, but has no value (gpt-oss, arXiv:2508.10925); a query without keys then gives 0 and the logit
 * @param bias shape of the input {@code bias}, or null: of up to four dimensions, kept as four, that broadcast from the right to
 *        [batch, heads, queries, keys]; -1e29 and less, so minus infinity too, excludes the key
 * @param mask shape of the input {@code mask} of type I8, or null: as for the bias; 0 excludes the key
 * @param keyLengths whether there is an input {@code keyLengths [batch]} of type I32: keys from that length on are padding, and
 *        {@link CausalAlignment#BOTTOM_RIGHT} aligns with the last key before it
 * @param function the user's own change of each score, or null; on the JVM
 * @param kernel the same as a kernel, or null; on every device, see {@link AttentionBuilder#scoreKernel}
 */
public record Scores(float softcap, boolean slopes, boolean sinks, Shape bias, Shape mask, boolean keyLengths, ScoreFunction function,
        Kernel kernel) {

    /** Plain scores. */
    public static final Scores NONE = new Scores(0, false, false, null, null, false, null, null);

    /** A bias of this or less excludes its key. */
    public static final float EXCLUDED = -1e29f;

    /** @throws IllegalArgumentException for a softcap that is no number from 0 on, or a shape of more than four dimensions */
    public Scores {
        Require.finite("softcap", softcap);
        if (softcap < 0) {
            throw new IllegalArgumentException("softcap must be positive, or 0 for none, got " + softcap);
        }
        bias = inFour("bias", bias);
        mask = inFour("mask", mask);
        if (function != null && kernel != null) {
            throw new IllegalArgumentException("scores change by a function or by a kernel, not by both");
        }
    }

    private static Shape inFour(String name, Shape shape) {
        if (shape != null && shape.rank() > 4) {
            throw new IllegalArgumentException(name + " must have at most four dimensions, got " + shape);
        }
        return shape == null ? null : shape.padded(4);
    }

    /** Whether the user changes the scores himself. */
    public boolean isOwn() {
        return function != null || kernel != null;
    }

    /** True if nothing happens to the scores. */
    public boolean isPlain() {
        return softcap == 0 && !slopes && !sinks && bias == null && mask == null && !keyLengths && !isOwn();
    }

    /** The same with all keys. */
    public Scores withoutLengths() {
        return new Scores(softcap, slopes, sinks, bias, mask, false, function, kernel);
    }

    /** The type in which an input of {@link #inputs} is stored. */
    static DType type(String input) {
        return switch (input) {
            case "mask" -> DType.I8;
            case "keyLengths", "cuSeqlensQ", "cuSeqlensK", "pageTable", "keyBlocks", "keyColumns" -> DType.I32;
            default -> DType.F32;
        };
    }

    void addInputs(Map<String, Shape> inputs, int lengths, int heads) {
        if (slopes) {
            inputs.put("slopes", Shape.of(heads));
        }
        if (sinks) {
            inputs.put("sinks", Shape.of(heads));
        }
        if (bias != null) {
            inputs.put("bias", bias);
        }
        if (mask != null) {
            inputs.put("mask", mask);
        }
        if (keyLengths) {
            inputs.put("keyLengths", Shape.of(lengths));
        }
    }

    void requireFit(int... full) {
        requireFit("bias", bias, full);
        requireFit("mask", mask, full);
    }

    private static void requireFit(String name, Shape shape, int[] full) {
        for (int axis = 0; shape != null && axis < full.length; axis++) {
            if (shape.dim(axis) != 1 && shape.dim(axis) != full[axis]) {
                throw new IllegalArgumentException(name + " must broadcast to [batch, heads, queries, keys] = "
                        + Arrays.toString(full) + ", got " + shape);
            }
        }
    }

    /** The same over other sizes. */
    Scores resized(int... full) {
        return new Scores(softcap, slopes, sinks, resized(bias, full), resized(mask, full), keyLengths, function, kernel);
    }

    /** For example {@code soft cap, slopes}. */
    @Override
    public String toString() {
        Map<String, Boolean> parts = new LinkedHashMap<>();
        parts.put("soft cap", softcap > 0);
        parts.put("slopes", slopes);
        parts.put("sink logits", sinks);
        parts.put("bias", bias != null);
        parts.put("mask tensor", mask != null);
        parts.put("key lengths", keyLengths);
        parts.put("a function", function != null);
        parts.put("a kernel", kernel != null);
        return isPlain() ? "plain scores"
                : parts.entrySet().stream().filter(Map.Entry::getValue).map(Map.Entry::getKey).collect(Collectors.joining(", "));
    }

    private static Shape resized(Shape shape, int[] full) {
        if (shape == null) {
            return null;
        }
        int[] dims = shape.dims();
        for (int axis = 0; axis < dims.length; axis++) {
            dims[axis] = dims[axis] == 1 ? 1 : full[axis];
        }
        return Shape.of(dims);
    }
}
