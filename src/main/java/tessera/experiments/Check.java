package tessera.experiments;

import java.util.Map;
import java.util.stream.IntStream;
import tessera.AttentionSpec;
import tessera.FastWeightSpec;
import tessera.MergeSpec;
import tessera.RecurrenceSpec;
import tessera.RotarySpec;
import tessera.Shape;
import tessera.Spec;
import tessera.Tensor;
import tessera.methods.Case;
import tessera.methods.Method;
import tessera.operators.Operators;
import tessera.reference.Accuracy;
import tessera.reference.Expected;
import tessera.reference.Sample;

/**
 * What a case should give, in double precision, computed once for all devices: the operator's reference on a sample that
 * keeps its time bounded, and where the problem is small the method's own formula on everything.
 */
final class Check {
    /** Multiplications that a reference may take, about a second; but never fewer units than these. */
    private static final double WORK = 1e8;
    private static final int FEWEST_ROWS = 16;
    private static final int FEWEST_HEADS = 2;

    private final Expected reference;
    private final Expected formula;
    private final String description;

    Check(Method method, Case problem, long seed) {
        Spec spec = problem.spec();
        int units = units(spec);
        int most = (int) Math.min(units, Math.max(WORK / workOfUnit(spec), spec instanceof RecurrenceSpec ? FEWEST_HEADS : FEWEST_ROWS));
        reference = Operators.of(spec).reference(spec, problem.inputs(), new Sample(most, seed));
        boolean small = workOfFormula(spec) <= WORK;
        formula = small ? everything(method.twin().of(problem.inputs())) : null;
        String what = spec instanceof RecurrenceSpec ? "heads" : "rows";
        description = (most >= units ? "all " + units : most + " of " + units) + " " + what + (small ? " + formula" : "");
    }

    /** What is compared, for example {@code 97 of 4096 rows}, and whether the method's own formula was too. */
    String description() {
        return description;
    }

    Accuracy of(Map<String, Tensor> outputs) {
        Accuracy accuracy = reference.compare(outputs);
        return formula == null ? accuracy : accuracy.worse(formula.compare(outputs));
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
            case FastWeightSpec f -> f.batch() * f.heads();
            case MergeSpec m -> m.batch() * m.heads() * m.queries();
            case RecurrenceSpec r -> r.batch() * r.heads();
            case RotarySpec r -> r.batch() * r.heads() * r.length();
        };
    }

    private static double workOfUnit(Spec spec) {
        return switch (spec) {
            case AttentionSpec a -> (double) a.keys() * (a.headDim() + a.valueDim());
            case FastWeightSpec f -> 8.0 * f.length() * f.weights().values().stream().mapToLong(Shape::elements).sum() / units(f);
            case MergeSpec m -> (double) m.parts() * m.valueDim();
            case RecurrenceSpec r -> 3.0 * r.length() * r.keyDim() * r.valueDim();
            case RotarySpec r -> (double) r.headDim() * r.headDim();
        };
    }

    /** The formulas are free to look at every pair of tokens, or at a loss around every hidden unit. */
    private static double workOfFormula(Spec spec) {
        double pairs = spec instanceof RecurrenceSpec r ? (double) r.batch() * r.heads() * r.length() * r.length() * r.valueDim() : 0;
        double differences = spec instanceof FastWeightSpec f ? 4.0 * Math.max(f.hiddenDim(), f.valueDim()) : 1;
        return Math.max(pairs, units(spec) * workOfUnit(spec) * differences);
    }
}
