package tessera.reference;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.function.IntFunction;
import java.util.stream.DoubleStream;
import java.util.stream.IntStream;
import tessera.Estimator;
import tessera.Pooling.Fold;
import tessera.SelectSpec;
import tessera.Tensor;

/** The scores of candidates in double precision, some rows of a head at a time, straight from the formulas of {@link Estimator}. */
final class EstimateReference {
    private final SelectSpec spec;
    private final Map<String, Tensor> inputs;
    private final ForcedReference forced;

    EstimateReference(SelectSpec spec, Map<String, Tensor> inputs, ForcedReference forced) {
        this.spec = spec;
        this.inputs = inputs;
        this.forced = forced;
    }

    /** [rows][candidates] of some rows of a head with lists of its own. */
    double[][] head(int batch, int listHead, int[] rows) {
        int group = spec.estimateHeads() / spec.listHeads();
        double[][][] heads = IntStream.range(listHead * group, (listHead + 1) * group).mapToObj(h -> candidates(batch, h, rows)).toArray(double[][][]::new);
        return IntStream.range(0, rows.length).mapToObj(n -> {
            double[] scores = IntStream.range(0, spec.candidates())
                    .mapToDouble(c -> fold(spec.pooling().group(), Arrays.stream(heads).mapToDouble(of -> of[n][c]))).toArray();
            return spec.pooling().width() == 1 ? scores : neighbours(rows[n], scores);
        }).toArray(double[][]::new);
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

    /** [rows][candidates] of some rows of a head with an estimate of its own. */
    private double[][] candidates(int batch, int head, int[] rows) {
        IntFunction<double[]> estimate = estimate(batch, head);
        boolean single = spec.estimator() instanceof Estimator.LastRows || spec.estimator() instanceof Estimator.ColumnMass;
        int together = spec.estimator() instanceof Estimator.Antidiagonal(int stride) ? stride : spec.blockQ();
        int estimates = single ? 1 : Math.ceilDiv(spec.queries(), together);
        int rowQueries = spec.blockQ() / together;
        return IntStream.of(rows).parallel().mapToObj(row -> {
            int first = row * rowQueries;
            int end = Math.min(estimates, first + rowQueries);
            boolean[][] seen = IntStream.range(first, end).mapToObj(i -> seen(batch, head, i, together)).toArray(boolean[][]::new);
            double[][] values = IntStream.range(first, end).mapToObj(estimate).toArray(double[][]::new);
            for (int i = 0; i < values.length && spec.hasSoftmax() && !(spec.estimator() instanceof Estimator.LastRows); i++) {
                softmax(values[i], seen[i], batch, head);
            }
            return IntStream.range(0, spec.candidates()).mapToDouble(c -> candidate(c, values, seen)).toArray();
        }).toArray(double[][]::new);
    }

    /** A candidate's score: of all estimates that overlap its keys and are seen. */
    private double candidate(int c, double[][] estimates, boolean[][] seen) {
        int stride = spec.estimator().stride(spec.blockK());
        int first = Math.max(0, Math.floorDiv(c * spec.blockK() - spec.estimator().span(spec.blockK()), stride) + 1);
        int end = Math.min(spec.scores(), Math.ceilDiv((c + 1) * spec.blockK(), stride));
        double[] values = IntStream.range(0, estimates.length).boxed()
                .flatMapToDouble(i -> IntStream.range(first, end).filter(j -> seen[i][j]).mapToDouble(j -> estimates[i][j])).toArray();
        return values.length > 0 ? fold(spec.pooling().blocks(), Arrays.stream(values)) : spec.hasSoftmax() ? 0 : -1e30;
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
                    && !(spec.forced().apart() && forced.column(batch, kvHead(head), j));
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

    /** The scores of one query of the estimate. */
    private IntFunction<double[]> estimate(int batch, int head) {
        Vectors vectors = new Vectors(spec, inputs, batch, head, kvHead(head));
        return switch (spec.estimator()) {
            case Estimator.PooledDot _, Estimator.OverlappedDot _ -> dots(vectors, IntStream.range(0, spec.scores()).mapToObj(vectors::segment).toList());
            case Estimator.GivenDot _ -> dots(vectors, IntStream.range(0, spec.scores()).mapToObj(vectors::key).toList());
            case Estimator.LowBit(int bits) -> dots(vectors, Arrays.stream(vectors.keys()).map(k -> rounded(k, (1 << bits) - 1)).toList());
            case Estimator.MinMax _ -> {
                List<double[][]> blocks = IntStream.range(0, spec.scores()).mapToObj(vectors::keys).toList();
                yield each(vectors::query, (q, j) -> spec.scale() * Vectors.largest(q, blocks.get(j)));
            }
            case Estimator.ListedChannels(int count) -> {
                int[] listed = IntStream.range(0, count).map(n -> (int) inputs.get("channels").get(kvHead(head) * count + n)).toArray();
                double[][] keys = vectors.keys();
                yield each(vectors::query, (q, j) -> spec.scale() * along(listed, q, keys[j]));
            }
            case Estimator.TopChannels(int count) -> {
                double[][] keys = vectors.keys();
                yield i -> {
                    int[] top = vectors.topChannels(i, count);
                    return each(vectors::query, (q, j) -> {
                        double listed = IntStream.of(top).mapToDouble(c -> Math.abs(q[c])).sum();
                        double all = Arrays.stream(q).map(Math::abs).sum();
                        return spec.scale() * Math.sqrt(all / listed) * along(top, q, keys[j]);
                    }).apply(i);
                };
            }
            case Estimator.Antidiagonal(int stride) -> {
                double[][] keys = vectors.keys();
                yield i -> {
                    int end = (i + 1) * stride;
                    double[][] queries = IntStream.range(i * stride, Math.min(end, spec.queries())).mapToObj(vectors::token).toArray(double[][]::new);
                    return each(_ -> queries, (q, j) -> IntStream.range(0, stride)
                            .filter(t -> end - 1 - t < spec.queries() && j * stride + t < spec.keys())
                            .mapToDouble(t -> spec.scale() / stride * Vectors.dot(q[stride - 1 - t], keys[j * stride + t])).sum()).apply(i);
                };
            }
            case Estimator.LastRows last -> _ -> lines(vectors, last);
            case Estimator.Hamming(int words) -> each(i -> i, (i, j) -> -IntStream.range(0, words)
                    .map(w -> Integer.bitCount(vectors.queryCode(i, w) ^ vectors.keyCode(j, w))).sum());
            case Estimator.Collisions(int tables) -> each(i -> i, (i, j) -> IntStream.range(0, tables)
                    .filter(w -> vectors.queryCode(i, w) == vectors.keyCode(j, w)).count());
            case Estimator.Indexer _ -> {
                double[][] keys = vectors.keys();
                yield i -> each(vectors::everyHead, (q, j) -> vectors.indexed(q, i, keys[j])).apply(i);
            }
            case Estimator.ColumnMass _ -> each(i -> i, (_, j) -> inputs.get("mass").get((batch * spec.heads() + head) * spec.keys() + j));
            case Estimator.External _ -> each(i -> i,
                    (i, j) -> inputs.get("estimate").get(((batch * spec.heads() + head) * spec.rows() + i) * spec.scores() + j));
        };
    }

    private interface Pair<Q> {
        double score(Q query, int j);
    }

    private <Q> IntFunction<double[]> each(IntFunction<Q> query, Pair<Q> pair) {
        return i -> {
            Q q = query.apply(i);
            return IntStream.range(0, spec.scores()).mapToDouble(j -> pair.score(q, j)).toArray();
        };
    }

    private IntFunction<double[]> dots(Vectors vectors, List<double[]> keys) {
        return each(vectors::query, (q, j) -> spec.scale() * Vectors.dot(q, keys.get(j)));
    }

    private static double along(int[] channels, double[] q, double[] k) {
        return IntStream.of(channels).mapToDouble(c -> q[c] * k[c]).sum();
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
