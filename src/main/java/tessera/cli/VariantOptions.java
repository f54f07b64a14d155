package tessera.cli;

import java.util.List;
import java.util.function.Predicate;
import picocli.CommandLine.Option;
import tessera.planner.Plan;

/** Which plans a command measures. */
final class VariantOptions {
    @Option(names = "--variants", paramLabel = "NAME", split = ",",
            description = "Measure every legal plan of these variants, or of all, not only the planner's choice.")
    private List<String> variants;

    /** Null for the planner's choice. */
    Predicate<Plan> wanted() {
        return variants == null ? null : plan -> variants.contains("all") || variants.contains(plan.variant());
    }
}
