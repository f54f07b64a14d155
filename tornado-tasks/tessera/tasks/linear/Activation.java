package tessera.tasks.linear;

import uk.ac.manchester.tornado.api.math.TornadoMath;

/** What hidden units do: {@code silu(x) = x s(x)} and {@code gelu(x) = x s(√(8/π) (x + 0.044715 x^3))} with s the sigmoid. */
public final class Activation {
    private Activation() {
    }

    public static float sigmoid(float x) {
        return 1.0f / (1.0f + TornadoMath.exp(TornadoMath.min(-x, 80.0f)));
    }

    public static float gelu(float x) {
        return x * sigmoid(1.5957691f * (x + 0.044715f * x * x * x));
    }

    public static float geluSlope(float x) {
        float share = sigmoid(1.5957691f * (x + 0.044715f * x * x * x));
        return share + x * share * (1.0f - share) * 1.5957691f * (1.0f + 0.134145f * x * x);
    }
}
