package tessera.experiments.claims;

import static tessera.experiments.claims.Finding.row;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import tessera.TesseraException;
import tessera.experiments.Comparison;
import tessera.experiments.Curves;
import tessera.experiments.Data;
import tessera.experiments.Measurement;

/** Claims about what is found again: pairs in a memory, keys among those that are kept. */
final class RecallClaims {
    private static final List<String> FIXED = List.of("P01", "P08");
    private static final List<String> CHOSEN = List.of("D12", "D15");

    static final List<Claim> ALL = List.of(
            Claim.measured("Q22", "Fixed patterns cannot reach a distant key that matters", "arXiv:2507.19595",
                    "share of the last queries that see one planted key, with windows and with blocks chosen by the data; confirmed if no window sees it "
                    + "and every choice does, conditional if some choice does",
                    RecallClaims::needle),
            Claim.measured("Q30", "Sparse attention takes sequences 4 to 8 times as long in the same time", "arXiv:2507.19595",
                    "the longest sequence on which methods take no more time than dense attention on the shortest, choosing included, on clustered data; "
                    + "confirmed if one with a recall of 0.95 gains 4 times the length, conditional if only one with less", RecallClaims::longer),
            Claim.measured("Q31", "Choosing keys by the data keeps attention to content", "arXiv:2502.13189, arXiv:2406.10774",
                    "part of dense attention's weight on chosen keys, beside their share of the pairs, on random and on clustered data; confirmed if it is "
                    + "0.2 above that share on both, conditional if on clustered data alone", RecallClaims::content));

    private RecallClaims() {
    }

    private static Comparison compared(Setting setting, Data data) {
        List<Integer> lengths = data == Data.CLUSTERED ? setting.size(List.of(512, 1024, 2048, 4096), List.of(2048, 4096, 8192, 16384)) : List.of(1024);
        Comparison shared = setting.shared("recall " + data, () -> setting.compare(List.of("H03", "P01", "P08", "D12", "D15"), data, lengths, setting.size(2,
                16), setting.size(32, 64)));
        return setting.noted(shared, Comparison::measurements);
    }

    private static List<Map<String, Object>> rows(String data, Comparison comparison) {
        return comparison.measurements().stream().filter(Measurement::verified).map(m -> row("data", data, "length", m.length(), "method", m.method()
                .toString(), "ms", Setting.millis(m), "density",
                m.density(), "recall", m.fidelity().recall(), "needle", m.fidelity().needle(), "selection", m.fidelity().selection())).toList();
    }

    private static Finding needle(Setting setting) {
        Comparison comparison = compared(setting, Data.NEEDLE);
        Map<String, Double> seen = new TreeMap<>();
        comparison.measurements().stream().filter(m -> m.verified() && m.fidelity().needle() != null && !m.method().family().equals("dense"))
                .forEach(m -> seen.put(m.method().id(), m.fidelity().needle()));
        return needle(seen).with(rows("one planted key", comparison));
    }

    static Finding needle(Map<String, Double> seen) {
        if (!seen.keySet().containsAll(FIXED) || !seen.keySet().containsAll(CHOSEN)) {
            throw new TesseraException("some of " + FIXED + " and " + CHOSEN + " have no result");
        }
        boolean miss = FIXED.stream().allMatch(id -> seen.get(id) < 0.05);
        long find = CHOSEN.stream().filter(id -> seen.get(id) > 0.95).count();
        Verdict verdict = !miss || find == 0 ? Verdict.REFUTED : find == CHOSEN.size() ? Verdict.CONFIRMED : Verdict.CONDITIONAL;
        return Finding.of(verdict, "share of the queries looking for a key before their window that see it: P01 %.2f, P08 %.2f, D12 %.2f, D15 %.2f",
                seen.get("P01"), seen.get("P08"), seen.get("D12"),
                seen.get("D15"));
    }

    private static Finding longer(Setting setting) {
        Comparison comparison = compared(setting, Data.CLUSTERED);
        List<Measurement> dense = comparison.measurements().stream().filter(m -> m.method().id().equals("H03")).toList();
        double budget = Setting.millis(dense.getFirst());
        Map<String, Map<Integer, Double>> lines = new LinkedHashMap<>();
        Map<String, double[]> gains = new LinkedHashMap<>();
        for (Measurement m : comparison.measurements()) {
            if (m.verified()) {
                lines.computeIfAbsent(m.method().id(), _ -> new TreeMap<>()).put(m.length(), Setting.millis(m));
                if (Setting.millis(m) <= budget && !m.method().id().equals("H03")) {
                    gains.merge(m.method().id(), new double[] {(double) m.length() / dense.getFirst().length(), m.fidelity().recall() == null ? 0
                            : m.fidelity().recall()},
                            (a, b) -> a[0] > b[0] ? a : b);
                }
            }
        }
        return longer(dense.getFirst().length(), gains).with(rows("clustered", comparison)).with(new Curves("Time", "length (tokens)", "time (ms)", lines));
    }

    /** Gain of length and recall there, by method. */
    static Finding longer(int length, Map<String, double[]> gains) {
        boolean any = gains.values().stream().anyMatch(g -> g[0] >= 4);
        boolean faithful = gains.values().stream().anyMatch(g -> g[0] >= 4 && g[1] >= 0.95);
        String each = gains.entrySet().stream().map(e -> String.format(Locale.ROOT, "%s %.0f times with a recall of %.2f", e.getKey(), e.getValue()[0],
                e.getValue()[1])).collect(Collectors.joining(", "));
        return Finding.of(faithful ? Verdict.CONFIRMED : any ? Verdict.CONDITIONAL : Verdict.REFUTED, "in the time of dense attention over %d tokens: %s",
                length, each.isEmpty() ? "no method reaches that length" : each);
    }

    private static Finding content(Setting setting) {
        Comparison random = compared(setting, Data.RANDOM);
        Comparison clustered = compared(setting, Data.CLUSTERED);
        List<Map<String, Object>> rows = new ArrayList<>(rows("random", random));
        rows.addAll(rows("clustered", clustered));
        return content(lift(random), lift(clustered)).with(rows);
    }

    /** Recall beyond the share of visible pairs, the least over the methods that choose, at 1024 tokens. */
    private static double lift(Comparison comparison) {
        return comparison.measurements().stream().filter(m -> m.verified() && m.length() == (comparison.workloads().size() == 1 ? 1024
                : comparison.workloads().getFirst().length())
                && CHOSEN.contains(m.method().id()) && m.fidelity().recall() != null && m.density() != null)
                .mapToDouble(m -> m.fidelity().recall() - Math.min(1, 2 * m.density())).min().orElseThrow(() ->
                new TesseraException("no method that chooses has a recall"));
    }

    static Finding content(double random, double clustered) {
        Verdict verdict = clustered < 0.2 ? Verdict.REFUTED : random >= 0.2 ? Verdict.CONFIRMED : Verdict.CONDITIONAL;
        return Finding.of(verdict, "the weight on chosen keys is above their share of the pairs by %.2f at least where data is clustered, and by %.2f "
                + "where it is random", clustered, random);
    }
}
