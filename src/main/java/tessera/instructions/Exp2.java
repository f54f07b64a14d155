package tessera.instructions;

/** Two to the power of a number. */
public final class Exp2 {

    private Exp2() {
    }

    /** To about 22 bits, and 0 where the result would be subnormal: PTX {@code ex2.approx.ftz.f32}. */
    @Ptx("ex2.approx.ftz.f32 $r, ${0};")
    public static float of(float x) {
        float power = (float) Math.pow(2, x);
        return power < Float.MIN_NORMAL ? 0 : power;
    }
}
