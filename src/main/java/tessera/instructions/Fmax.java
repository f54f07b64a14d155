package tessera.instructions;

/** The larger of two numbers. */
public final class Fmax {

    private Fmax() {
    }

    /** Of a number and NaN the number: PTX {@code max.f32}. */
    @Ptx("max.f32 $r, ${0}, ${1};")
    public static float of(float a, float b) {
        return Float.isNaN(a) ? b : Float.isNaN(b) ? a : Math.max(a, b);
    }
}
