package tessera.experiments.claims;

import static tessera.experiments.claims.Finding.row;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.function.ToDoubleFunction;
import java.util.stream.IntStream;
import org.apache.commons.math3.linear.RealMatrix;
import tessera.experiments.Curves;

/** Claims about formulas, tested in double precision. */
final class AlgebraClaims {

    /** What rounding may leave between two orders of the same sum. */
    private static final double ROUNDING = 1e-9;

    static final List<Claim> ALL = List.of(
            Claim.exact("Q06", "Computing Q (K^T V) in place of (Q K^T) V is mathematically equivalent", "arXiv:2006.16236, arXiv:2507.19595",
                    "distance of both orders with features elu + 1, with softmax, and where no token sees a later one; conditional if only some agree",
                    setting -> orders(setting.random())),
            Claim.exact("Q16", "The update W + a k^T v of fast weights is a step of online gradient descent", "arXiv:2102.11174",
                    "numerical gradients of -<kW, v> and of |kW - v|^2 / 2 beside the linear update and the delta rule, for W of 5 x 3; confirmed if both "
                    + "agree", setting -> gradients(setting.random())),
            Claim.exact("Q19", "Sparse attention keeps the full expressiveness of attention", "arXiv:2507.19595",
                    "distance from dense attention against density, for the keys of most weight (the best that any choice can do) and for a window, on "
                    + "scores that are flat and that are peaked; refuted if even the best choice is more than 5 % off at half of the pairs, conditional if "
                    + "only a fixed one is", setting -> expressiveness(setting.random())));

    private AlgebraClaims() {
    }

    private static Finding orders(SplittableRandom random) {
        RealMatrix q = Matrices.random(64, 16, random);
        RealMatrix k = Matrices.random(64, 16, random);
        RealMatrix v = Matrices.random(64, 16, random);
        RealMatrix fq = Matrices.map(q, x -> x > 0 ? x + 1 : Math.exp(x));
        RealMatrix fk = Matrices.map(k, x -> x > 0 ? x + 1 : Math.exp(x));
        RealMatrix reordered = fq.multiply(fk.transpose().multiply(v));
        double features = Matrices.error(reordered, fq.multiply(fk.transpose()).multiply(v));
        RealMatrix softmax = Matrices.softmax(q.multiply(k.transpose()).scalarMultiply(0.25)).multiply(v);
        double exponential = Matrices.error(q.multiply(k.transpose().multiply(v)), softmax);
        RealMatrix causal = Matrices.lower(fq.multiply(fk.transpose())).multiply(v);
        double whole = Matrices.error(reordered, causal);
        double prefix = Matrices.error(prefix(fq, fk, v), causal);
        return orders(features, exponential, whole, prefix).with(List.of(row("case", "features, all tokens", "distance", features),
                row("case", "softmax, all tokens", "distance", exponential), row("case", "features, causal, one product of all keys", "distance", whole),
                row("case", "features, causal, a state that grows token by token", "distance", prefix)));
    }

    private static RealMatrix prefix(RealMatrix q, RealMatrix k, RealMatrix v) {
        RealMatrix out = v.copy();
        RealMatrix state = k.getSubMatrix(0, 0, 0, k.getColumnDimension() - 1).transpose().multiply(v.getSubMatrix(0, 0, 0, v.getColumnDimension() - 1))
                .scalarMultiply(0);
        for (int t = 0; t < q.getRowDimension(); t++) {
            state = state.add(k.getRowMatrix(t).transpose().multiply(v.getRowMatrix(t)));
            out.setRowMatrix(t, q.getRowMatrix(t).multiply(state));
        }
        return out;
    }

    static Finding orders(double features, double softmax, double causal, double prefix) {
        boolean one = features < ROUNDING && prefix < ROUNDING;
        Verdict verdict = !one ? Verdict.REFUTED : softmax < ROUNDING && causal < ROUNDING ? Verdict.CONFIRMED : Verdict.CONDITIONAL;
        return Finding.of(verdict, "the orders differ by %.0e with a feature map, and by %.0e if causal with a state for each prefix; with softmax by "
                + "%.2g, and if causal without those states by %.2g", features, prefix, softmax, causal);
    }

    private static Finding gradients(SplittableRandom random) {
        RealMatrix w = Matrices.random(5, 3, random);
        RealMatrix k = Matrices.random(1, 5, random);
        RealMatrix v = Matrices.random(1, 3, random);
        RealMatrix dot = gradient(w, x -> -k.multiply(x).multiply(v.transpose()).getEntry(0, 0));
        RealMatrix square = gradient(w, x -> Math.pow(k.multiply(x).subtract(v).getFrobeniusNorm(), 2) / 2);
        double linear = Matrices.error(dot.scalarMultiply(-1), k.transpose().multiply(v));
        double delta = Matrices.error(square.scalarMultiply(-1), k.transpose().multiply(v.subtract(k.multiply(w))));
        return gradients(linear, delta).with(List.of(row("update", "k^T v", "loss", "-<kW, v>", "distance", linear),
                row("update", "k^T (v - kW)", "loss", "|kW - v|^2 / 2", "distance", delta)));
    }

    /** By central differences. */
    private static RealMatrix gradient(RealMatrix w, ToDoubleFunction<RealMatrix> loss) {
        double step = 1e-4;
        return Matrices.of(w.getRowDimension(), w.getColumnDimension(), (i, j) -> {
            RealMatrix more = w.copy();
            RealMatrix less = w.copy();
            more.addToEntry(i, j, step);
            less.addToEntry(i, j, -step);
            return (loss.applyAsDouble(more) - loss.applyAsDouble(less)) / (2 * step);
        });
    }

    static Finding gradients(double linear, double delta) {
        return Finding.of(linear < 1e-6 && delta < 1e-6 ? Verdict.CONFIRMED : Verdict.REFUTED, "k^T v differs from the numerical gradient of -<kW, v> by "
                + "%.0e, and the delta rule from that of |kW - v|^2 / 2 by %.0e; keys are rows, W takes keys to values", linear, delta);
    }

    private static Finding expressiveness(SplittableRandom random) {
        int n = 128;
        Map<String, Map<Integer, Double>> lines = new LinkedHashMap<>();
        List<Map<String, Object>> rows = new ArrayList<>();
        for (double sharpness : new double[] {1, 4}) {
            RealMatrix q = Matrices.random(n, 32, random);
            RealMatrix k = Matrices.random(n, 32, random);
            RealMatrix v = Matrices.random(n, 32, random);
            RealMatrix weights = Matrices.softmax(q.multiply(k.transpose()).scalarMultiply(sharpness / Math.sqrt(32)));
            RealMatrix dense = weights.multiply(v);
            for (int kept : new int[] {4, 16, 32, 64}) {
                RealMatrix best = kept(weights, kept, (i, j) -> weights.getEntry(i, j));
                RealMatrix window = kept(weights, kept, (i, j) -> -Math.min(Math.abs(i - j), n - Math.abs(i - j)));
                for (boolean chosen : new boolean[] {true, false}) {
                    String name = (chosen ? "best keys, " : "a window, ") + (sharpness > 1 ? "peaked scores" : "flat scores");
                    double error = Matrices.error((chosen ? best : window).multiply(v), dense);
                    lines.computeIfAbsent(name, _ -> new TreeMap<>()).put(kept * 100 / n, error);
                    rows.add(row("keys", name, "density", kept / (double) n, "distance from dense", error));
                }
            }
        }
        return expressiveness(lines.get("best keys, flat scores").get(50), lines.get("best keys, peaked scores").get(50),
                lines.get("a window, flat scores").get(50)).with(rows).with(new Curves("Distance from dense attention", "density (%)", "RMS ratio", lines));
    }

    /** The weights of the keys of highest rank in each row, which sum up to 1 again. */
    private static RealMatrix kept(RealMatrix weights, int count, Matrices.Element rank) {
        int n = weights.getColumnDimension();
        RealMatrix kept = Matrices.of(n, n, (_, _) -> 0);
        for (int i = 0; i < n; i++) {
            int row = i;
            int[] chosen = IntStream.range(0, n).boxed().sorted((a, b) -> Double.compare(rank.at(row, b), rank.at(row, a))).limit(count).mapToInt(j -> j)
                    .toArray();
            double sum = IntStream.of(chosen).mapToDouble(j -> weights.getEntry(row, j)).sum();
            IntStream.of(chosen).forEach(j -> kept.setEntry(row, j, weights.getEntry(row, j) / sum));
        }
        return kept;
    }

    /** Distances at half of the pairs. */
    static Finding expressiveness(double flat, double peaked, double window) {
        Verdict verdict = Math.max(flat, peaked) > 0.05 ? Verdict.REFUTED : window > 0.05 ? Verdict.CONDITIONAL : Verdict.CONFIRMED;
        return Finding.of(verdict, "with half of the pairs the result is %.2g off where scores are flat and %.2g where they are peaked, if the keys of "
                + "most weight are kept, and %.2g if a window is", flat, peaked, window);
    }
}
