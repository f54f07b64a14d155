package tessera.experiments;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import tessera.AttentionSpec;
import tessera.CodedAttentionSpec;
import tessera.ConvolutionSpec;
import tessera.EpilogueSpec;
import tessera.FastWeightSpec;
import tessera.FeatureSpec;
import tessera.MergeSpec;
import tessera.PermuteSpec;
import tessera.PoolSpec;
import tessera.ProjectionSpec;
import tessera.QuantSpec;
import tessera.QuantisedAttentionSpec;
import tessera.RecurrenceSpec;
import tessera.RotarySpec;
import tessera.SelectSpec;
import tessera.Shape;
import tessera.Spec;
import tessera.Tensor;
import tessera.methods.Case;
import tessera.methods.Method;
import tessera.methods.PreparedCase;
import tessera.methods.Step;
import tessera.operators.Operators;
import tessera.planner.Plan;
import tessera.reference.Accuracy;
import tessera.reference.AttentionReference;
import tessera.reference.Expected;
import tessera.reference.Sample;

/**
 * What a case should give, in double precision, computed once for all devices: the reference of each operator on a sample that
 * keeps its time bounded, and where the problem is small the method's own formula on everything. A step that reads what others
 * computed is compared with the reference on just that, anew each time.
 */
final class Check {
    /** Multiplications that a reference may take, about a second; but never fewer units than these. */
    private static final double WORK = 1e8;
    private static final int FEWEST_ROWS = 16;
    private static final int FEWEST_HEADS = 2;

    /** Tokens at both ends of a recurrence that are computed where whole heads would take ten times as long. */
    private static final int TOKENS = 256;

    /** Families of which some or all of dense attention's weight is kept. */
    private static final Set<String> KEEPING = Set.of("dense", "sparse");

    private final Case problem;
    private final long seed;
    private final Map<Step, Expected> known = new HashMap<>();
    private final Expected formula;
    private final String description;
    private final DenseTwin dense;

    Check(Method method, Case problem, long seed) {
        this(method, problem, seed, new HashMap<>());
    }

    /** @param dense rows of dense attention that were computed for other cases; those of this one are added */
    Check(Method method, Case problem, long seed, Map<Object, AttentionReference.Row[]> dense) {
        this(problem, problem.steps().stream().mapToDouble(step -> workOfFormula(step.spec())).sum() <= WORK ? method.twin() : null,
                KEEPING.contains(method.row().family()) ? DenseTwin.of(problem, seed, dense) : null, seed);
    }

    /** The reference alone, where there is no method with a formula of its own. */
    Check(Case problem, long seed) {
        this(problem, null, null, seed);
    }

    private Check(Case problem, Method.Twin twin, DenseTwin dense, long seed) {
        this.dense = dense;
        this.problem = problem;
        this.seed = seed;
        formula = twin == null ? null : everything(twin.of(problem.inputs()));
        description = problem.steps().stream().map(step -> describe(step.spec())).distinct().collect(Collectors.joining(", "))
                + (twin == null ? "" : " + formula");
    }

    private static String describe(Spec spec) {
        int units = units(spec);
        int most = most(spec);
        return (most >= units ? "all " + units : most + " of " + units) + (spec instanceof RecurrenceSpec ? " heads" : " rows")
                + (tokens(spec) == 0 ? "" : ", the first and, if they depend on no older ones, last " + TOKENS + " tokens");
    }

    /** Rows or heads of a sample. */
    private static int most(Spec spec) {
        return (int) Math.min(units(spec), Math.max(WORK / workOfUnit(spec), spec instanceof RecurrenceSpec ? FEWEST_HEADS : FEWEST_ROWS));
    }

    private static int tokens(Spec spec) {
        return spec instanceof RecurrenceSpec && most(spec) * workOfUnit(spec) > 10 * WORK ? TOKENS : 0;
    }

    /** What is compared, for example {@code 97 of 4096 rows}, and whether the method's own formula was too. */
    String description() {
        return description;
    }

    /** The worst accuracy over all steps of the last run, and of its result. */
    Accuracy of(PreparedCase run) {
        Accuracy worst = formula == null ? Accuracy.EXACT : formula.compare(Map.of("out", run.out()));
        for (int n = 0; n < problem.steps().size(); n++) {
            worst = worst.worse(reference(problem.steps().get(n), run.tensors(n)).compare(run.tensors(n)));
        }
        return worst;
    }

    /** The accuracy of inputs and outputs of a case of one step. */
    Accuracy of(Map<String, Tensor> tensors) {
        return reference(problem.steps().getFirst(), tensors).compare(tensors);
    }

    /** What the last run keeps of dense attention; see {@link DenseTwin#fidelity}. */
    Fidelity fidelity(PreparedCase run, List<Plan> plans, long[] kernels, Needle needle) {
        return dense == null ? Fidelity.UNKNOWN : dense.fidelity(run, plans, kernels, needle);
    }

    private Expected reference(Step step, Map<String, Tensor> tensors) {
        Spec spec = step.spec();
        Expected expected = known.get(step);
        if (expected == null) {
            expected = Operators.of(spec).reference(spec, tensors, new Sample(most(spec), seed, tokens(spec)));
            if (spec.inputs().keySet().stream().allMatch(name -> problem.inputs().containsValue(tensors.get(name)))) {
                known.put(step, expected);
            }
        }
        return expected;
    }

    /** All elements of the output {@code out}. */
    static Expected everything(Tensor out) {
        return everything(IntStream.range(0, out.shape().elements()).mapToDouble(out::get).toArray());
    }

    private static Expected everything(double[] out) {
        return new Expected(Map.of("out", new Expected.Values(IntStream.range(0, out.length).toArray(), out)));
    }

    private static int units(Spec spec) {
        return switch (spec) {
            case AttentionSpec a -> a.batch() * a.heads() * a.queries();
            case CodedAttentionSpec a -> a.batch() * a.heads() * a.queries();
            case ConvolutionSpec c -> c.batch() * c.channels();
            case EpilogueSpec e -> e.batch() * e.heads() * e.length();
            case FeatureSpec f -> f.batch() * f.heads() * f.length();
            case FastWeightSpec f -> f.batch() * f.heads();
            case MergeSpec m -> m.batch() * m.heads() * m.queries();
            case PermuteSpec p -> p.batch() * p.heads() * p.outLength();
            case PoolSpec p -> p.batch() * p.heads() * p.count();
            case ProjectionSpec p -> p.batch() * p.outHeads() * p.outputs().get("out").dim(2);
            case QuantSpec s -> s.batch() * s.heads() * s.length();
            case QuantisedAttentionSpec a -> units(a.attention());
            case RecurrenceSpec r -> r.states();
            case RotarySpec r -> r.batch() * r.heads() * r.length();
            case SelectSpec s -> s.batch() * s.listHeads() * s.rows();
        };
    }

    private static double workOfUnit(Spec spec) {
        return switch (spec) {
            case AttentionSpec a -> (double) a.keys() * (a.headDim() + a.valueDim());
            case CodedAttentionSpec a -> (double) a.keys() * (2 * a.headDim() + a.valueDim());
            case ConvolutionSpec c -> (double) c.length() * c.width();
            case EpilogueSpec e -> (double) e.dim() * e.dim();
            case FeatureSpec f -> (double) f.size() * f.dim();
            case FastWeightSpec f -> 8.0 * f.length() * f.weights().values().stream().mapToLong(Shape::elements).sum() / units(f);
            case MergeSpec m -> (double) m.parts() * m.valueDim();
            case PermuteSpec p -> (double) p.length() * p.dim();
            case PoolSpec p -> (double) p.length() * p.dim();
            case ProjectionSpec p -> (double) p.features() * (p.axis() == ProjectionSpec.Axis.CHANNELS ? p.dim() : p.length());
            case QuantSpec s -> 4.0 * s.dim();
            case QuantisedAttentionSpec a -> workOfUnit(a.attention());
            case RecurrenceSpec r -> 3.0 * r.length() * r.keyDim() * r.valueDim();
            case RotarySpec r -> (double) r.headDim() * r.headDim();
            case SelectSpec s -> (double) s.blockQ() * s.keys() * s.headDim() * s.heads() / s.listHeads();
        };
    }

    /** The formulas are free to look at every pair of tokens, or at a loss around every hidden unit. */
    private static double workOfFormula(Spec spec) {
        double pairs = spec instanceof RecurrenceSpec r ? (double) r.batch() * r.outHeads() * r.length() * r.length() * r.valueDim() : 0;
        double differences = spec instanceof FastWeightSpec f ? 4.0 * Math.max(f.hiddenDim(), f.valueDim()) : 1;
        return Math.max(pairs, units(spec) * workOfUnit(spec) * differences);
    }
}
