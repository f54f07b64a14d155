package tessera.reference;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.DoubleStream;
import java.util.stream.IntStream;
import tessera.Estimator;
import tessera.Pooling.Fold;
import tessera.SelectSpec;
import tessera.Tensor;

/** The scores of candidates in double precision, a head at a time, straight from the formulas of {@link Estimator}. */
final class EstimateReference {
    private final SelectSpec spec;
    private final Map<String, Tensor> inputs;

    EstimateReference(SelectSpec spec, Map<String, Tensor> inputs) {
        this.spec = spec;
        this.inputs = inputs;
    }

    /** [rows][candidates] of a head with lists of its own. */
    double[][] head(int batch, int listHead) {
        int group = spec.estimateHeads() / spec.listHeads();
        double[][][] heads = IntStream.range(listHead * group, (listHead + 1) * group).mapToObj(h -> candidates(batch, h)).toArray(double[][][]::new);
        double[][] scores = new double[spec.rows()][spec.candidates()];
        for (int row = 0; row < spec.rows(); row++) {
            for (int c = 0; c < spec.candidates(); c++) {
                int r = row;
                int candidate = c;
                scores[row][c] = fold(spec.pooling().group(), Arrays.stream(heads).mapToDouble(of -> of[r][candidate]));
            }
        }
        return spec.pooling().width() == 1 ? scores : IntStream.range(0, scores.length).mapToObj(row -> neighbours(row, scores[row])).toArray(double[][]::new);
    }

    private double[] neighbours(int row, double[] scores) {
        int reach = spec.pooling().width() / 2;
        int last = Math.min((row + 1) * spec.blockQ(), spec.queries()) - 1 + spec.offset();
        int end = spec.causal() ? Math.clamp(Math.floorDiv(last, spec.blockK()) + 1, 0, scores.length) : scores.length;
        return IntStream.range(0, scores.length).mapToDouble(c -> c >= end ? scores[c]
                : fold(spec.pooling().neighbours(), Arrays.stream(scores, Math.max(0, c - reach), Math.min(end, c + reach + 1)))).toArray();
    }

    private static double fold(Fold how, DoubleStream values) {
        return switch (how) {
            case NONE, SUM -> values.sum();
            case MEAN -> values.average().orElseThrow();
            case MAX -> values.max().orElseThrow();
        };
    }

    /** [rows][candidates] of a head with an estimate of its own. */
    private double[][] candidates(int batch, int head) {
        double[][] estimate = estimate(batch, head);
        boolean[][] seen = new boolean[estimate.length][];
        int together = spec.estimator() instanceof Estimator.Antidiagonal(int stride) ? stride : spec.blockQ();
        int rowQueries = spec.blockQ() / together;
        for (int i = 0; i < estimate.length; i++) {
            seen[i] = seen(batch, head, i, together);
            if (spec.hasSoftmax() && !(spec.estimator() instanceof Estimator.LastRows)) {
                softmax(estimate[i], seen[i], batch, head);
            }
        }
        double[][] scores = new double[spec.rows()][spec.candidates()];
        for (int row = 0; row < spec.rows(); row++) {
            for (int c = 0; c < spec.candidates(); c++) {
                DoubleStream.Builder within = DoubleStream.builder();
                for (int i = row * rowQueries; i < Math.min(estimate.length, (row + 1) * rowQueries); i++) {
                    for (int j = 0; j < estimate[i].length; j++) {
                        int start = j * spec.estimator().stride(spec.blockK());
                        boolean overlaps = start < (c + 1) * spec.blockK() && start + spec.estimator().span(spec.blockK()) > c * spec.blockK();
                        if (overlaps && seen[i][j]) {
                            within.add(estimate[i][j]);
                        }
                    }
                }
                double[] values = within.build().toArray();
                scores[row][c] = values.length > 0 ? fold(spec.pooling().blocks(), Arrays.stream(values)) : spec.hasSoftmax() ? 0 : -1e30;
            }
        }
        return scores;
    }

    /** Which scores a query of the estimate sees, one that stands for {@code block} queries. */
    private boolean[] seen(int batch, int head, int query, int block) {
        int last = Math.min((query + 1) * block, spec.queries()) - 1 + spec.offset();
        boolean[] seen = new boolean[spec.scores()];
        for (int j = 0; j < seen.length; j++) {
            int start = j * spec.estimator().stride(spec.blockK());
            int end = Math.min(spec.keys(), start + spec.estimator().span(spec.blockK())) - 1;
            int needed = spec.estimator().seesWhatIsPast() ? end : start;
            seen[j] = (!spec.causal() || needed <= last)
                    && !(spec.forced().apart() && new ForcedReference(spec, inputs).column(batch, kvHead(head), j));
        }
        return seen;
    }

    private void softmax(double[] x, boolean[] seen, int batch, int head) {
        double max = IntStream.range(0, x.length).filter(j -> seen[j]).mapToDouble(j -> x[j]).max().orElse(0);
        for (int j = 0; j < x.length; j++) {
            double size = spec.pooling().weighted() ? inputs.get("sizes").get((batch * spec.kvHeads() + kvHead(head)) * x.length + j) : 1;
            x[j] = seen[j] ? size * Math.exp(x[j] - max) : 0;
        }
        double sum = Arrays.stream(x).sum();
        for (int j = 0; j < x.length && sum > 0; j++) {
            x[j] /= sum;
        }
    }

    private int kvHead(int head) {
        return head / Math.max(1, spec.estimateHeads() / spec.kvHeads());
    }

    private double[][] estimate(int batch, int head) {
        Vectors vectors = new Vectors(spec, inputs, batch, head, kvHead(head));
        double[][] queries = spec.estimator().poolsQueries() ? IntStream.range(0, spec.rows()).mapToObj(vectors::query).toArray(double[][]::new) : null;
        return switch (spec.estimator()) {
            case Estimator.PooledDot _, Estimator.OverlappedDot _ -> dots(queries, IntStream.range(0, spec.scores()).mapToObj(vectors::segment).toList());
            case Estimator.GivenDot _ -> dots(queries, IntStream.range(0, spec.scores()).mapToObj(vectors::key).toList());
            case Estimator.LowBit(int bits) -> dots(queries,
                    IntStream.range(0, spec.keys()).mapToObj(j -> rounded(vectors.key(j), (1 << bits) - 1)).toList());
            case Estimator.MinMax _ -> each(spec.rows(), (i, j) -> spec.scale() * vectors.largest(queries[i], j));
            case Estimator.ListedChannels(int count) -> each(spec.rows(), (i, j) -> spec.scale()
                    * along(IntStream.range(0, count).map(n -> (int) inputs.get("channels").get(kvHead(head) * count + n)), queries[i], vectors.key(j)));
            case Estimator.TopChannels(int count) -> each(spec.rows(), (i, j) -> {
                int[] top = vectors.topChannels(i, count);
                double listed = IntStream.of(top).mapToDouble(c -> Math.abs(queries[i][c])).sum();
                double all = Arrays.stream(queries[i]).map(Math::abs).sum();
                return spec.scale() * Math.sqrt(all / listed) * along(IntStream.of(top), queries[i], vectors.key(j));
            });
            case Estimator.Antidiagonal(int stride) -> each(Math.ceilDiv(spec.queries(), stride), (i, j) -> IntStream.range(0, stride)
                    .filter(t -> (i + 1) * stride - 1 - t < spec.queries() && j * stride + t < spec.keys())
                    .mapToDouble(t -> spec.scale() / stride * Vectors.dot(vectors.token((i + 1) * stride - 1 - t), vectors.key(j * stride + t))).sum());
            case Estimator.LastRows last -> new double[][] {lines(vectors, last)};
            case Estimator.Hamming(int words) -> each(spec.rows(), (i, j) -> -IntStream.range(0, words)
                    .map(w -> Integer.bitCount(vectors.queryCode(i, w) ^ vectors.keyCode(j, w))).sum());
            case Estimator.Collisions(int tables) -> each(spec.rows(), (i, j) -> IntStream.range(0, tables)
                    .filter(w -> vectors.queryCode(i, w) == vectors.keyCode(j, w)).count());
            case Estimator.Indexer _ -> each(spec.rows(), (i, j) -> vectors.indexed(i, j));
            case Estimator.ColumnMass _ -> each(1, (_, j) -> inputs.get("mass").get((batch * spec.heads() + head) * spec.keys() + j));
            case Estimator.External _ -> each(spec.rows(),
                    (i, j) -> inputs.get("estimate").get(((batch * spec.heads() + head) * spec.rows() + i) * spec.scores() + j));
        };
    }

    private interface Pair {
        double score(int i, int j);
    }

    private double[][] each(int rows, Pair pair) {
        return IntStream.range(0, rows).mapToObj(i -> IntStream.range(0, spec.scores()).mapToDouble(j -> pair.score(i, j)).toArray()).toArray(double[][]::new);
    }

    private double[][] dots(double[][] queries, List<double[]> keys) {
        return each(queries.length, (i, j) -> spec.scale() * Vectors.dot(queries[i], keys.get(j)));
    }

    private static double along(IntStream channels, double[] q, double[] k) {
        return channels.mapToDouble(c -> q[c] * k[c]).sum();
    }

    private static double[] rounded(double[] x, int steps) {
        double low = Arrays.stream(x).min().orElseThrow();
        double step = (Arrays.stream(x).max().orElseThrow() - low) / steps;
        return Arrays.stream(x).map(v -> step == 0 ? low : low + step * Math.floor((v - low) / step + 0.5)).toArray();
    }

    /** The softmax of a few queries' rows, summed along columns or diagonals. */
    private double[] lines(Vectors vectors, Estimator.LastRows last) {
        double[] sums = new double[spec.keys()];
        for (int n = 0; n < last.rows(); n++) {
            int query = last.sampled() ? (int) inputs.get("rows").get(n) : spec.queries() - last.rows() + n;
            int position = query + spec.offset();
            int end = spec.causal() ? Math.clamp(position + 1, 0, spec.keys()) : spec.keys();
            double[] weights = IntStream.range(0, end).mapToDouble(j -> Math.exp(spec.scale() * Vectors.dot(vectors.token(query), vectors.key(j)))).toArray();
            double sum = Arrays.stream(weights).sum();
            for (int j = 0; j < end; j++) {
                int line = last.lines() == Estimator.Lines.COLUMNS ? j : position - j;
                if (line >= 0 && line < sums.length) {
                    sums[line] += weights[j] / sum;
                }
            }
        }
        return sums;
    }
}
