package tessera.reference;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.stream.IntStream;
import tessera.Forced;
import tessera.SelectSpec;
import tessera.SelectionRule;
import tessera.Tensor;

/** Selection in double precision, by sorting: a set of candidates at a time, one after the other in the order of the rule. */
public final class SelectReference {

    /** A pair of a row and a candidate that the rule counts. */
    private record Pair(int row, int candidate, double score, boolean forced) {
    }

    /** What is kept of rows of a head, and what is marginal, by row. */
    private record Kept(Map<Integer, TreeSet<Integer>> kept, Map<Integer, TreeSet<Integer>> marginal) {
    }

    /** Rows of a head, their scores, and what is kept of them. */
    private record Chosen(int head, int[] rows, double[][] scores, Kept kept) {
    }

    private final SelectSpec spec;
    private final ForcedReference forced;
    private final EstimateReference estimates;

    private SelectReference(SelectSpec spec, Map<String, Tensor> inputs) {
        this.spec = spec;
        this.forced = new ForcedReference(spec, inputs);
        this.estimates = new EstimateReference(spec, inputs, forced);
    }

    /** Units are rows: (batch, list head, row). */
    public static Expected compute(SelectSpec spec, Map<String, Tensor> inputs, Sample sample) {
        return new SelectReference(spec, inputs).compute(sample);
    }

    private Expected compute(Sample sample) {
        Map<String, Collected> collected = new HashMap<>();
        spec.outputs().keySet().forEach(name -> collected.put(name, new Collected()));
        int[] units = sample.of(spec.batch() * spec.listHeads() * spec.rows());
        List<Chosen> heads = IntStream.of(units).map(unit -> unit / spec.rows()).distinct().parallel().mapToObj(head ->
                chosen(head, IntStream.of(units).filter(unit -> unit / spec.rows() == head).map(unit -> unit % spec.rows()).toArray())).toList();
        for (Chosen head : heads) {
            IntStream.range(0, head.rows.length).forEach(n -> collect(collected, head, n));
        }
        Map<String, Expected.Values> values = new HashMap<>();
        collected.forEach((name, all) -> values.put(name, all.values()));
        return new Expected(values);
    }

    private Chosen chosen(int head, int[] sampled) {
        int[] rows = spec.budget().perHead() ? IntStream.range(0, spec.rows()).toArray() : sampled;
        double[][] scores = estimates.head(head / spec.listHeads(), head % spec.listHeads(), rows);
        double[][] shown = spec.budget().perHead() ? IntStream.of(sampled).mapToObj(row -> scores[row]).toArray(double[][]::new) : scores;
        return new Chosen(head, sampled, shown, select(head / spec.listHeads(), head % spec.listHeads(), rows, scores));
    }

    private void collect(Map<String, Collected> collected, Chosen of, int n) {
        int head = of.head;
        int row = of.rows[n];
        double[] scores = of.scores[n];
        Kept kept = of.kept;
        int at = (head / spec.listHeads() * spec.rows() + row) * spec.listHeads() + head % spec.listHeads();
        list(collected, "keyBlocks", "counts", at, kept.kept.get(row));
        if (collected.containsKey("marginalBlocks")) {
            list(collected, "marginalBlocks", "marginalCounts", at, kept.marginal.get(row));
        }
        int visible = visible(row);
        if (collected.containsKey("share")) {
            double sum = Arrays.stream(scores, 0, visible).sum();
            double part = kept.kept.get(row).stream().mapToDouble(c -> scores[c]).sum();
            collected.get("share").add(at, new double[] {sum == 0 ? 0 : part / sum});
        }
        if (collected.containsKey("scores")) {
            double[] shown = IntStream.range(0, scores.length).mapToDouble(c -> c < visible && scores[c] > -1e29 ? scores[c] : Double.NEGATIVE_INFINITY).toArray();
            collected.get("scores").add((head * spec.rows() + row) * spec.candidates(), shown);
        }
    }

    private void list(Map<String, Collected> collected, String lists, String counts, int at, TreeSet<Integer> kept) {
        double[] list = new double[spec.outputs().get(lists).dim(-1)];
        Arrays.fill(list, -1);
        int n = 0;
        for (int candidate : kept) {
            list[n++] = candidate;
        }
        collected.get(lists).add(at * list.length, list);
        collected.get(counts).add(at, new double[] {kept.size()});
    }

    /** Candidates whose first key is no later than the row's last query. */
    private int visible(int row) {
        int last = Math.min((row + 1) * spec.blockQ(), spec.queries()) - 1 + spec.offset();
        return (int) IntStream.range(0, spec.candidates()).filter(c -> !spec.causal() || c * spec.blockK() <= last).count();
    }

    private Kept select(int batch, int head, int[] rows, double[][] scores) {
        Kept all = new Kept(new HashMap<>(), new HashMap<>());
        List<Pair> pairs = new ArrayList<>();
        for (int n = 0; n < rows.length; n++) {
            int row = rows[n];
            all.kept.put(row, new TreeSet<>());
            all.marginal.put(row, new TreeSet<>());
            for (int c = 0; c < visible(row); c++) {
                pairs.add(new Pair(row, c, scores[n][c], forced.pair(batch, head, row, c)));
            }
            if (!spec.budget().perHead() || n == rows.length - 1) {
                keep(pairs, all);
                pairs.clear();
            }
        }
        return all;
    }

    /** The rule over one set, in which pairs stand in the order of their indices. */
    private void keep(List<Pair> set, Kept all) {
        List<Pair> ordered = new ArrayList<>(set);
        Forced.Counting counting = spec.forced().counting();
        if (counting == Forced.Counting.EXCLUDED) {
            ordered.removeIf(Pair::forced);
        }
        Comparator<Pair> best = Comparator.comparingDouble(pair -> -pair.score);
        ordered.sort(counting == Forced.Counting.FIRST ? Comparator.comparing((Pair pair) -> !pair.forced).thenComparing(best) : best);
        int count = Math.clamp(count(ordered), spec.budget().least(), spec.budget().most());
        for (int n = 0; n < ordered.size(); n++) {
            Pair pair = ordered.get(n);
            if (n < count) {
                all.kept.get(pair.row).add(pair.candidate);
            } else if (!pair.forced && spec.rule() instanceof SelectionRule.Split(_, double skipped)
                    && n < ordered.size() - (int) Math.floor(skipped * ordered.size())) {
                all.marginal.get(pair.row).add(pair.candidate);
            }
        }
        set.stream().filter(Pair::forced).forEach(pair -> all.kept.get(pair.row).add(pair.candidate));
    }

    private int count(List<Pair> ordered) {
        int n = ordered.size();
        return switch (spec.rule()) {
            case SelectionRule.TopK(int count) -> count;
            case SelectionRule.TopRatio(double ratio) -> Math.max(1, (int) Math.floor(ratio * n));
            case SelectionRule.Split(double critical, _) -> Math.max(1, (int) Math.floor(critical * n));
            case SelectionRule.Threshold(float least) -> (int) ordered.stream().filter(pair -> pair.score >= least || isFirst(pair)).count();
            case SelectionRule.TopP(double p, boolean cover) -> {
                double[] running = ordered.stream().mapToDouble(Pair::score).toArray();
                Arrays.parallelPrefix(running, Double::sum);
                int within = (int) Arrays.stream(running).filter(sum -> sum <= p * running[n - 1]).count();
                yield cover ? within + 1 : Math.max(1, within);
            }
        };
    }

    private boolean isFirst(Pair pair) {
        return pair.forced && spec.forced().counting() == Forced.Counting.FIRST;
    }
}
