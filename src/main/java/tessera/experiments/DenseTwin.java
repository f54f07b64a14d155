package tessera.experiments;

import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import tessera.Arrangement;
import tessera.AttentionSpec;
import tessera.SelectSpec;
import tessera.Shape;
import tessera.Tensor;
import tessera.layouts.Layout;
import tessera.layouts.Listing;
import tessera.masks.Mask;
import tessera.methods.Case;
import tessera.methods.PreparedCase;
import tessera.methods.Step;
import tessera.planner.Plan;
import tessera.reference.Accuracy;
import tessera.reference.AttentionReference;
import tessera.reference.Expected;
import tessera.reference.Sample;

/** Dense softmax attention over a case's q, k and v on some of its queries, in double precision, and what the case keeps of it. */
final class DenseTwin {

    /** Queries, over all batches and heads, at which a method is compared with dense attention. */
    private static final int ROWS = 64;

    private final Case problem;
    private final AttentionSpec spec;
    private final int[] rows;
    private final Map<Object, AttentionReference.Row[]> known;
    private AttentionReference.Row[] dense;

    private DenseTwin(Case problem, AttentionSpec spec, long seed, Map<Object, AttentionReference.Row[]> known) {
        this.problem = problem;
        this.spec = spec;
        this.known = known;
        this.rows = new Sample(ROWS, seed).of(spec.batch() * spec.heads() * spec.queries());
    }

    /**
     * Causal if the case is; null if its q, k and v are not those of self-attention.
     *
     * @param known rows that were computed for other cases; those of this one are added
     */
    static DenseTwin of(Case problem, long seed, Map<Object, AttentionReference.Row[]> known) {
        Tensor q = problem.inputs().get("q");
        Tensor k = problem.inputs().get("k");
        Tensor v = problem.inputs().get("v");
        if (q == null || k == null || v == null || q.shape().rank() != 4 || k.shape().rank() != 4 || v.shape().rank() != 4) {
            return null;
        }
        Shape s = q.shape();
        int kvHeads = k.shape().dim(1);
        Shape keys = Shape.of(s.dim(0), kvHeads, s.dim(2), s.dim(3));
        if (s.dim(1) % kvHeads != 0 || !k.shape().equals(keys) || !v.shape().equals(keys)) {
            return null;
        }
        var builder = AttentionSpec.of(s.dim(0), s.dim(1), s.dim(2), s.dim(3)).kvHeads(kvHeads);
        return new DenseTwin(problem, problem.isCausal() ? builder.causal().build() : builder.build(), seed, known);
    }

    /**
     * Of the last run.
     *
     * @param plans those of its steps
     * @param kernels time of each step, in any unit
     * @param needle which key the last queries look for; null if there is none
     */
    Fidelity fidelity(PreparedCase run, List<Plan> plans, long[] kernels, Needle needle) {
        if (dense == null) {
            List<Object> key = List.of(spec, problem.inputs().get("q"), problem.inputs().get("k"), problem.inputs().get("v"));
            dense = known.computeIfAbsent(key, _ -> AttentionReference.rows(spec, problem.inputs(), rows));
        }
        List<Integer> visiting = visiting(run);
        Double error = error(run.out());
        Double selection = selection(visiting, kernels);
        if (error == null) {
            return new Fidelity(null, null, null, null, selection);
        }
        if (visiting.isEmpty()) {
            // tokens moved before they attend: how many pairs they visit does not depend on their order
            return new Fidelity(density(run, plans, attentions().boxed().toList()), null, error, null, selection);
        }
        return new Fidelity(density(run, plans, visiting), recall(run, visiting), error, needle == null ? null : found(run, visiting, needle), selection);
    }

    /** Null without attentions. */
    private Double density(PreparedCase run, List<Plan> plans, List<Integer> attentions) {
        double pairs = attentions.stream().mapToDouble(n -> attention(n).isDynamic() ? pairs(attention(n), run.tensors(n))
                : plans.get(n).cost().density() * all(attention(n))).sum();
        return attentions.isEmpty() ? null : Double.valueOf(pairs / all(spec));
    }

    private AttentionSpec attention(int step) {
        return (AttentionSpec) problem.steps().get(step).spec();
    }

    private static double all(AttentionSpec a) {
        return (double) a.batch() * a.heads() * a.queries() * a.keys();
    }

    /** The attentions of the case's queries over its keys. */
    private List<Integer> visiting(PreparedCase run) {
        return attentions().filter(n -> {
            Map<String, Tensor> tensors = run.tensors(n);
            AttentionSpec a = attention(n);
            return tensors.get("q") == problem.inputs().get("q") && tensors.get("k") == problem.inputs().get("k") && a.queries() == spec.queries()
                    && a.heads() == spec.heads() && a.batch() == spec.batch() && a.keys() == spec.keys();
        }).boxed().toList();
    }

    /** Those that serve no choice: where keys are chosen, attentions over all keys, or for their masses, do. */
    private IntStream attentions() {
        boolean chosen = problem.steps().stream().anyMatch(step -> step.spec() instanceof SelectSpec);
        return IntStream.range(0, problem.steps().size())
                .filter(n -> problem.steps().get(n).spec() instanceof AttentionSpec a && (!chosen || isChosen(a)));
    }

    private static boolean isChosen(AttentionSpec a) {
        boolean masses = a.requested().columnMass() || a.requested().massQ() > 0 || a.requested().scores() != null;
        return a.arrangement().lists() > 0 || !masses && !(a.mask().equals(Mask.FULL) && a.scores().mask() == null);
    }

    private static double pairs(AttentionSpec a, Map<String, Tensor> tensors) {
        Arrangement given = a.arrangement();
        if (given.lists() == 0 || given.columns() > 0 || !a.mask().equals(Mask.FULL)) {
            return Listing.of(a, Layout.names(a).getFirst(), tensors).pairs(a);
        }
        Tensor lists = tensors.get("keyBlocks");
        int blocks = Math.ceilDiv(a.queries(), given.listQueries());
        return IntStream.range(0, lists.shape().elements() / given.lists()).parallel().mapToDouble(list -> {
            BitSet named = new BitSet();
            IntStream.range(list * given.lists(), (list + 1) * given.lists()).filter(n -> lists.get(n) >= 0).forEach(n -> named.set((int) lists.get(n)));
            int first = list / given.listHeads() % blocks * given.listQueries();
            int end = Math.min(a.queries(), first + given.listQueries());
            double pairs = 0;
            for (int query = first; query < end; query++) {
                int seen = a.causal() ? query + a.offset() + 1 : a.keys();
                pairs += named.stream().map(block -> Math.clamp(Math.min(seen, a.keys()) - block * given.listBlock(), 0, given.listBlock())).sum();
            }
            return pairs;
        }).sum() * (a.heads() / given.listHeads());
    }

    /** The keys that each row visits in one of the attentions. */
    private BitSet[] visited(PreparedCase run, List<Integer> visiting, int[] of) {
        BitSet[] visited = IntStream.range(0, of.length).mapToObj(_ -> new BitSet()).toArray(BitSet[]::new);
        for (int n : visiting) {
            AttentionReference.Row[] computed = AttentionReference.rows(attention(n), run.tensors(n), of);
            for (int row = 0; row < of.length; row++) {
                for (int key = 0; key < spec.keys(); key++) {
                    if (computed[row].score()[key] > Double.NEGATIVE_INFINITY) {
                        visited[row].set(key);
                    }
                }
            }
        }
        return visited;
    }

    private double recall(PreparedCase run, List<Integer> visiting) {
        BitSet[] visited = visited(run, visiting, rows);
        return IntStream.range(0, rows.length).mapToDouble(n -> visited[n].stream().mapToDouble(key -> dense[n].weight()[key]).sum()).average().orElseThrow();
    }

    private double found(PreparedCase run, List<Integer> visiting, Needle needle) {
        int n = spec.queries();
        int[] seekers = IntStream.range(0, spec.batch() * spec.heads() * n).filter(row -> row % n >= n - needle.queries()).toArray();
        BitSet[] visited = visited(run, visiting, seekers);
        return IntStream.range(0, seekers.length).filter(s -> visited[s].get(needle.keys()[seekers[s] / n])).count() / (double) seekers.length;
    }

    private Double error(Tensor out) {
        int dim = spec.valueDim();
        if (out.shape().elements() != spec.batch() * spec.heads() * spec.queries() * dim) {
            return null;
        }
        int[] at = Arrays.stream(rows).flatMap(row -> IntStream.range(row * dim, (row + 1) * dim)).toArray();
        double[] value = Arrays.stream(dense).flatMapToDouble(row -> Arrays.stream(row.out())).toArray();
        return Accuracy.of(out, new Expected.Values(at, value)).rms();
    }

    private Double selection(List<Integer> visiting, long[] kernels) {
        List<Step> steps = problem.steps();
        int last = IntStream.range(0, steps.size()).filter(n -> steps.get(n).spec() instanceof SelectSpec).max().orElse(-1);
        long all = Arrays.stream(kernels).sum();
        return last < 0 || all == 0 ? null
                : Double.valueOf(IntStream.rangeClosed(0, last).filter(n -> !visiting.contains(n)).mapToLong(n -> kernels[n]).sum() / (double) all);
    }
}
