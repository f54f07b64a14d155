package tessera.tasks.linear;

import tessera.tasks.Sigmoid;
import uk.ac.manchester.tornado.api.annotations.Parallel;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;

/** {@code out_i = x_i f(g_i)}: an output gate (arXiv:2002.05202). */
public final class GateElements {
    public static final int IDENTITY = 0;
    public static final int SIGMOID = 1;
    public static final int SILU = 2;

    private GateElements() {
    }

    /**
     * One element a row.
     *
     * @param x [rows]
     * @param g [rows]
     * @param out [rows]
     * @param function {@link #IDENTITY} {@code f(g) = g}, {@link #SIGMOID} {@code f(g) = 1 / (1 + exp(-g))}, {@link #SILU}
     *        {@code f(g) = g / (1 + exp(-g))}
     */
    public static void rows(FloatArray x, FloatArray g, FloatArray out, int function, int rowOffset, int rowCount) {
        for (@Parallel int r = 0; r < rowCount; r++) {
            int i = rowOffset + r;
            float gate = g.get(i);
            float factor = gate;
            if (function != IDENTITY) {
                factor = Sigmoid.of(gate);
            }
            if (function == SILU) {
                factor = factor * gate;
            }
            out.set(i, x.get(i) * factor);
        }
    }
}
