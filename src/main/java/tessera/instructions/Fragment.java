package tessera.instructions;

/** Reads one register of what an instruction returned. */
public final class Fragment {
    private Fragment() {
    }

    public static float get(float[] registers, int index) {
        return registers[index];
    }

    public static int get(int[] registers, int index) {
        return registers[index];
    }
}
