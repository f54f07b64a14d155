package tessera;

import java.util.LinkedHashMap;
import java.util.Map;

/**
 * What follows an attention (EPI): {@code out = f(x)} or {@code f(x, y)}, token by token, by an {@link Epilogue}, which has the
 * formulas and papers.
 *
 * <p>Inputs {@code x [batch, heads, length, dim]}; of a norm {@code weight, bias [heads or 1, dim]} as it asks for; of a gate
 * {@code g}, of a sum {@code y}, in the shape of x. Output {@code out} in the shape of x.
 */
public record EpilogueSpec(int batch, int heads, int length, int dim, Epilogue epilogue, DType dtype) implements Spec {

    /** @throws IllegalArgumentException naming the argument that does not fit, and what would */
    public EpilogueSpec {
        Require.positive("batch", batch, "heads", heads, "length", length, "dim", dim);
        Require.given("epilogue", epilogue);
        Require.storage(dtype);
        if (epilogue instanceof Epilogue.Norm norm && norm.weightHeads() > 1 && norm.weightHeads() != heads) {
            throw new IllegalArgumentException("weightHeads must be 0, 1 or heads = " + heads + ", got " + norm.weightHeads());
        }
        Shape.of(batch, heads, length, dim);
    }

    /** Of float32 tokens. */
    public static EpilogueSpec of(int batch, int heads, int length, int dim, Epilogue epilogue) {
        return new EpilogueSpec(batch, heads, length, dim, epilogue, DType.F32);
    }

    @Override
    public String operator() {
        return "EPI";
    }

    @Override
    public Map<String, Shape> inputs() {
        Shape shape = Shape.of(batch, heads, length, dim);
        Map<String, Shape> inputs = new LinkedHashMap<>();
        inputs.put("x", shape);
        switch (epilogue) {
            case Epilogue.Activation _ -> { }
            case Epilogue.Norm norm -> {
                if (norm.weightHeads() > 0) {
                    inputs.put("weight", Shape.of(norm.weightHeads(), dim));
                }
                if (norm.bias()) {
                    inputs.put("bias", Shape.of(norm.weightHeads(), dim));
                }
            }
            case Epilogue.Gate _ -> inputs.put("g", shape);
            case Epilogue.Add _ -> inputs.put("y", shape);
        }
        return inputs;
    }

    @Override
    public Map<String, Shape> outputs() {
        Map<String, Shape> outputs = new LinkedHashMap<>();
        outputs.put("out", Shape.of(batch, heads, length, dim));
        return outputs;
    }

    @Override
    public EpilogueSpec miniature() {
        int few = Math.min(heads, 2);
        Epilogue small = epilogue instanceof Epilogue.Norm norm ? norm.withWeight(Math.min(norm.weightHeads(), few)) : epilogue;
        return new EpilogueSpec(Math.min(batch, 2), few, Math.min(length, 19), dim, small, dtype);
    }
}
