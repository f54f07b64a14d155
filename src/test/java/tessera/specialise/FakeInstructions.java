package tessera.specialise;

import tessera.instructions.In;
import tessera.instructions.InOut;
import tessera.instructions.Out;

/** Stand-ins for instructions of a device, each on register arrays and on scalars. */
public final class FakeInstructions {
    private FakeInstructions() {
    }

    /** {@code sum += a * b} for two elements. */
    public static void multiplyAdd(@InOut(2) float[] sum, int sumIndex, @In(2) float[] a, int aIndex, @In(1) float[] b, int bIndex) {
        for (int i = 0; i < 2; i++) {
            sum[sumIndex + i] += a[aIndex + i] * b[bIndex];
        }
    }

    public static float[] multiplyAdd(float sum0, float sum1, float a0, float a1, float b) {
        return new float[] {sum0 + a0 * b, sum1 + a1 * b};
    }

    /** Two ints from a float, the first scaled. */
    public static void split(float value, int scale, @Out(2) int[] parts, int index) {
        parts[index] = (int) value * scale;
        parts[index + 1] = (int) (value * 16.0f) & 15;
    }

    public static int[] split(float value, int scale) {
        return new int[] {(int) value * scale, (int) (value * 16.0f) & 15};
    }

    /** The sum of two elements and {@code more}. */
    public static float total(float more, @In(2) float[] values, int index) {
        return values[index] + values[index + 1] + more;
    }

    public static float total(float more, float value0, float value1) {
        return value0 + value1 + more;
    }

    /** Writes two elements to {@code target}, from {@code offset} on. */
    public static void put(@In(2) float[] values, int index, float[] target, int offset) {
        target[offset] = values[index];
        target[offset + 1] = values[index + 1];
    }

    public static void put(float value0, float value1, float[] target, int offset) {
        target[offset] = value0;
        target[offset + 1] = value1;
    }
}
