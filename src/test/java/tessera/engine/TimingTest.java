package tessera.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

/** Times that are known, and times that are not. */
class TimingTest {
    private static final Timing KNOWN = new Timing(2_000_000, 500_000, 7, 3_000_000);

    @Test
    void aSumIsKnownIfItsPartsAre() {
        assertEquals(new Timing(4_000_000, 1_000_000, 14, 6_000_000), KNOWN.plus(KNOWN));
        Timing partly = KNOWN.plus(Timing.of(1_000_000));
        assertFalse(partly.measured());
        assertEquals(4_000_000, partly.total());
        assertEquals(7, partly.compile());
    }

    @Test
    void whatIsNotMeasuredIsNoNumber() {
        assertEquals(2, KNOWN.kernelMillis());
        assertEquals(0.5, KNOWN.transferMillis());
        Timing unknown = Timing.of(1_000_000);
        assertTrue(Double.isNaN(unknown.kernelMillis()) && Double.isNaN(unknown.transferMillis()));
        assertEquals(1, unknown.totalMillis());
    }
}
