package tessera.planner;

import java.util.List;
import java.util.stream.IntStream;
import tessera.AttentionSpec;
import tessera.RecurrenceSpec;
import tessera.Spec;

/**
 * What decides how fast a plan is on a device, as far as another problem can tell: its kind, which must be the same, and its size.
 *
 * @param kind operator, storage type, head sizes, layout and options that change kernels
 * @param size binary logarithms of what may differ between problems that tell of each other
 */
public record TunedProblem(String kind, List<Double> size) {

    /** The problem of a spec whose plans visit that layout with that density. */
    static TunedProblem of(Spec spec, Plan plan) {
        return switch (spec) {
            case AttentionSpec a -> new TunedProblem(String.join(" ", "ATTN", a.dtype().name(), a.headDim() + "x" + a.valueDim(), plan.layout(),
                    a.queries() == 1 ? "decode" : "prefill", a.scores().isPlain() ? "plain" : "scores", a.arrangement().pages() > 0 ? "paged" : "whole"),
                    logs(a.batch() * (double) a.heads(), a.heads() / (double) a.kvHeads(), a.queries(), a.keys(), plan.cost().density()));
            case RecurrenceSpec r -> new TunedProblem(String.join(" ", "GLR", r.dtype().name(), r.keyDim() + "x" + r.valueDim(), r.rule().gate().name(),
                    r.rule().correction().name(), r.rule().norm().name(), r.causal() ? "causal" : "full"), logs(r.states(), r.length()));
            default -> new TunedProblem(spec.toString(), List.of());
        };
    }

    private static List<Double> logs(double... sizes) {
        return IntStream.range(0, sizes.length).mapToObj(n -> Math.log(Math.max(sizes[n], 1e-9)) / Math.log(2)).toList();
    }

    /** Doublings between the sizes of two problems of one kind; infinite between kinds. */
    double distance(TunedProblem other) {
        if (!kind.equals(other.kind) || size.size() != other.size.size()) {
            return Double.POSITIVE_INFINITY;
        }
        return IntStream.range(0, size.size()).mapToDouble(n -> Math.abs(size.get(n) - other.size.get(n))).sum();
    }
}
