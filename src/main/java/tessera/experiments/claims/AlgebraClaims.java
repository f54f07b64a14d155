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
                    setting -> orders(new SplittableRandom(setting.seed()))),
            Claim.exact("Q16", "The update W + a k^T v of fast weights is a step of online gradient descent", "arXiv:2102.11174",
                    "numerical gradients of -<kW, v> and of |kW - v|^2 / 2 beside the linear update and the delta rule, for W of 5 x 3; confirmed if both agree",
                    setting -> gradients(new SplittableRandom(setting.seed()))),
            Claim.exact("Q19", "Sparse attention keeps the full expressiveness of attention", "arXiv:2507.19595",
                    "distance from dense attention against density, for the keys of most weight (the best that any choice can do) and for a window, on scores "
                            + "that are flat and that are peaked; refuted if even the best choice is more than 5 % off at half of the pairs, conditional if only a fixed one is",
                    setting -> expressiveness(new SplittableRandom(setting.seed()))),
            Claim.exact("Q41", "Select and forget gates let a state of fixed size keep what matters among noise", "arXiv:2312.00752, arXiv:2312.06635",
                    "a pair is written, noise follows, the pair is read: without gates, with a constant decay, and with ideal gates; confirmed if the ideal ones "
                            + "read it exactly and the others do not", setting -> gates(new SplittableRandom(setting.seed()))),
            Claim.exact("Q42", "Test-time training makes the loss of its hidden state smaller at inference", "arXiv:2407.04620",
                    "loss of a linear memory before and after each chunk's step, on values that are a map of the keys and on values that are not; confirmed if it falls in "
                            + "every chunk, and on chunks not read yet where there is a map to learn", setting -> training(new SplittableRandom(setting.seed()))));

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
        RealMatrix state = k.getSubMatrix(0, 0, 0, k.getColumnDimension() - 1).transpose().multiply(v.getSubMatrix(0, 0, 0, v.getColumnDimension() - 1)).scalarMultiply(0);
        for (int t = 0; t < q.getRowDimension(); t++) {
            state = state.add(k.getRowMatrix(t).transpose().multiply(v.getRowMatrix(t)));
            out.setRowMatrix(t, q.getRowMatrix(t).multiply(state));
        }
        return out;
    }

    static Finding orders(double features, double softmax, double causal, double prefix) {
        boolean one = features < ROUNDING && prefix < ROUNDING;
        Verdict verdict = !one ? Verdict.REFUTED : softmax < ROUNDING && causal < ROUNDING ? Verdict.CONFIRMED : Verdict.CONDITIONAL;
        return Finding.of(verdict, "the orders differ by %.0e with a feature map, and by %.0e if causal with a state for each prefix; with softmax by %.2g, and if causal "
                + "without those states by %.2g", features, prefix, softmax, causal);
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
        return Finding.of(linear < 1e-6 && delta < 1e-6 ? Verdict.CONFIRMED : Verdict.REFUTED, "k^T v differs from the numerical gradient of -<kW, v> by %.0e, and the delta "
                + "rule from that of |kW - v|^2 / 2 by %.0e; keys are rows, W takes keys to values", linear, delta);
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
        return expressiveness(lines.get("best keys, flat scores").get(50), lines.get("best keys, peaked scores").get(50), lines.get("a window, flat scores").get(50)).with(rows)
                .with(new Curves("Distance from dense attention", "density (%)", "RMS ratio", lines));
    }

    /** The weights of the keys of highest rank in each row, which sum up to 1 again. */
    private static RealMatrix kept(RealMatrix weights, int count, Matrices.Element rank) {
        int n = weights.getColumnDimension();
        RealMatrix kept = Matrices.of(n, n, (_, _) -> 0);
        for (int i = 0; i < n; i++) {
            int row = i;
            int[] chosen = IntStream.range(0, n).boxed().sorted((a, b) -> Double.compare(rank.at(row, b), rank.at(row, a))).limit(count).mapToInt(j -> j).toArray();
            double sum = IntStream.of(chosen).mapToDouble(j -> weights.getEntry(row, j)).sum();
            IntStream.of(chosen).forEach(j -> kept.setEntry(row, j, weights.getEntry(row, j) / sum));
        }
        return kept;
    }

    /** Distances at half of the pairs. */
    static Finding expressiveness(double flat, double peaked, double window) {
        Verdict verdict = Math.max(flat, peaked) > 0.05 ? Verdict.REFUTED : window > 0.05 ? Verdict.CONDITIONAL : Verdict.CONFIRMED;
        return Finding.of(verdict, "with half of the pairs the result is %.2g off where scores are flat and %.2g where they are peaked, if the keys of most weight are kept, "
                + "and %.2g if a window is", flat, peaked, window);
    }

    private static Finding gates(SplittableRandom random) {
        int dim = 16;
        double decay = 0.99;
        Map<String, Map<Integer, Double>> lines = new LinkedHashMap<>();
        List<Map<String, Object>> rows = new ArrayList<>();
        for (int noise : new int[] {16, 64, 256, 1024}) {
            RealMatrix keys = Matrices.units(noise + 1, dim, random);
            RealMatrix values = Matrices.random(noise + 1, dim, random);
            double none = readBack(keys, values, 1, 1);
            double constant = readBack(keys, values, decay, 1);
            double ideal = readBack(keys, values, 1, 0);
            lines.computeIfAbsent("no gate", _ -> new TreeMap<>()).put(noise, none);
            lines.computeIfAbsent("decay 0.99", _ -> new TreeMap<>()).put(noise, constant);
            rows.add(row("noise tokens", noise, "no gate", none, "decay 0.99", constant, "ideal gates", ideal));
        }
        Map<String, Object> last = rows.getLast();
        return gates((double) last.get("no gate"), (double) last.get("decay 0.99"), (double) last.get("ideal gates")).with(rows)
                .with(new Curves("Error of what is read back", "noise tokens", "RMS ratio", lines));
    }

    /** The first pair, read after all others, which a select gate lets in by a share. */
    private static double readBack(RealMatrix keys, RealMatrix values, double forget, double select) {
        RealMatrix state = keys.getRowMatrix(0).transpose().multiply(values.getRowMatrix(0));
        for (int t = 1; t < keys.getRowDimension(); t++) {
            state = state.scalarMultiply(forget).add(keys.getRowMatrix(t).transpose().multiply(values.getRowMatrix(t)).scalarMultiply(select));
        }
        return Matrices.error(keys.getRowMatrix(0).multiply(state), values.getRowMatrix(0));
    }

    static Finding gates(double none, double constant, double ideal) {
        Verdict verdict = ideal >= ROUNDING ? Verdict.REFUTED : Math.min(none, constant) > 0.1 ? Verdict.CONFIRMED : Verdict.CONDITIONAL;
        return Finding.of(verdict, "after 1024 noise tokens a pair is read with an error of %.2g without gates, %.2g with a constant decay, and %.0e with gates that let no "
                + "noise in; whether a model learns such gates is not tested", none, constant, ideal);
    }

    private static Finding training(SplittableRandom random) {
        double[] map = train(random, true);
        double[] noise = train(random, false);
        return training(map[0], noise[0], map[1], noise[1]).with(List.of(row("values", "a map of the keys", "chunks whose loss falls", map[0], "loss of the last new chunk over the first", map[1]),
                row("values", "noise", "chunks whose loss falls", noise[0], "loss of the last new chunk over the first", noise[1])));
    }

    /** The share of chunks whose loss falls by their own step, and the loss before its step of the last chunk over that of the first. */
    private static double[] train(SplittableRandom random, boolean structured) {
        int dim = 16;
        int chunk = 16;
        int chunks = 64;
        RealMatrix map = Matrices.random(dim, dim, random);
        RealMatrix w = map.scalarMultiply(0);
        double first = 0;
        double last = 0;
        int falls = 0;
        for (int c = 0; c < chunks; c++) {
            RealMatrix k = Matrices.units(chunk, dim, random);
            RealMatrix v = structured ? k.multiply(map) : Matrices.random(chunk, dim, random);
            RealMatrix miss = v.subtract(k.multiply(w));
            w = w.add(k.transpose().multiply(miss).scalarMultiply(0.25));
            last = miss.getFrobeniusNorm();
            first = c == 0 ? last : first;
            falls += v.subtract(k.multiply(w)).getFrobeniusNorm() < last ? 1 : 0;
        }
        return new double[] {falls / (double) chunks, Math.pow(last / first, 2)};
    }

    static Finding training(double falls, double noiseFalls, double later, double noiseLater) {
        Verdict verdict = falls < 1 || noiseFalls < 1 ? Verdict.REFUTED : later < 0.5 ? Verdict.CONFIRMED : Verdict.CONDITIONAL;
        return Finding.of(verdict, "a step makes its own chunk's loss smaller in %.0f %% of the chunks where values are a map of the keys and in %.0f %% where they are noise; the loss "
                + "of a chunk not read yet falls to %.2g and %.2g of the first one's: it learns what there is to learn", 100 * falls, 100 * noiseFalls, later, noiseLater);
    }
}
