package tessera.planner;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** Legal plans, best guess first, and what was ruled out by which limit. Without legal plans the spec is unsupported. */
public final class Candidates {

    /** A plan that cannot run, and the limit that says so. */
    public record RuledOut(String plan, String limit) {
    }

    private final List<Plan> legal = new ArrayList<>();
    private final List<RuledOut> ruledOut = new ArrayList<>();

    public void add(Plan plan) {
        legal.add(plan);
    }

    public void ruleOut(String plan, String limit) {
        ruledOut.add(new RuledOut(plan, limit));
    }

    public List<Plan> legal() {
        return List.copyOf(legal);
    }

    public List<RuledOut> ruledOut() {
        return List.copyOf(ruledOut);
    }

    /** One line for each plan, legal ones first. */
    @Override
    public String toString() {
        Stream<String> out = ruledOut.stream().map(r -> "ruled out: " + r.plan() + ": " + r.limit());
        return Stream.concat(legal.stream().map(Plan::summary), out).collect(Collectors.joining(System.lineSeparator()));
    }
}
