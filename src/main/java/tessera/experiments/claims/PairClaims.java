package tessera.experiments.claims;

import static tessera.experiments.claims.Finding.row;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.IntUnaryOperator;
import java.util.function.ToDoubleFunction;
import java.util.function.UnaryOperator;
import tessera.AttentionSpec;
import tessera.experiments.Curves;
import tessera.experiments.Measurement;
import tessera.layouts.BlockMap;
import tessera.masks.Blocks;
import tessera.masks.GlobalTokens;
import tessera.masks.Mask;

/** Claims about how softmax attention grows with the length, over all pairs or over some. */
final class PairClaims {
    private static final int BLOCK = 16;
    private static final int WINDOW = 64;

    /** How far a fitted power may lie from the one that is claimed; O() claims are bounds from above, and short problems grow more slowly. */
    private static final double ROUGH = 0.25;

    static final List<Claim> ALL = List.of(
            Claim.measured("Q01", "Full attention takes time and memory that grow with the square of the length", "arXiv:1706.03762, arXiv:2507.19595",
                    "time and memory of attention with stored scores and without, fitted over the length; powers within " + ROUGH
                    + " of 2, conditional if memory is so only where scores are stored", PairClaims::quadratic),
            Claim.measured("Q18", "Sparse attention computes exact attention over a subset of the pairs", "arXiv:2507.19595",
                    "results of windows, blocks, tokens and global tokens beside the formula with a mask in double precision; confirmed if all are as "
                    + "close as their storage type allows",
                    PairClaims::exact),
            Claim.measured("Q20", "In a sliding window each token costs the same at any length", "arXiv:2004.05150",
                    "pairs, and time, of a causal window of " + WINDOW + " keys, fitted over the length; confirmed if both powers are at most " + ROUGH
                    + " above 1, conditional if only that of the pairs is", setting -> linear(setting, "P01", PairClaims::window)),
            Claim.measured("Q23", "Longformer's window and global tokens grow linearly with the length", "arXiv:2004.05150",
                    "as Q20, with a window on both sides and 4 global tokens", setting -> linear(setting, "P06", PairClaims::longformer)),
            Claim.measured("Q29", "Block-sparse attention takes O(L sqrt L)", "arXiv:1904.10509, arXiv:2507.19595",
                    "pairs and time with sqrt(L) keys for each token in blocks of " + BLOCK + ", and with as many at every length; the claim's power is "
                    + "one of several: conditional if pairs follow 1.5 and 1 and times grow by at most " + ROUGH + " more, refuted if they do not",
                    PairClaims::roots),
            Claim.measured("Q32", "FlashAttention moves fewer bytes, and is faster for it", "arXiv:2205.14135",
                    "bytes that plans must move at least, and time, with stored scores and without; confirmed if both are smaller at the longest length, "
                    + "conditional if only the bytes are", PairClaims::traffic));

    private PairClaims() {
    }

    private static AttentionSpec dense(int heads, int length) {
        return AttentionSpec.of(1, heads, length, 32).build();
    }

    private static List<Integer> lengths(Setting setting) {
        return setting.size(List.of(256, 512, 1024, 2048), List.of(1024, 2048, 4096, 8192));
    }

    /** Attention with stored scores, and in the best other way, by length. */
    private static Map<Integer, List<Measurement>> storedAndNot(Setting setting) {
        Map<Integer, List<Measurement>> both = setting.shared("stored", () -> {
            Map<Integer, List<Measurement>> all = new TreeMap<>();
            for (int length : lengths(setting)) {
                AttentionSpec spec = dense(setting.size(2, 4), length);
                all.put(length, List.of(setting.measure("H01", spec, plan -> plan.variant().equals("stored")),
                        setting.measure("H03", spec, plan -> !plan.variant().equals("stored"))));
            }
            return all;
        });
        return setting.noted(both, all -> all.values().stream().flatMap(List::stream).toList());
    }

    private static Map<Integer, Double> by(Map<Integer, List<Measurement>> both, int which, ToDoubleFunction<Measurement> figure) {
        Map<Integer, Double> line = new TreeMap<>();
        both.forEach((length, pair) -> line.put(length, figure.applyAsDouble(pair.get(which))));
        return line;
    }

    private static Finding quadratic(Setting setting) {
        Map<Integer, List<Measurement>> both = storedAndNot(setting);
        Map<Integer, Double> time = by(both, 0, Setting::millis);
        Map<Integer, Double> tiled = by(both, 1, Setting::millis);
        Map<Integer, Double> stored = by(both, 0, m -> m.cost().memoryBytes());
        Map<Integer, Double> kept = by(both, 1, m -> m.cost().memoryBytes());
        return quadratic(Setting.power(time), Setting.power(tiled), Setting.power(stored), Setting.power(kept)).with(time.keySet().stream().map(length ->
                row("length", length, "stored ms", time.get(length),
                "in tiles ms", tiled.get(length), "stored MiB", stored.get(length) / (1 << 20), "in tiles MiB", kept.get(length) / (1 << 20))).toList())
                .with(new Curves("Time of full attention", "length (tokens)", "time (ms)", Map.of("scores stored", time, "in tiles", tiled)));
    }

    static Finding quadratic(double time, double tiled, double stored, double kept) {
        boolean square = Math.abs(tiled - 2) <= ROUGH && Math.abs(time - 2) <= ROUGH;
        Verdict verdict = !square || Math.abs(stored - 2) > ROUGH ? Verdict.REFUTED : Math.abs(kept - 2) <= ROUGH ? Verdict.CONFIRMED : Verdict.CONDITIONAL;
        return Finding.of(verdict, "time grows with the power %.2f of the length if scores are stored and %.2f if not, memory with %.2f and %.2f: without "
                + "stored scores memory is linear", time, tiled, stored, kept);
    }

    private static Finding exact(Setting setting) {
        AttentionSpec all = dense(2, 300);
        Map<String, AttentionSpec> patterns = new LinkedHashMap<>();
        patterns.put("window", window(all));
        patterns.put("window and global tokens", longformer(all));
        patterns.put("random blocks", all.toBuilder().mask(Blocks.random(1, 300, 300, BLOCK, BLOCK, 3, setting.seed())).build());
        patterns.put("every third token", all.toBuilder().mask((_, query, _, key) -> (query + key) % 3 == 0).causal().build());
        Map<String, Double> errors = new LinkedHashMap<>();
        List<Map<String, Object>> rows = new ArrayList<>();
        patterns.forEach((name, spec) -> {
            Measurement m = setting.measure("P04", spec, _ -> true);
            Setting.millis(m);
            errors.put(name, m.accuracy().rms());
            rows.add(row("pattern", name, "pairs", pairs(spec), "of", 300 * 300, "RMS ratio", m.accuracy().rms(), "plan", m.plan()));
        });
        return exact(errors, all.dtype().tolerance()).with(rows);
    }

    static Finding exact(Map<String, Double> errors, double tolerance) {
        double most = errors.values().stream().max(Double::compare).orElseThrow();
        return Finding.of(most <= tolerance ? Verdict.CONFIRMED : Verdict.REFUTED, "the RMS ratio is at most %.0e over %d patterns; %.0e is allowed", most,
                errors.size(), tolerance);
    }

    private static AttentionSpec window(AttentionSpec dense) {
        return dense.toBuilder().mask(Mask.window(WINDOW - 1, 0)).causal().build();
    }

    private static AttentionSpec longformer(AttentionSpec dense) {
        return dense.toBuilder().mask(Mask.window(WINDOW / 2, WINDOW / 2).or(GlobalTokens.of(0, 1, 2, 3))).build();
    }

    private static double pairs(AttentionSpec spec) {
        return BlockMap.of(spec, 64, 64).statistics(spec).allowedPairs();
    }

    private static Finding linear(Setting setting, String method, UnaryOperator<AttentionSpec> sparse) {
        Map<Integer, Double> pairs = new TreeMap<>();
        Map<Integer, Double> time = new TreeMap<>();
        for (int length : setting.size(List.of(1024, 2048, 4096, 8192), List.of(4096, 8192, 16384, 32768))) {
            AttentionSpec spec = sparse.apply(dense(setting.size(2, 16), length));
            pairs.put(length, pairs(spec));
            time.put(length, Setting.millis(setting.measure(method, spec, _ -> true)));
        }
        return linear(Setting.power(pairs), Setting.power(time)).with(pairs.keySet().stream().map(length -> row("length", length, "pairs of a token",
                pairs.get(length) / length, "ms",
                time.get(length), "us of a token", 1000 * time.get(length) / length)).toList()).with(new Curves("Time", "length (tokens)", "time (ms)",
                Map.of(method, time)));
    }

    static Finding linear(double pairs, double time) {
        Verdict verdict = pairs > 1 + ROUGH ? Verdict.REFUTED : time <= 1 + ROUGH ? Verdict.CONFIRMED : Verdict.CONDITIONAL;
        return Finding.of(verdict, "pairs grow with the power %.2f of the length, time with %.2f", pairs, time);
    }

    private static Finding roots(Setting setting) {
        List<Integer> lengths = setting.size(List.of(256, 1024, 4096), List.of(1024, 4096, 16384));
        Map<String, Map<Integer, Double>> times = new LinkedHashMap<>();
        List<Map<String, Object>> rows = new ArrayList<>();
        List<Double> powers = new ArrayList<>();
        IntUnaryOperator root = length -> (int) Math.sqrt(length) / BLOCK;
        for (boolean growing : new boolean[] {true, false}) {
            Map<Integer, Double> pairs = new TreeMap<>();
            Map<Integer, Double> time = new TreeMap<>();
            for (int length : lengths) {
                int count = growing ? root.applyAsInt(length) : root.applyAsInt(lengths.getLast());
                AttentionSpec spec = dense(setting.size(2, 16), length).toBuilder().mask(Blocks.random(1, length, length, BLOCK, BLOCK, count,
                        setting.seed())).build();
                pairs.put(length, pairs(spec));
                time.put(length, Setting.millis(setting.measure("P04", spec, _ -> true)));
                rows.add(row("length", length, "blocks of a row", count, "pairs of a token", pairs.get(length) / length, "ms", time.get(length)));
            }
            times.put(growing ? "sqrt(L) keys" : "as many at every length", time);
            powers.addAll(List.of(Setting.power(pairs), Setting.power(time)));
        }
        return roots(powers.get(0), powers.get(1), powers.get(2), powers.get(3)).with(rows).with(new Curves("Time of block-sparse attention",
                "length (tokens)", "time (ms)", times));
    }

    static Finding roots(double rootPairs, double rootTime, double fixedPairs, double fixedTime) {
        boolean follows = Math.abs(rootPairs - 1.5) <= 0.1 && Math.abs(fixedPairs - 1) <= 0.1
                && rootTime <= 1.5 + ROUGH && fixedTime <= 1 + ROUGH;
        return Finding.of(follows ? Verdict.CONDITIONAL : Verdict.REFUTED, "with sqrt(L) keys for each token pairs grow with the power %.2f and time with "
                + "%.2f, with as many at every length %.2f and %.2f: O(L sqrt L) is what one choice of the number of blocks gives", rootPairs, rootTime,
                fixedPairs, fixedTime);
    }

    private static Finding traffic(Setting setting) {
        Map<Integer, List<Measurement>> both = storedAndNot(setting);
        List<Map<String, Object>> rows = new ArrayList<>();
        Map<Integer, Double> bytes = new TreeMap<>();
        Map<Integer, Double> times = new TreeMap<>();
        both.forEach((length, pair) -> {
            bytes.put(length, (double) pair.get(0).cost().bytes() / pair.get(1).cost().bytes());
            times.put(length, Setting.millis(pair.get(0)) / Setting.millis(pair.get(1)));
            rows.add(row("length", length, "bytes, stored over not", bytes.get(length), "time, stored over not", times.get(length), "plan", pair.get(1)
                    .plan()));
        });
        int longest = bytes.keySet().stream().max(Integer::compare).orElseThrow();
        return traffic(longest, bytes.get(longest), times.get(longest)).with(rows).with(new Curves("Stored scores over none", "length (tokens)", "ratio",
                Map.of("bytes", bytes, "time", times)));
    }

    static Finding traffic(int length, double bytes, double time) {
        Verdict verdict = bytes <= 1 ? Verdict.REFUTED : time > 1 ? Verdict.CONFIRMED : Verdict.CONDITIONAL;
        return Finding.of(verdict, "at %d tokens stored scores move %.1f times the bytes at least, and take %.2f times the time; bytes are counted by "
                + "plans, not by the device", length, bytes,
                time);
    }
}
