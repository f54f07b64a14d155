package tessera.reference;

import java.util.SplittableRandom;
import java.util.stream.IntStream;

/**
 * Which of an operator's independent units (attention rows; heads of a recurrence) a reference computes.
 *
 * @param most units to compute at most; all of them if there are no more
 */
public record Sample(int most, long seed) {

    /** Every unit. */
    public static final Sample ALL = new Sample(Integer.MAX_VALUE, 0);

    /** The chosen units among {@code units}, ascending; the first and the last are always among them. */
    public int[] of(int units) {
        if (units <= most) {
            return IntStream.range(0, units).toArray();
        }
        SplittableRandom random = new SplittableRandom(seed);
        IntStream inner = random.ints(1, units - 1).distinct().limit(Math.max(0, most - 2));
        return IntStream.concat(IntStream.of(0, units - 1).limit(most), inner).sorted().toArray();
    }
}
