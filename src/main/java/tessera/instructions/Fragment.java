package tessera.instructions;

/** A register of an instruction's result. */
public final class Fragment {

    private Fragment() {
    }

    /** PTX {@code mov.f32}. */
    @Ptx("mov.f32 $r, ${0}_#{1};")
    public static float get(float[] registers, int n) {
        return registers[n];
    }

    /** PTX {@code mov.b32}. */
    @Ptx("mov.b32 $r, ${0}_#{1};")
    public static int get(int[] registers, int n) {
        return registers[n];
    }
}
