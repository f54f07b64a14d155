package tessera.operators;

import java.util.Map;
import tessera.FastWeightSpec;
import tessera.FastWeightSpec.Optimiser;
import tessera.Shape;
import tessera.Tensor;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;

/** What the kernels of fast weights read beside queries, keys and values: rates of tokens, norms, and each state's memory in one piece. */
final class FastWeightBuffers {

    /** Factors of X, of its third and of its fifth power in each Newton-Schulz iteration, as in LaCT's code (arXiv:2505.23884). */
    private static final float[] FACTORS = {4.0848f, -6.8946f, 2.9270f, 3.9505f, -6.3029f, 2.6377f, 3.7418f, -5.5913f, 2.3037f, 2.8769f, -3.1427f,
        1.2046f, 2.8366f, -3.0525f, 1.2012f};

    private final FastWeightSpec spec;
    private final int states;
    private final int layers;
    private final int size;
    private final FloatArray rates;
    private final FloatArray norm;
    private final FloatArray memory;
    private final FloatArray factors;

    FastWeightBuffers(FastWeightSpec spec) {
        this.spec = spec;
        this.states = spec.batch() * spec.heads();
        this.layers = layers(spec);
        this.size = weights(spec);
        this.rates = new FloatArray(states * spec.length() * 4);
        this.norm = new FloatArray(spec.model().hasNorm() ? states * 2 * spec.valueDim() : 1);
        this.memory = new FloatArray(states * layers * size);
        this.factors = FloatArray.fromElements(FACTORS);
    }

    /** Weights of one state. */
    static int weights(FastWeightSpec spec) {
        return (int) (spec.weights().values().stream().mapToLong(Shape::elements).sum() / (spec.batch() * spec.heads()));
    }

    /** Weights, and of each its momentum, or its summed gradients over a chunk and over a block of it. */
    static int layers(FastWeightSpec spec) {
        return switch (spec.optimiser()) {
            case SGD -> 1;
            case MOMENTUM -> 2;
            case MUON -> 3;
        };
    }

    /** Elements of one state that an orthogonal step of its largest matrix works on, at least 1. */
    static int work(FastWeightSpec spec) {
        int outside = Math.max(spec.keyDim(), spec.valueDim());
        int least = Math.min(outside, spec.hiddenDim());
        return spec.optimiser() == Optimiser.MUON ? 2 * (outside * spec.hiddenDim() + least * least) : 1;
    }

    /** [states, length, 4]: step, queryStep, momentum, 1 - forget. */
    FloatArray rates() {
        return rates;
    }

    /** [states, 2, valueDim]: weights and biases of the layer norm. */
    FloatArray norm() {
        return norm;
    }

    /** [states, layers, weights]. */
    FloatArray memory() {
        return memory;
    }

    /** [iterations, 3]. */
    FloatArray factors() {
        return factors;
    }

    /** Takes rates, norms and initial weights from the inputs. */
    void fill(Map<String, Tensor> tensors) {
        for (int t = 0; t < states * spec.length(); t++) {
            rates.set(4 * t, tensors.get("step").get(t));
            rates.set(4 * t + 1, spec.queryStep() ? tensors.get("queryStep").get(t) : 1);
            rates.set(4 * t + 2, spec.hasMomentum() ? tensors.get("momentum").get(t) : 0);
            rates.set(4 * t + 3, spec.hasMomentum() ? 1 - tensors.get("forget").get(t) : 1);
        }
        int dv = spec.valueDim();
        for (int n = 0; spec.model().hasNorm() && n < states * dv; n++) {
            int at = n / dv % spec.heads() * dv + n % dv;
            norm.set(n / dv * 2 * dv + n % dv, tensors.get("normWeight").get(at));
            norm.set((n / dv * 2 + 1) * dv + n % dv, tensors.get("normBias").get(at));
        }
        memory.init(0);
        if (spec.initialWeights()) {
            each("0", (name, n, at) -> memory.set(at, tensors.get(name).get(n)));
        }
    }

    /** Gives the final weights to the outputs. */
    void spread(Map<String, Tensor> tensors) {
        if (spec.finalWeights()) {
            each("", (name, n, at) -> tensors.get(name).set(n, memory.get(at)));
        }
    }

    /** Element n of a tensor lies at a place in memory. */
    @FunctionalInterface
    private interface Visitor {
        void visit(String name, int n, int at);
    }

    private void each(String suffix, Visitor visitor) {
        int begin = 0;
        for (Map.Entry<String, Shape> weight : spec.weights().entrySet()) {
            int elements = weight.getValue().elements() / states;
            for (int n = 0; n < states * elements; n++) {
                int at = n / elements * layers * size + begin + n % elements;
                visitor.visit(weight.getKey() + suffix, n, at);
                if (spec.hasMomentum()) {
                    visitor.visit(FastWeightSpec.momentum(weight.getKey()) + suffix, n, at + size);
                }
            }
            begin += elements;
        }
    }
}
