package tessera.methods;

import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;
import tessera.Tensor;
import tessera.planner.Plan;

/** Exact dense attention: the same result in different ways of computing it. */
final class DenseMethods {

    static final List<Method> ALL = List.of(
            new Method("H01", (q, k, v, _) -> bidirectional(q, k, v, _ -> true), DenseMethods::everyPair),
            new Method("H02", (q, k, v, _) -> bidirectional(q, k, v, variant("rows")), DenseMethods::everyPair),
            new Method("H03", (q, k, v, _) -> new Case(Setup.attention(q).causal().build(), Setup.inputs(q, k, v), variant("matrix", "registers", "tiles", "strips", "rows")),
                    in -> SoftmaxTwin.of(in.get("q"), in.get("k"), in.get("v"), (_, i, j) -> j <= i)),
            new Method("H09", DenseMethods::split, DenseMethods::everyPair));

    private DenseMethods() {
    }

    private static Case bidirectional(Tensor q, Tensor k, Tensor v, Predicate<Plan> wanted) {
        return new Case(Setup.attention(q).build(), Setup.inputs(q, k, v), wanted);
    }

    /** A single key makes a single part. */
    private static Case split(Tensor q, Tensor k, Tensor v, long seed) {
        return bidirectional(q, k, v, q.shape().dim(2) > 1 ? variant("split") : variant("rows"));
    }

    private static Predicate<Plan> variant(String... names) {
        return plan -> Set.of(names).contains(plan.variant());
    }

    private static double[] everyPair(Map<String, Tensor> in) {
        return SoftmaxTwin.of(in.get("q"), in.get("k"), in.get("v"), (_, _, _) -> true);
    }
}
