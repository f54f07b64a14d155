package tessera.experiments;

import tessera.AttentionSpec;
import tessera.Shape;

/**
 * One way of decoding one problem on one device.
 *
 * @param copyGigabytesPerSecond bandwidth of a copy on that device, read and written bytes together
 */
public record DecodePoint(Measurement measurement, double copyGigabytesPerSecond) {

    public AttentionSpec spec() {
        return (AttentionSpec) measurement.problem().spec();
    }

    /** Least traffic: queries, keys and values read once, in the type that the plan stores them in, and the float32 output written once. */
    public long bytes() {
        long inputs = spec().inputs().values().stream().mapToLong(Shape::elements).sum();
        return inputs * measurement.plans().getFirst().storage().bytes() + (long) Float.BYTES * spec().outputs().get("out").elements();
    }

    /** Least traffic over the median kernel time; NaN if there is no time. */
    public double gigabytesPerSecond() {
        return measurement.verified() ? bytes() / 1e6 / measurement.kernel().median() : Double.NaN;
    }

    /** Achieved bandwidth over that of a copy; NaN if there is no time. */
    public double shareOfCopy() {
        return gigabytesPerSecond() / copyGigabytesPerSecond;
    }
}
