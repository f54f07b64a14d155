package tessera.tasks.linear;

import uk.ac.manchester.tornado.api.annotations.Parallel;
import uk.ac.manchester.tornado.api.math.TornadoMath;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;

/**
 * A gated inner model that learns: {@code z = (silu(x G) * (x U)) D}; the gradients of a chunk are those at the weights from before it.
 * Each token reads the weights after its own step; or, with MUON, those from before its chunk, which then take one orthogonal step
 * (LaCT, arXiv:2505.23884).
 */
public final class SwigluDescent {

    /** Tokens whose gradients are summed by themselves, so that the sum of a large chunk loses less to rounding. */
    private static final int BLOCK = 64;

    private SwigluDescent() {
    }

    /**
     * One state, which walks over its tokens alone. Arguments without a word here are those of {@link Descent#rows}.
     *
     * @param memory [states, layers, weights], weights being G [keyDim, hiddenDim], U [keyDim, hiddenDim] and D [hiddenDim, valueDim]; with MUON
     *        the second layer sums up the gradients of a chunk and the third those of a block
     * @param frozen as memory
     * @param work with MUON [states, workSize], what {@link Orthogonal#iterate} needs for the largest of the three; else any
     * @param factors [turns, 3], of the iterations; else any
     */
    public static void rows(FloatArray q, FloatArray k, FloatArray v, FloatArray rates, FloatArray norm, FloatArray memory, FloatArray frozen,
            FloatArray work, FloatArray factors, FloatArray out, int length, int keyDim, int hiddenDim, int valueDim, int chunk, int workSize,
            int turns, int options, int rowOffset, int rowCount) {
        for (@Parallel int r = 0; r < rowCount; r++) {
            int state = rowOffset + r;
            int part = keyDim * hiddenDim;
            int size = 2 * part + hiddenDim * valueDim;
            int layers = 1 + (options & InnerLoss.MOMENTUM) / InnerLoss.MOMENTUM + (options & InnerLoss.MUON) / InnerLoss.MUON * 2;
            int base = state * layers * size;
            int sums = base + (layers - 1) * size;
            float[] x = new float[keyDim];
            float[] gate = new float[hiddenDim];
            float[] up = new float[hiddenDim];
            float[] hidden = new float[hiddenDim];
            float[] back = new float[hiddenDim];
            float[] z = new float[valueDim];
            float[] slope = new float[valueDim];
            for (int start = 0; start < length; start += chunk) {
                int end = TornadoMath.min(length, start + chunk);
                float lastShare = rates.get((state * length + end - 1) * 4 + 1);
                Layer.keep(memory, base, frozen, base, size, 1, size);
                for (int block = start; block < end; block += BLOCK) {
                    for (int t = block; t < TornadoMath.min(end, block + BLOCK); t++) {
                        int token = state * length + t;
                        float step = rates.get(token * 4);
                        float share = rates.get(token * 4 + 1);
                        float momentum = rates.get(token * 4 + 2);
                        float keep = rates.get(token * 4 + 3);
                        for (int c = 0; c < keyDim; c++) {
                            x[c] = k.get(token * keyDim + c);
                        }
                        Layer.apply(frozen, base, hiddenDim, x, keyDim, gate, hiddenDim);
                        Layer.apply(frozen, base + part, hiddenDim, x, keyDim, up, hiddenDim);
                        for (int h = 0; h < hiddenDim; h++) {
                            hidden[h] = gate[h] * Activation.sigmoid(gate[h]) * up[h];
                        }
                        Layer.apply(frozen, base + 2 * part, valueDim, hidden, hiddenDim, z, valueDim);
                        InnerLoss.slope(z, slope, k, token * keyDim, v, token * valueDim, norm, 0, valueDim, 1.0f, options);
                        Layer.back(frozen, base + 2 * part, valueDim, back, hiddenDim, slope, valueDim);
                        for (int h = 0; h < hiddenDim; h++) {
                            float open = Activation.sigmoid(gate[h]);
                            float ofGate = back[h] * up[h] * open * (1.0f + gate[h] * (1.0f - open));
                            back[h] = back[h] * gate[h] * open;
                            gate[h] = ofGate;
                        }
                        Layer.step(memory, base, sums, hiddenDim, x, keyDim, gate, hiddenDim, step, momentum, keep, options);
                        Layer.step(memory, base + part, sums + part, hiddenDim, x, keyDim, back, hiddenDim, step, momentum, keep, options);
                        Layer.step(memory, base + 2 * part, sums + 2 * part, valueDim, hidden, hiddenDim, slope, valueDim, step, momentum, keep,
                                options);
                        for (int c = 0; c < keyDim; c++) {
                            x[c] = q.get(token * keyDim + c);
                        }
                        Layer.read(memory, base, frozen, base, hiddenDim, x, keyDim, gate, hiddenDim, share, options);
                        Layer.read(memory, base + part, frozen, base + part, hiddenDim, x, keyDim, up, hiddenDim, share, options);
                        for (int h = 0; h < hiddenDim; h++) {
                            hidden[h] = gate[h] * Activation.sigmoid(gate[h]) * up[h];
                        }
                        Layer.read(memory, base + 2 * part, frozen, base + 2 * part, valueDim, hidden, hiddenDim, z, valueDim, share, options);
                        InnerLoss.read(z, q, token * keyDim, norm, 0, out, token * valueDim, valueDim, 1.0f, options);
                    }
                    if ((options & InnerLoss.MUON) != 0) {
                        for (int n = 0; n < size; n++) {
                            memory.set(base + size + n, memory.get(base + size + n) + memory.get(sums + n));
                            memory.set(sums + n, 0.0f);
                        }
                    }
                }
                if ((options & InnerLoss.QUERY_STEP) != 0) {
                    Layer.settle(memory, base, frozen, base, size, 1, size, lastShare);
                }
                if ((options & InnerLoss.MUON) != 0) {
                    for (int m = 0; m < 3; m++) {
                        int inputs = keyDim;
                        int outputs = hiddenDim;
                        if (m == 2) {
                            inputs = hiddenDim;
                            outputs = valueDim;
                        }
                        Orthogonal.start(memory, base + size + m * part, work, state * workSize, inputs * outputs);
                        for (int turn = 0; turn < turns; turn++) {
                            Orthogonal.iterate(work, state * workSize, inputs, outputs, factors, turn);
                        }
                        Orthogonal.move(memory, base + m * part, work, state * workSize, inputs, outputs);
                    }
                    for (int n = 0; n < size; n++) {
                        memory.set(base + size + n, 0.0f);
                    }
                }
            }
        }
    }
}
