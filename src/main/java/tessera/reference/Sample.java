package tessera.reference;

import java.util.SplittableRandom;
import java.util.stream.IntStream;

/**
 * Which of an operator's independent units (attention rows; heads of a recurrence) a reference computes.
 *
 * @param most units to compute at most, at least 1; all of them if there are no more
 * @param tokens of a causal recurrence, how many tokens to compute at its start and at its end; 0 for all
 */
public record Sample(int most, long seed, int tokens) {

    /** @throws IllegalArgumentException if {@code most} is not positive or {@code tokens} negative */
    public Sample {
        if (most < 1) {
            throw new IllegalArgumentException("most must be at least 1, got " + most);
        }
        if (tokens < 0) {
            throw new IllegalArgumentException("tokens must be at least 0, got " + tokens);
        }
    }

    /** Whole units. */
    public Sample(int most, long seed) {
        this(most, seed, 0);
    }

    /** Every unit. */
    public static final Sample ALL = new Sample(Integer.MAX_VALUE, 0);

    /** The chosen units among {@code units}, ascending; the first and, unless it is only one, the last are always among them. */
    public int[] of(int units) {
        if (units <= most) {
            return IntStream.range(0, units).toArray();
        }
        if (most == 1) {
            return new int[1];
        }
        SplittableRandom random = new SplittableRandom(seed);
        IntStream inner = random.ints(1, units - 1).distinct().limit(most - 2);
        return IntStream.concat(IntStream.of(0, units - 1), inner).sorted().toArray();
    }
}
