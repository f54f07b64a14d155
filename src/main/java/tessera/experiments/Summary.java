package tessera.experiments;

import org.apache.commons.math3.stat.descriptive.rank.Percentile;
import org.apache.commons.math3.stat.descriptive.rank.Percentile.EstimationType;

/** Median and 10th and 90th percentile of raw samples, linearly interpolated. */
public record Summary(double median, double p10, double p90) {

    /** @throws IllegalArgumentException if there are no samples */
    public static Summary of(double[] samples) {
        if (samples.length == 0) {
            throw new IllegalArgumentException("no samples to summarise");
        }
        Percentile percentile = new Percentile().withEstimationType(EstimationType.R_7);
        percentile.setData(samples);
        return new Summary(percentile.evaluate(50), percentile.evaluate(10), percentile.evaluate(90));
    }

    /** Half the distance from the 10th to the 90th percentile. */
    public double spread() {
        return (p90 - p10) / 2;
    }

    /** Whether this is smaller by more than the spread of both: the ranges from p10 to p90 do not meet. */
    public boolean clearlyBelow(Summary other) {
        return p90 < other.p10;
    }
}
