package tessera.experiments.claims;

import java.util.Locale;

/** What figures say of a claim. */
public enum Verdict {
    /** As the claim has it. */
    CONFIRMED,
    /** Not as the claim has it. */
    REFUTED,
    /** Under a condition that the claim does not name. */
    CONDITIONAL,
    /** Nothing that this program measures can tell. */
    OUT_OF_SCOPE,
    /** The figures that it takes are not there. */
    UNDECIDED;

    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT).replace('_', ' ');
    }
}
