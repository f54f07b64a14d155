package tessera.experiments;

import java.util.Locale;

/**
 * One point of a growth experiment.
 *
 * @param size tokens; of a decode step those before it; of a sequence in chunks those of a chunk
 */
public record GrowthPoint(Part part, Form form, int size, Measurement measurement) {

    /** What is measured. */
    public enum Part {
        /** A whole sequence, at growing lengths. */
        SEQUENCE,
        /** One token more, at growing contexts. */
        DECODE,
        /** A whole sequence, in chunks of different lengths. */
        CHUNKS
    }

    /** The ways of computing that are compared, with the power of the length that their work grows by. */
    public enum Form {
        CHUNK(1), RECURRENT(1), DENSE(2);

        private final int order;

        Form(int order) {
            this.order = order;
        }

        /** How much more work a length is than another. */
        double growth(int from, int to) {
            return Math.pow((double) to / from, order);
        }

        @Override
        public String toString() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    public boolean verified() {
        return measurement.verified();
    }

    /** Median kernel time; null if there is none. */
    public Double median() {
        return verified() ? Double.valueOf(measurement.kernel().median()) : null;
    }
}
