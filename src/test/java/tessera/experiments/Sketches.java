package tessera.experiments;

import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import tessera.AttentionBuilder;
import tessera.AttentionSpec;
import tessera.Shape;
import tessera.Tensor;
import tessera.Tessera;
import tessera.engine.Device;
import tessera.methods.Case;
import tessera.methods.Method;
import tessera.methods.Methods;
import tessera.planner.Plan;
import tessera.reference.AttentionReference;
import tessera.reference.Sample;

/** Small comparisons for tests, and methods that go wrong on purpose. */
public final class Sketches {
    static final Device JVM = Tessera.device("jvm");
    static final Protocol BRIEF = new Protocol(0.01, 2, 3);

    /** Claims to be causal and is not. */
    public static final Method WRONG = new Method("P01", (q, k, v, _) -> attention(q, k, v, false, _ -> true), Sketches::causal);

    /** Wants a plan that does not exist. */
    static final Method WITHOUT_PLAN = new Method("P07", (q, k, v, _) -> attention(q, k, v, true, _ -> false), Sketches::causal);

    /** Cannot take these inputs. */
    static final Method WITHOUT_CASE = new Method("K01", (_, _, _, _) -> {
        throw new IllegalArgumentException("needs an <odd> number of heads & \"more\"");
    }, Sketches::causal);

    /** Fails while it is planned, for no reason that a user could know. */
    static final Method BROKEN = new Method("K02", (q, k, v, _) -> attention(q, k, v, true, _ -> {
        throw new IllegalStateException("broken inside");
    }), Sketches::causal);

    private Sketches() {
    }

    private static Case attention(Tensor q, Tensor k, Tensor v, boolean causal, Predicate<Plan> wanted) {
        Shape s = q.shape();
        AttentionBuilder spec = AttentionSpec.of(s.dim(0), s.dim(1), s.dim(2), s.dim(3));
        return new Case(causal ? spec.causal().build() : spec.build(), Map.of("q", q, "k", k, "v", v), wanted);
    }

    private static double[] causal(Map<String, Tensor> in) {
        Shape s = in.get("q").shape();
        AttentionSpec spec = AttentionSpec.of(s.dim(0), s.dim(1), s.dim(2), s.dim(3)).causal().build();
        return AttentionReference.compute(spec, in, Sample.ALL).outputs().get("out").value();
    }

    static Comparison run(List<Method> methods, Workload... workloads) {
        return new Experiment(methods, List.of(workloads), List.of(JVM), BRIEF, 3).run(_ -> { });
    }

    /** Right and wrong methods at two short lengths. */
    static Comparison mixed() {
        List<Method> methods = List.of(Methods.of("H03"), Methods.of("L01"), Methods.of("P08"), WRONG, WITHOUT_PLAN, WITHOUT_CASE, BROKEN);
        return run(methods, Workload.drawn(1, 2, 8, 8, 1), Workload.drawn(1, 2, 33, 8, 1));
    }
}
