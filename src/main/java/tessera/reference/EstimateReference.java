package tessera.reference;

import java.util.Arrays;
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
        int rowQueries = estimate.length == spec.rows() ? 1 : spec.blockQ() / spec.estimator().stride(spec.blockK());
        for (int i = 0; i < estimate.length; i++) {
            seen[i] = seen(batch, head, i, estimate.length == spec.rows() ? spec.blockQ() : spec.estimator().stride(spec.blockK()));
            if (spec.hasSoftmax()) {
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
                    && !(spec.forced().apart() && inputs.get("forcedColumns").get((batch * spec.kvHeads() + kvHead(head)) * seen.length + j) != 0);
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
        int columns = spec.scores();
        double[][] estimate = new double[spec.rows()][columns];
        for (int i = 0; i < estimate.length; i++) {
            for (int j = 0; j < columns; j++) {
                estimate[i][j] = switch (spec.estimator()) {
                    case Estimator.PooledDot _, Estimator.OverlappedDot _ -> spec.scale() * dot(query(batch, head, i), segment(batch, head, j));
                    case Estimator.GivenDot _ -> spec.scale() * dot(query(batch, head, i), vector("k", (batch * spec.kvHeads() + kvHead(head)) * columns + j));
                    case Estimator.External _ -> inputs.get("estimate").get(((batch * spec.heads() + head) * spec.rows() + i) * columns + j);
                    default -> throw new IllegalArgumentException("no formula for " + spec.estimator());
                };
            }
        }
        return estimate;
    }

    /** The mean of a row's queries, and of the heads of a group. */
    private double[] query(int batch, int head, int row) {
        int group = spec.pooling().meanQueries() ? spec.heads() / spec.kvHeads() : 1;
        double[] mean = new double[spec.headDim()];
        int count = 0;
        for (int h = head * group; h < (head + 1) * group; h++) {
            for (int i = row * spec.blockQ(); i < Math.min(spec.queries(), (row + 1) * spec.blockQ()); i++) {
                add(mean, vector("q", (batch * spec.heads() + h) * spec.queries() + i));
                count++;
            }
        }
        return divided(mean, count);
    }

    /** The mean of the keys that a score stands for. */
    private double[] segment(int batch, int head, int j) {
        int start = j * spec.estimator().stride(spec.blockK());
        int end = Math.min(spec.keys(), start + spec.estimator().span(spec.blockK()));
        double[] mean = new double[spec.headDim()];
        for (int t = start; t < end; t++) {
            add(mean, vector("k", (batch * spec.kvHeads() + kvHead(head)) * spec.keys() + t));
        }
        return divided(mean, end - start);
    }

    private double[] vector(String name, int row) {
        int dim = inputs.get(name).shape().dim(-1);
        return IntStream.range(0, dim).mapToDouble(c -> inputs.get(name).get(row * dim + c)).toArray();
    }

    private static void add(double[] sum, double[] x) {
        for (int c = 0; c < x.length; c++) {
            sum[c] += x[c];
        }
    }

    private static double[] divided(double[] sum, int count) {
        return Arrays.stream(sum).map(x -> x / count).toArray();
    }

    private static double dot(double[] a, double[] b) {
        return IntStream.range(0, a.length).mapToDouble(c -> a[c] * b[c]).sum();
    }
}
