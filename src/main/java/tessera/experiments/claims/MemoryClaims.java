package tessera.experiments.claims;

import static tessera.experiments.claims.Finding.row;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import org.apache.commons.math3.linear.RealMatrix;
import tessera.experiments.Curves;

/** Claims about memories of fixed size, tested in double precision: how they take in pairs, forget and learn. */
final class MemoryClaims {

    /** What rounding may leave of a sum. */
    private static final double ROUNDING = 1e-9;

    static final List<Claim> ALL = List.of(
            Claim.exact("Q17", "Richer updates of fast weights recall better than adding up", "arXiv:2102.11174, arXiv:2412.06464, arXiv:2501.00663",
                    "pairs of random unit keys and values are written and read back: by adding, by the delta rule, with a decay, with momentum; confirmed "
                    + "if the delta rule's error is below that of adding up to as many pairs as channels, and conditional if only up to half as many",
                    setting -> recall(setting.random())),
            Claim.exact("Q41", "Select and forget gates let a state of fixed size keep what matters among noise", "arXiv:2312.00752, arXiv:2312.06635",
                    "a pair is written, noise follows, the pair is read: without gates, with a constant decay, and with ideal gates; confirmed if the "
                    + "ideal ones read it exactly and the others do not", setting -> gates(setting.random())),
            Claim.exact("Q42", "Test-time training makes the loss of its hidden state smaller at inference", "arXiv:2407.04620",
                    "loss of a linear memory before and after each chunk's step, on values that are a map of the keys and on values that are not; "
                    + "confirmed if it falls in every chunk, and on chunks not read yet where there is a map to learn", setting -> training(setting.random())));

    private MemoryClaims() {
    }

    /** How a memory S changes with a pair, given what it moves by. */
    private record Update(String name, double decay, double momentum, double step, boolean corrects) {
    }

    private static Finding recall(SplittableRandom random) {
        int dim = 32;
        List<Update> updates = List.of(new Update("adding", 1, 0, 1, false), new Update("delta rule", 1, 0, 1, true),
                new Update("delta rule, decay 0.98", 0.98, 0, 1, true), new Update("momentum 0.3", 1, 0.3, 0.7, true));
        Map<String, Map<Integer, Double>> lines = new LinkedHashMap<>();
        List<Map<String, Object>> rows = new ArrayList<>();
        for (int pairs : new int[] {8, 16, 32, 64}) {
            RealMatrix keys = Matrices.units(pairs, dim, random);
            RealMatrix values = Matrices.random(pairs, dim, random);
            for (Update update : updates) {
                double error = readBack(keys, values, update);
                lines.computeIfAbsent(update.name, _ -> new TreeMap<>()).put(pairs, error);
                rows.add(row("pairs", pairs, "channels", dim, "update", update.name, "error", error));
            }
        }
        Map<Integer, Double> adding = lines.get("adding");
        Map<Integer, Double> delta = lines.get("delta rule");
        return recall(adding.get(16), delta.get(16), adding.get(32), delta.get(32)).with(rows).with(new Curves("Error of what is read back", "pairs",
                "RMS ratio", lines));
    }

    private static double readBack(RealMatrix keys, RealMatrix values, Update update) {
        RealMatrix state = keys.transpose().multiply(values).scalarMultiply(0);
        RealMatrix moving = state;
        for (int t = 0; t < keys.getRowDimension(); t++) {
            RealMatrix k = keys.getRowMatrix(t);
            RealMatrix kept = state.scalarMultiply(update.decay);
            RealMatrix target = update.corrects ? values.getRowMatrix(t).subtract(k.multiply(kept)) : values.getRowMatrix(t);
            moving = moving.scalarMultiply(update.momentum).add(k.transpose().multiply(target).scalarMultiply(update.step));
            state = kept.add(moving);
        }
        return Matrices.error(keys.multiply(state), values);
    }

    /** Errors at half as many pairs as channels, and at as many. */
    static Finding recall(double addingHalf, double deltaHalf, double addingAll, double deltaAll) {
        Verdict verdict = deltaHalf >= addingHalf ? Verdict.REFUTED : deltaAll < addingAll ? Verdict.CONFIRMED : Verdict.CONDITIONAL;
        return Finding.of(verdict, "with half as many pairs as channels adding reads them with an error of %.2f and the delta rule of %.2f, with as many "
                + "%.2f and %.2f", addingHalf, deltaHalf, addingAll,
                deltaAll);
    }

    private static Finding gates(SplittableRandom random) {
        int dim = 16;
        double decay = 0.99;
        Map<String, Map<Integer, Double>> lines = new LinkedHashMap<>();
        List<Map<String, Object>> rows = new ArrayList<>();
        for (int noise : new int[] {16, 64, 256, 1024}) {
            RealMatrix keys = Matrices.units(noise + 1, dim, random);
            RealMatrix values = Matrices.random(noise + 1, dim, random);
            double none = remembered(keys, values, 1, 1);
            double constant = remembered(keys, values, decay, 1);
            double ideal = remembered(keys, values, 1, 0);
            lines.computeIfAbsent("no gate", _ -> new TreeMap<>()).put(noise, none);
            lines.computeIfAbsent("decay 0.99", _ -> new TreeMap<>()).put(noise, constant);
            rows.add(row("noise tokens", noise, "no gate", none, "decay 0.99", constant, "ideal gates", ideal));
        }
        Map<String, Object> last = rows.getLast();
        return gates((double) last.get("no gate"), (double) last.get("decay 0.99"), (double) last.get("ideal gates")).with(rows)
                .with(new Curves("Error of what is read back", "noise tokens", "RMS ratio", lines));
    }

    /** The first pair, read after all others, which a select gate lets in by a share. */
    private static double remembered(RealMatrix keys, RealMatrix values, double forget, double select) {
        RealMatrix state = keys.getRowMatrix(0).transpose().multiply(values.getRowMatrix(0));
        for (int t = 1; t < keys.getRowDimension(); t++) {
            state = state.scalarMultiply(forget).add(keys.getRowMatrix(t).transpose().multiply(values.getRowMatrix(t)).scalarMultiply(select));
        }
        return Matrices.error(keys.getRowMatrix(0).multiply(state), values.getRowMatrix(0));
    }

    static Finding gates(double none, double constant, double ideal) {
        Verdict verdict = ideal >= ROUNDING ? Verdict.REFUTED : Math.min(none, constant) > 0.1 ? Verdict.CONFIRMED : Verdict.CONDITIONAL;
        return Finding.of(verdict, "after 1024 noise tokens a pair is read with an error of %.2g without gates, %.2g with a constant decay, and %.0e with "
                + "gates that let no noise in; whether a model learns such gates is not tested", none, constant, ideal);
    }

    private static Finding training(SplittableRandom random) {
        double[] map = train(random, true);
        double[] noise = train(random, false);
        return training(map[0], noise[0], map[1], noise[1]).with(List.of(row("values", "a map of the keys", "chunks whose loss falls", map[0],
                "loss of the last new chunk over the first", map[1]),
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
        return Finding.of(verdict, "a step makes its own chunk's loss smaller in %.0f %% of the chunks where values are a map of the keys and in %.0f %% "
                + "where they are noise; the loss of a chunk not read yet falls to %.2g and %.2g of the first one's: it learns what there is to learn",
                100 * falls, 100 * noiseFalls,
                later, noiseLater);
    }
}
