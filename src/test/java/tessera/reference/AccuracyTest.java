package tessera.reference;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tessera.Shape;
import tessera.Tensor;

class AccuracyTest {
    private static final float INF = Float.POSITIVE_INFINITY;

    private static Accuracy accuracy(float[] actual, double... expected) {
        int[] at = new int[expected.length];
        Arrays.setAll(at, n -> n);
        return Accuracy.of(Tensor.of(Shape.of(actual.length), actual), new Expected.Values(at, expected));
    }

    private static float[] values(float... values) {
        return values;
    }

    @Test
    void rmsIsTheRatioOfNorms() {
        Accuracy accuracy = accuracy(values(3, 4.5f), 3, 4);
        assertEquals(0.1, accuracy.rms(), 1e-12);
        assertEquals(0.5, accuracy.maxAbs(), 1e-12);
        assertTrue(accuracy.within(0.11));
        assertFalse(accuracy.within(0.1 - 1e-9));
    }

    @Test
    void aZeroReferenceIsComparedAbsolutely() {
        assertTrue(accuracy(values(0, 0), 0, 0).within(1e-12));
        assertEquals(5, accuracy(values(3, 4), 0, 0).rms(), 1e-12);
    }

    @Test
    void nanIsNeverWithinAnything() {
        assertFalse(accuracy(values(Float.NaN), 1).within(1e9));
        assertFalse(accuracy(values(Float.NaN), Double.NaN).within(1e9));
        assertFalse(accuracy(values(1), Double.NaN).within(1e9));
        assertFalse(new Accuracy(true, 0, Double.NaN).within(1e9));
    }

    @Test
    void infinitiesMustStandWhereTheReferenceHasThem() {
        assertTrue(accuracy(values(-INF, 2), Double.NEGATIVE_INFINITY, 2).within(1e-12));
        assertFalse(accuracy(values(INF), Double.NEGATIVE_INFINITY).within(1e9));
        assertFalse(accuracy(values(1), Double.NEGATIVE_INFINITY).within(1e9));
        assertFalse(accuracy(values(INF), 1).within(1e9));
        assertTrue(accuracy(values(INF), 1).toString().contains("NaN or misplaced infinity"));
    }

    @Test
    void theWorstOutputCounts() {
        Accuracy good = new Accuracy(true, 1, 0.1);
        assertEquals(new Accuracy(false, 2, 0.1), good.worse(new Accuracy(false, 2, 0.05)));
        assertTrue(Double.isNaN(good.worse(new Accuracy(true, 0, Double.NaN)).rms()));
        Expected expected = new Expected(Map.of("a", new Expected.Values(new int[] {1}, new double[] {2}),
                "b", new Expected.Values(new int[] {0}, new double[] {1})));
        Accuracy both = expected.compare(Map.of("a", Tensor.of(Shape.of(2), 9, 2), "b", Tensor.of(Shape.of(1), 3)));
        assertEquals(2, both.rms(), 1e-12);
    }

    @ParameterizedTest
    @CsvSource({"1, 1", "2, 1", "2, 2", "3, 2", "3, 3", "1000, 1", "1000, 2", "1000, 17", "1000, 999", "1000, 5000"})
    void aSampleHasDistinctUnitsInOrderWithBothEnds(int units, int most) {
        int[] sample = new Sample(most, 3).of(units);
        assertEquals(Math.min(units, most), sample.length);
        assertArrayEquals(Arrays.stream(sample).distinct().sorted().toArray(), sample);
        assertEquals(0, sample[0]);
        assertEquals(most == 1 ? 0 : units - 1, sample[sample.length - 1]);
        assertArrayEquals(sample, new Sample(most, 3).of(units));
    }

    @Test
    void aSampleIsNotEmpty() {
        var error = assertThrows(IllegalArgumentException.class, () -> new Sample(0, 1));
        assertEquals("most must be at least 1, got 0", error.getMessage());
    }
}
