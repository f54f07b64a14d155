package tessera.specialise;

/** A method that kernels of other classes inline. */
public final class InlinedElsewhere {
    private InlinedElsewhere() {
    }

    @Inline
    public static float half(float x) {
        float half = x * 0.5f;
        return half;
    }
}
