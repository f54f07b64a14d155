package tessera.experiments;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Map;
import java.util.TreeMap;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class SlopeTest {

    private static Map<Integer, Double> power(double factor, double exponent, int... lengths) {
        Map<Integer, Double> times = new TreeMap<>();
        IntStream.of(lengths).forEach(n -> times.put(n, factor * Math.pow(n, exponent)));
        return times;
    }

    @Test
    void anExactPowerIsFound() {
        Slope quadratic = Slope.of(power(3e-5, 2, 4096, 8192, 32768), 4096).orElseThrow();
        assertEquals(2, quadratic.exponent(), 1e-12);
        assertEquals(0, quadratic.error(), 1e-6);
        assertEquals(3, quadratic.points());
        assertEquals(4096, quadratic.shortest());
        assertEquals(32768, quadratic.longest());
        assertEquals(0, Slope.of(power(7, 0, 1024, 2048, 4096), 1).orElseThrow().exponent(), 1e-12);
    }

    @Test
    void shorterLengthsAreLeftOut() {
        Map<Integer, Double> times = power(1, 1, 4096, 8192, 16384);
        times.putAll(power(1000, 0, 512, 1024));
        assertEquals(1, Slope.of(times, 4096).orElseThrow().exponent(), 1e-12);
        assertEquals(5, Slope.of(times, 1).orElseThrow().points());
    }

    @Test
    void noiseShowsInTheErrorAndLeastSquaresInTheSlope() {
        Slope slope = Slope.of(Map.of(1, 1.0, 2, 4.0, 4, 4.0), 1).orElseThrow();
        assertEquals(1, slope.exponent(), 1e-12);
        assertEquals(1 / Math.sqrt(3), slope.error(), 1e-12);
    }

    @Test
    void aLineNeedsTwoPoints() {
        assertTrue(Slope.of(Map.of(4096, 1.0, 1024, 2.0), 4096).isEmpty());
        assertTrue(Double.isNaN(Slope.of(Map.of(4096, 1.0, 8192, 2.0), 4096).orElseThrow().error()));
    }
}
