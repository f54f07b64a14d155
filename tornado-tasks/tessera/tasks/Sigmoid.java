package tessera.tasks;

import uk.ac.manchester.tornado.api.math.TornadoMath;

/** The logistic function; every compiler inlines it into the kernel that calls it. */
public final class Sigmoid {
    private Sigmoid() {
    }

    /** {@code 1 / (1 + exp(-x))}, without an exponential that overflows. */
    public static float of(float x) {
        float small = TornadoMath.exp(-TornadoMath.abs(x));
        float numerator = 1.0f;
        if (x < 0.0f) {
            numerator = small;
        }
        return numerator / (1.0f + small);
    }
}
