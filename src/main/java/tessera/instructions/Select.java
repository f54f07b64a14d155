package tessera.instructions;

/** Choices without a branch. */
public final class Select {

    private Select() {
    }

    /** {@code x} where {@code low <= n <= high}, else {@code otherwise}: PTX {@code setp} and {@code selp}. */
    @Ptx("""
            {
            .reg .pred below, outside;
            setp.lt.s32 below, ${3}, ${2};
            setp.gt.or.s32 outside, ${3}, ${4}, below;
            selp.f32 $r, ${1}, ${0}, outside;
            }""")
    public static float between(float x, float otherwise, int low, int n, int high) {
        return low <= n && n <= high ? x : otherwise;
    }

    /** 1 where {@code a > b}, else 0: PTX {@code setp} and {@code selp}. */
    @Ptx("""
            {
            .reg .pred greater;
            setp.gt.f32 greater, ${0}, ${1};
            selp.s32 $r, 1, 0, greater;
            }""")
    public static int greater(float a, float b) {
        return a > b ? 1 : 0;
    }
}
