package tessera;

import tessera.FastWeightSpec.Loss;
import tessera.FastWeightSpec.Model;
import tessera.FastWeightSpec.Optimiser;

/** Collects the options of a {@link FastWeightSpec}; made by {@link FastWeightSpec#of}. */
public final class FastWeightBuilder {
    private final int batch;
    private final int heads;
    private final int length;
    private final int keyDim;
    private int valueDim;
    private int hiddenDim;
    private Model model = Model.LINEAR;
    private Loss loss = Loss.MSE;
    private Optimiser optimiser = Optimiser.SGD;
    private int chunk = 16;
    private boolean postNorm;
    private boolean queryStep;
    private float epsilon = 1e-6f;
    private boolean initialWeights;
    private boolean finalWeights;
    private DType dtype = DType.F32;

    FastWeightBuilder(int batch, int heads, int length, int headDim) {
        this.batch = batch;
        this.heads = heads;
        this.length = length;
        this.keyDim = headDim;
        this.valueDim = headDim;
    }

    public FastWeightBuilder valueDim(int dim) {
        valueDim = dim;
        return this;
    }

    /** A linear model, with a layer norm or without. */
    public FastWeightBuilder model(Model kind) {
        model = kind;
        return this;
    }

    /** A model with hidden units: MLP2 or SWIGLU. */
    public FastWeightBuilder model(Model kind, int hiddenUnits) {
        model = kind;
        hiddenDim = hiddenUnits;
        return this;
    }

    public FastWeightBuilder loss(Loss kind) {
        loss = kind;
        return this;
    }

    public FastWeightBuilder optimiser(Optimiser kind) {
        optimiser = kind;
        return this;
    }

    /** Tokens whose gradients are taken at the same weights; 16 unless set. */
    public FastWeightBuilder chunk(int tokens) {
        chunk = tokens;
        return this;
    }

    /** Out is {@code O + LN(O)}. */
    public FastWeightBuilder postNorm() {
        postNorm = true;
        return this;
    }

    /** Steps are multiplied by an input {@code queryStep} of the token that reads them. */
    public FastWeightBuilder queryStep() {
        queryStep = true;
        return this;
    }

    /** Added to the variance in a layer norm; 1e-6 unless set. */
    public FastWeightBuilder epsilon(float value) {
        epsilon = value;
        return this;
    }

    public FastWeightBuilder initialWeights() {
        initialWeights = true;
        return this;
    }

    public FastWeightBuilder finalWeights() {
        finalWeights = true;
        return this;
    }

    public FastWeightBuilder dtype(DType type) {
        dtype = type;
        return this;
    }

    /** @throws IllegalArgumentException naming the argument that does not fit */
    public FastWeightSpec build() {
        return new FastWeightSpec(batch, heads, length, keyDim, valueDim, hiddenDim, model, loss, optimiser, chunk, postNorm, queryStep, epsilon,
                initialWeights, finalWeights, dtype);
    }
}
