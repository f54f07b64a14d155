package tessera.tasks.linear;

import uk.ac.manchester.tornado.api.math.TornadoMath;

/**
 * A gate as one float that keeps its precision where a state forgets slowly: {@code e^g - 1} for g just below 0, where
 * rounding {@code e^g} would add up over thousands of steps, and {@code e^g} elsewhere. The sign tells them apart.
 */
public final class Decay {
    private Decay() {
    }

    /** The gate with natural logarithm {@code g}; below -85, minus infinity too, it counts as that. */
    public static float of(float g) {
        float gate = TornadoMath.exp(TornadoMath.max(g, -85.0f));
        if (g <= 0.0f && g > -0.0625f) {
            gate = g * (1.0f + g * (0.5f + g * (0.16666667f + g * (0.041666668f + g * 0.008333334f))));
        }
        return gate;
    }

    /** {@code e^g x} for {@code gate = of(g)}. */
    public static float times(float gate, float x) {
        float kept = x;
        if (gate > 0.0f) {
            kept = 0.0f;
        }
        return kept + gate * x;
    }
}
