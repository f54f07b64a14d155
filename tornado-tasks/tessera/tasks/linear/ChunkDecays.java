package tessera.tasks.linear;

import uk.ac.manchester.tornado.api.annotations.Parallel;
import uk.ac.manchester.tornado.api.math.TornadoMath;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.HalfFloatArray;

/** {@code c_t = log2(e) sum of g_s}, over the tokens s of t's chunk up to t: what is left of the state before the chunk is {@code 2^c_t}. */
public final class ChunkDecays {

    /** Stands for a token beyond the last, from which nothing comes. */
    public static final float BEYOND = 1.0e6f;

    /** Forgets everything, in powers of two, and keeps the sums exact enough for the tokens behind it. */
    public static final float LEAST = -150.0f;

    private static final float LOG2_E = 1.4426950408889634f;

    private ChunkDecays() {
    }

    /**
     * One row for each state, span of tokens and channel.
     *
     * @param gate [heads, length or 1, channels] float16, natural logarithms, at most 0
     * @param decays [states, chunks, chunk, channels]; {@link #BEYOND} after the last token
     * @param heads state s has gate s mod heads
     * @param step how many tokens a gate is for: 1, or 0 for all of them
     * @param span tokens of a row, divides chunk
     * @param least least logarithm of a gate, in powers of two; lower ones are raised to it
     */
    public static void rows(HalfFloatArray gate, FloatArray decays, int heads, int step, int channels, int length, int chunks, int chunk, int span,
            float least, int rowOffset, int rowCount) {
        for (@Parallel int r = 0; r < rowCount; r++) {
            int row = rowOffset + r;
            int spans = chunks * (chunk / span);
            int channel = row % channels;
            int state = row / channels / spans;
            int first = (row / channels - state * spans) * span;
            int tokens = 1;
            if (step == 1) {
                tokens = length;
            }
            int from = state % heads * tokens;
            float sum = 0.0f;
            for (int t = first / chunk * chunk; t < first + span; t++) {
                float decay = BEYOND;
                if (t < length) {
                    sum += TornadoMath.max(gate.get((from + t * step) * channels + channel).getFloat32() * LOG2_E, least);
                    decay = sum;
                }
                if (t >= first) {
                    decays.set((state * chunks * chunk + t) * channels + channel, decay);
                }
            }
        }
    }
}
