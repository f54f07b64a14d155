package tessera.tasks;

import uk.ac.manchester.tornado.api.math.TornadoMath;

/** What happens to a score between the product and the softmax; every compiler inlines it into the kernel that calls it. */
public final class Score {
    private Score() {
    }

    /** {@code cap tanh(score / cap) + added - slope distance}; no cap for 0. */
    public static float modified(float score, float cap, float added, float slope, int distance) {
        float capped = score;
        if (cap > 0.0f) {
            capped = cap * TornadoMath.tanh(score / cap);
        }
        return capped + added - slope * distance;
    }
}
