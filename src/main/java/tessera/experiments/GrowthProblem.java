package tessera.experiments;

import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import tessera.AttentionSpec;
import tessera.RecurrenceSpec;
import tessera.Shape;
import tessera.Tensor;
import tessera.experiments.GrowthPoint.Form;
import tessera.methods.Case;
import tessera.methods.Catalogue;
import tessera.methods.Row;
import tessera.planner.Plan;

/** What grows: linear attention and dense attention of the same sizes, over a whole sequence or for one token more. */
public record GrowthProblem(GrowthRule rule, int batch, int heads, int headDim, long seed) {

    /** FlashAttention-2, and FlashDecoding for a single query. */
    private static final String DENSE = "H03";
    private static final String DENSE_STEP = "H09";

    /** A form with its inputs and what they should give; forms of one recurrence share both. */
    record Subject(Form form, Row row, Case problem, Check check, Workload workload) {

        /** The same in those of its ways of computing that are wanted. */
        Subject by(Form other, Predicate<Plan> wanted) {
            return new Subject(other, row, new Case(problem.spec(), problem.inputs(), wanted), check, workload);
        }
    }

    RecurrenceSpec recurrence(int length) {
        return rule.spec(batch, heads, length, headDim).build();
    }

    AttentionSpec dense(int length) {
        return AttentionSpec.of(batch, heads, length, headDim).causal().build();
    }

    RecurrenceSpec step() {
        return rule.spec(batch, heads, 1, headDim).initialState().finalState().build();
    }

    AttentionSpec denseStep(int context) {
        return AttentionSpec.of(batch, heads, 1, headDim).keys(context).build();
    }

    /** A length around which operations say that chunks overtake dense attention: without what a chunk adds. */
    int fewestTokens() {
        return 2 * headDim;
    }

    /** Every form over a sequence. */
    List<Subject> sequence(int length) {
        Subject recurrence = chunks(length);
        Workload workload = recurrence.workload();
        Case dense = new Case(dense(length), Map.of("q", workload.q(), "k", workload.k(), "v", workload.v()));
        return List.of(recurrence, recurrence.by(Form.RECURRENT, plan -> plan.variant().equals("recurrent")),
                new Subject(Form.DENSE, row(Form.DENSE, 0), dense, new Check(dense, seed), workload));
    }

    /** The recurrence over a sequence, in chunks. */
    Subject chunks(int length) {
        Workload workload = Workload.drawn(batch, heads, length, headDim, seed);
        RecurrenceSpec spec = recurrence(length);
        Case problem = new Case(spec, rule.inputs(spec, workload, seed), plan -> plan.variant().equals("chunk"));
        return new Subject(Form.CHUNK, rule.row(), problem, new Check(problem, seed), workload);
    }

    /** One token after a context: the recurrence has a state drawn anew for each context, as only its size matters. */
    List<Subject> decode(int context) {
        Workload token = Workload.drawn(batch, heads, 1, headDim, seed + context);
        RecurrenceSpec spec = step();
        Case recurrence = new Case(spec, rule.inputs(spec, token, seed + context));
        Shape cache = Shape.of(batch, heads, context, headDim);
        Case dense = new Case(denseStep(context), Map.of("q", token.q(), "k", Tensor.random(cache, seed + 1), "v", Tensor.random(cache, seed + 2)));
        return List.of(new Subject(Form.RECURRENT, rule.row(), recurrence, new Check(recurrence, seed), token),
                new Subject(Form.DENSE, row(Form.DENSE, context), dense, new Check(dense, seed), token));
    }

    /** The catalogue's row of a form; a context stands for a decode step. */
    Row row(Form form, int context) {
        return form != Form.DENSE ? rule.row() : Catalogue.row(context > 0 ? DENSE_STEP : DENSE);
    }
}
