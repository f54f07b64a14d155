package tessera.experiments;

import java.util.Map;
import java.util.Optional;
import org.apache.commons.math3.stat.regression.SimpleRegression;

/**
 * The power of the length that times grow by: the slope of the least-squares line of log time over log length.
 *
 * @param error standard error of the exponent; NaN for two points
 * @param points number of lengths
 * @param shortest first of them
 * @param longest last of them
 */
public record Slope(double exponent, double error, int points, int shortest, int longest) {

    /** The slope over the lengths from {@code from} on; empty where fewer than two have a time. */
    public static Optional<Slope> of(Map<Integer, Double> times, int from) {
        SimpleRegression line = new SimpleRegression();
        int shortest = Integer.MAX_VALUE;
        int longest = 0;
        for (Map.Entry<Integer, Double> point : times.entrySet()) {
            int length = point.getKey();
            if (length >= from) {
                line.addData(Math.log(length), Math.log(point.getValue()));
                shortest = Math.min(shortest, length);
                longest = Math.max(longest, length);
            }
        }
        return line.getN() < 2 ? Optional.empty()
                : Optional.of(new Slope(line.getSlope(), line.getSlopeStdErr(), (int) line.getN(), shortest, longest));
    }
}
