package tessera;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;

/**
 * Fast-weight memory (FWM), test-time training: an inner model f whose weights W are the memory. Every token takes a step down the
 * gradient of a loss of {@code f(k_t)} and {@code v_t}, and reads {@code out_t = f(q_t)} with the weights after it. Gradients of a
 * chunk are taken at the weights from before it (a mini-batch); chunk 1 is gradient descent token by token. Covers TTT-Linear and
 * TTT-MLP (arXiv:2407.04620), Titans (arXiv:2501.00663) and LaCT (arXiv:2505.23884).
 *
 * <p>Inputs {@code q, k [batch, heads, length, keyDim]}, {@code v [batch, heads, length, valueDim]} and, of type F32,
 * {@code step [batch, heads, length]}, the step of each token down its gradient (TTT's eta, Titans' theta); with
 * {@code queryStep}, {@code queryStep [batch, heads, length]}; with MOMENTUM, {@code momentum} and {@code forget} of the same shape
 * (Titans' eta and alpha): {@code P_t = momentum_t P_{t-1} - step_t grad_t}, {@code W_t = (1 - forget_t) W_{t-1} + P_t}; for models with a
 * layer norm, {@code normWeight, normBias [heads, valueDim]}; with {@code initialWeights}, the {@link #weights} by their names with a 0
 * behind, and with MOMENTUM their momenta, {@code pW0} for w0; else both start at zero. Outputs {@code out [batch, heads, length,
 * valueDim]} and, with {@code finalWeights}, the weights by name and their momenta, {@code pW} for w.
 *
 * @param hiddenDim hidden units of MLP2 and SWIGLU, 0 for the others
 * @param chunk tokens of a mini-batch
 * @param postNorm out is {@code O + LN(O)} with O the value before the norm, as flash-linear-attention has it, in place of f(q)
 * @param queryStep whether token i sees the steps of its chunk multiplied by {@code queryStep_i}, and the next chunk by that of the
 *        chunk's last token (the per-position factor in TTT's own code)
 * @param epsilon added to the variance in a layer norm
 */
public record FastWeightSpec(int batch, int heads, int length, int keyDim, int valueDim, int hiddenDim, Model model, Loss loss,
        Optimiser optimiser, int chunk, boolean postNorm, boolean queryStep, float epsilon, boolean initialWeights, boolean finalWeights,
        DType dtype) implements Spec {

    /** The inner model f, of a row vector x. */
    public enum Model {
        /** {@code x w}. */
        LINEAR,
        /** {@code LN(x w + b)}. */
        LINEAR_LN,
        /** {@code LN(gelu(x wUp + bUp) wDown + bDown)}, gelu by its tanh formula. */
        MLP2,
        /** {@code (silu(x wGate) * (x wUp)) wDown}. */
        SWIGLU;

        public boolean hasNorm() {
            return this == LINEAR_LN || this == MLP2;
        }

        public boolean isDeep() {
            return this == MLP2 || this == SWIGLU;
        }
    }

    /** What a step makes smaller. */
    public enum Loss {
        /** {@code |f(k) - v|^2 / 2}. */
        MSE,
        /** The same of a model with a residual, {@code f(x) + x}; queries read it with the residual too. */
        MSE_RESIDUAL,
        /** {@code -f(k)·v}. */
        DOT
    }

    /** How gradients become weights. */
    public enum Optimiser {
        SGD,
        MOMENTUM,
        /**
         * One step for each chunk, with its summed gradient made orthogonal by five Newton-Schulz iterations; then every column of a
         * weight matrix gets its length from before. Tokens read the weights from before their chunk. A chunk needs more tokens than
         * a weight matrix has rows or columns: its gradient has directions of no slope else, and an iteration enlarges what rounding
         * leaves there, some 500 times in all.
         */
        MUON
    }

    private static final Set<String> OF_TOKENS = Set.of("q", "k", "v");

    /** @throws IllegalArgumentException naming the argument that does not fit, and what would */
    public FastWeightSpec {
        Require.positive("batch", batch, "heads", heads, "length", length, "keyDim", keyDim, "valueDim", valueDim, "chunk", chunk);
        Require.given("model", model, "loss", loss, "optimiser", optimiser);
        Require.storage(dtype);
        Require.finite("epsilon", epsilon);
        if (model.isDeep() ? hiddenDim < 1 : hiddenDim != 0) {
            throw new IllegalArgumentException("hiddenDim must be at least 1 for MLP2 and SWIGLU and 0 for the others, got " + hiddenDim + " for " + model);
        }
        if (epsilon <= 0) {
            throw new IllegalArgumentException("epsilon must be above 0, got " + epsilon);
        }
        if (loss == Loss.MSE_RESIDUAL && keyDim != valueDim) {
            throw new IllegalArgumentException("a residual needs valueDim = keyDim = " + keyDim + ", got " + valueDim);
        }
        if (postNorm && !model.hasNorm()) {
            throw new IllegalArgumentException("postNorm needs a model with a layer norm, LINEAR_LN or MLP2, got " + model);
        }
        if (queryStep && optimiser != Optimiser.SGD) {
            throw new IllegalArgumentException("queryStep goes with SGD, got " + optimiser);
        }
        if (optimiser == Optimiser.MUON && model.hasNorm()) {
            throw new IllegalArgumentException("MUON needs a model without biases, LINEAR or SWIGLU, got " + model);
        }
        if (model.isDeep() && !initialWeights) {
            throw new IllegalArgumentException(model + " needs initialWeights: from zeros its hidden units have no gradient");
        }
        Shape.of(batch, heads, length, Math.max(4, Math.max(keyDim, valueDim)));
        Shape.of(batch, heads, Math.max(keyDim, Math.max(hiddenDim, valueDim)) + 1, Math.max(hiddenDim, valueDim));
    }

    public static FastWeightBuilder of(int batch, int heads, int length, int headDim) {
        return new FastWeightBuilder(batch, heads, length, headDim);
    }

    @Override
    public String operator() {
        return "FWM";
    }

    public boolean hasMomentum() {
        return optimiser == Optimiser.MOMENTUM;
    }

    /** Names and shapes of the inner model's weights, of each batch and head its own: matrices [inputs, outputs], and biases. */
    public Map<String, Shape> weights() {
        Map<String, Shape> weights = new LinkedHashMap<>();
        switch (model) {
            case LINEAR -> weights.put("w", Shape.of(batch, heads, keyDim, valueDim));
            case LINEAR_LN -> {
                weights.put("w", Shape.of(batch, heads, keyDim, valueDim));
                weights.put("b", Shape.of(batch, heads, valueDim));
            }
            case MLP2 -> {
                weights.put("wUp", Shape.of(batch, heads, keyDim, hiddenDim));
                weights.put("bUp", Shape.of(batch, heads, hiddenDim));
                weights.put("wDown", Shape.of(batch, heads, hiddenDim, valueDim));
                weights.put("bDown", Shape.of(batch, heads, valueDim));
            }
            case SWIGLU -> {
                weights.put("wGate", Shape.of(batch, heads, keyDim, hiddenDim));
                weights.put("wUp", Shape.of(batch, heads, keyDim, hiddenDim));
                weights.put("wDown", Shape.of(batch, heads, hiddenDim, valueDim));
            }
        }
        return weights;
    }

    /** Name of the momentum of a weight, {@code pW} for {@code w}. */
    public static String momentum(String weight) {
        return "p" + Character.toUpperCase(weight.charAt(0)) + weight.substring(1);
    }

    @Override
    public Map<String, Shape> inputs() {
        Map<String, Shape> inputs = new LinkedHashMap<>();
        Shape ofTokens = Shape.of(batch, heads, length);
        inputs.put("q", Shape.of(batch, heads, length, keyDim));
        inputs.put("k", Shape.of(batch, heads, length, keyDim));
        inputs.put("v", Shape.of(batch, heads, length, valueDim));
        inputs.put("step", ofTokens);
        if (queryStep) {
            inputs.put("queryStep", ofTokens);
        }
        if (hasMomentum()) {
            inputs.put("momentum", ofTokens);
            inputs.put("forget", ofTokens);
        }
        if (model.hasNorm()) {
            inputs.put("normWeight", Shape.of(heads, valueDim));
            inputs.put("normBias", Shape.of(heads, valueDim));
        }
        if (initialWeights) {
            putMemory(inputs, "0");
        }
        return inputs;
    }

    /** {@inheritDoc} All but queries, keys and values are F32. */
    @Override
    public DType type(String input) {
        return OF_TOKENS.contains(input) ? dtype : DType.F32;
    }

    @Override
    public Map<String, Shape> outputs() {
        Map<String, Shape> outputs = new LinkedHashMap<>();
        outputs.put("out", Shape.of(batch, heads, length, valueDim));
        if (finalWeights) {
            putMemory(outputs, "");
        }
        return outputs;
    }

    private void putMemory(Map<String, Shape> shapes, String suffix) {
        weights().forEach((name, shape) -> shapes.put(name + suffix, shape));
        if (hasMomentum()) {
            weights().forEach((name, shape) -> shapes.put(momentum(name) + suffix, shape));
        }
    }

    /** {@inheritDoc} Two whole chunks and a part of one, of at most 16 tokens; with MUON two of 16, of small tokens. */
    @Override
    public FastWeightSpec miniature() {
        boolean muon = optimiser == Optimiser.MUON;
        int few = muon ? 8 : Integer.MAX_VALUE;
        return new FastWeightSpec(1, Math.min(heads, 2), muon ? 32 : Math.min(length, 39), Math.min(keyDim, few), Math.min(valueDim, few),
                Math.min(hiddenDim, few), model, loss, optimiser, muon ? 16 : Math.min(chunk, 16), postNorm, queryStep, epsilon, initialWeights,
                finalWeights, dtype);
    }
}
