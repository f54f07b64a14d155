package tessera.caches;

import java.util.Arrays;
import tessera.Shape;
import tessera.Tensor;

/** What the tokens of a sequence have weighed so far, for each head and slot. */
final class TokenMass {
    private float[][] sums;

    TokenMass(int kvHeads) {
        this(new float[kvHeads][0]);
    }

    private TokenMass(float[][] sums) {
        this.sums = sums;
    }

    /** Of the first slots only. */
    TokenMass first(int length) {
        return new TokenMass(Arrays.stream(sums).map(of -> Arrays.copyOf(of, length)).toArray(float[][]::new));
    }

    /** Of at least so many slots. */
    float[][] sums(int length) {
        for (int head = 0; head < sums.length; head++) {
            if (sums[head].length < length) {
                sums[head] = Arrays.copyOf(sums[head], Math.max(length, 2 * sums[head].length));
            }
        }
        return sums;
    }

    /** Adds {@code columnMass [batch, heads, keys]}; query heads of a group add up. */
    void add(Tensor columnMass, int batch, int length) {
        Shape shape = columnMass.shape();
        int heads = shape.rank() == 3 ? shape.dim(1) : 0;
        if (heads == 0 || heads % sums.length != 0 || batch < 0 || batch >= shape.dim(0) || shape.dim(2) < length) {
            throw new IllegalArgumentException("columnMass must be [batch, a multiple of " + sums.length + " heads, at least " + length
                    + " keys] and have batch " + batch + ", got " + shape);
        }
        for (int head = 0; head < heads; head++) {
            float[] of = sums(length)[head / (heads / sums.length)];
            for (int slot = 0; slot < length; slot++) {
                of[slot] += columnMass.get((batch * heads + head) * shape.dim(2) + slot);
            }
        }
    }

    /** New tokens in those slots. */
    void clear(int[] slots) {
        for (float[] of : sums) {
            Arrays.stream(slots).filter(slot -> slot < of.length).forEach(slot -> of[slot] = 0);
        }
    }

    /** Only the slots that each head keeps, ascending; none have weighed anything behind them. */
    void keep(int[][] slots) {
        for (int head = 0; head < sums.length; head++) {
            float[] of = sums(slots[head][slots[head].length - 1] + 1)[head];
            float[] kept = new float[of.length];
            for (int n = 0; n < slots[head].length; n++) {
                kept[n] = of[slots[head][n]];
            }
            sums[head] = kept;
        }
    }

    /** {@code [1, kvHeads, length]}. */
    Tensor tensor(int length) {
        Tensor tensor = Tensor.zeros(1, sums.length, length);
        for (int n = 0; n < tensor.shape().elements(); n++) {
            tensor.set(n, sums(length)[n / length][n % length]);
        }
        return tensor;
    }
}
