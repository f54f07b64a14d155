package tessera.methods;

import java.util.Locale;

/**
 * A row of the catalogue: one published method.
 *
 * @param source paper or code that defines it
 * @param formula what it computes
 * @param kind TF training-free, CAL calibrated, LP learned parameters as inputs, TR trained with it, SYS a system technique
 * @param recipe the operators it is composed of
 * @param coverage how much of it can be done: full, host (with work outside kernels), partial, out of scope
 * @param note what is missing where it is not full
 */
public record Row(String id, String name, String family, String source, String formula, String kind, String recipe, String coverage,
        String note) {

    /** What can be done with a row now. */
    public enum Status {
        /** It runs, and has a check. */
        IMPLEMENTED,
        /** It runs, without the part that the note names. */
        PARTIAL,
        PLANNED,
        OUT_OF_SCOPE;

        /** In lower case, as it is printed. */
        @Override
        public String toString() {
            return name().toLowerCase(Locale.ROOT).replace('_', ' ');
        }
    }

    /** What can be done with it now. */
    public Status status() {
        if (coverage.equals("out of scope")) {
            return Status.OUT_OF_SCOPE;
        }
        if (Methods.find(id).isEmpty()) {
            return Status.PLANNED;
        }
        return coverage.equals("partial") ? Status.PARTIAL : Status.IMPLEMENTED;
    }

    @Override
    public String toString() {
        return id + " (" + name + ")";
    }
}
