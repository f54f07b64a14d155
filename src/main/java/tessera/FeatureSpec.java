package tessera;

import java.util.LinkedHashMap;
import java.util.Map;

/**
 * The feature map of linear attention (FMAP), token by token: {@code out = φ(x)}. The formulas, papers and sizes of φ are those
 * of {@link Features}.
 *
 * <p>Inputs {@code x [batch, heads, length, dim]} and, for random features, {@code omega [count, dim]} (F32), the same for queries
 * and keys. Output {@code out [batch, heads, length, size]} with {@link #size} features a token.
 */
public record FeatureSpec(int batch, int heads, int length, int dim, Features features, DType dtype) implements Spec {

    /** @throws IllegalArgumentException naming the argument that does not fit, and what would */
    public FeatureSpec {
        Require.positive("batch", batch, "heads", heads, "length", length, "dim", dim);
        Require.given("features", features);
        Require.storage(dtype);
        if (features instanceof Features.Cosine(int longest) && longest < length) {
            throw new IllegalArgumentException("longest must be at least length = " + length + ", got " + longest);
        }
        if (features.size(dim) > Integer.MAX_VALUE) {
            throw new IllegalArgumentException("a token of dim = " + dim + " has " + features.size(dim) + " features, 2^31 - 1 is the most; use a smaller dim");
        }
        Shape.of(batch, heads, length, dim);
        Shape.of(batch, heads, length, (int) features.size(dim));
        Shape.of(Math.max(features.randomRows(), 1), dim);
    }

    /** Of float32 tokens. */
    public static FeatureSpec of(int batch, int heads, int length, int dim, Features features) {
        return new FeatureSpec(batch, heads, length, dim, features, DType.F32);
    }

    @Override
    public String operator() {
        return "FMAP";
    }

    /** Features of a token. */
    public int size() {
        return (int) features.size(dim);
    }

    @Override
    public Map<String, Shape> inputs() {
        Map<String, Shape> inputs = new LinkedHashMap<>();
        inputs.put("x", Shape.of(batch, heads, length, dim));
        if (features.randomRows() > 0) {
            inputs.put("omega", Shape.of(features.randomRows(), dim));
        }
        return inputs;
    }

    /** {@inheritDoc} Random rows are F32. */
    @Override
    public DType type(String input) {
        return input.equals("omega") ? DType.F32 : dtype;
    }

    @Override
    public Map<String, Shape> outputs() {
        Map<String, Shape> outputs = new LinkedHashMap<>();
        outputs.put("out", Shape.of(batch, heads, length, size()));
        return outputs;
    }

    @Override
    public FeatureSpec miniature() {
        return new FeatureSpec(Math.min(batch, 2), Math.min(heads, 2), Math.min(length, 19), dim, features, dtype);
    }
}
