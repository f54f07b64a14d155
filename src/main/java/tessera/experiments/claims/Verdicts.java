package tessera.experiments.claims;

import static tessera.experiments.claims.Finding.row;

import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import tessera.engine.Device;
import tessera.experiments.Machine;
import tessera.experiments.Measurement;
import tessera.experiments.Report;

/** What was found of claims, in the forms in which it is printed. */
public record Verdicts(Machine machine, Instant date, Claims claims, List<Entry> entries) {

    /**
     * What was found of a claim.
     *
     * @param device null where it does not matter
     * @param measured every point that was timed for it
     */
    public record Entry(Claim claim, Device device, Finding finding, List<Measurement> measured, double seconds) {

        String where() {
            return device == null ? "any" : device.id();
        }

        /** The verdict in one line. */
        public String line() {
            return claim.id() + " on " + where() + ": " + finding.verdict() + ", " + finding.reason();
        }

        private Map<String, Object> tree() {
            Map<String, Object> tree = described(claim);
            tree.put("device", where());
            tree.put("verdict", finding.verdict().name());
            tree.put("reason", finding.reason());
            tree.put("seconds", seconds);
            tree.put("figures", finding.rows());
            tree.put("measurements", measured.stream().map(Report::row).toList());
            return tree;
        }
    }

    /** Whether no result was wrong. */
    public boolean passed() {
        return entries.stream().flatMap(entry -> entry.measured().stream()).noneMatch(Measurement::isWrong);
    }

    private static Map<String, Object> described(Claim claim) {
        return row("id", claim.id(), "claim", claim.sentence(), "source", claim.source(), "measured", claim.how());
    }

    /** Claims, without any verdict. */
    public static List<Map<String, Object>> list(List<Claim> claims) {
        return claims.stream().map(claim -> {
            Map<String, Object> row = described(claim);
            row.put("needs", !claim.isImplemented() ? "not yet" : claim.exact() ? "nothing" : "a device");
            return row;
        }).toList();
    }

    /** Claims without an experiment among those asked for. */
    List<Claim> notYet() {
        return claims.claims().stream().filter(claim -> !claim.isImplemented()).toList();
    }

    /** The columns that fit a terminal. */
    public List<Map<String, Object>> table() {
        return entries.stream().map(e -> row("id", e.claim().id(), "device", e.where(), "verdict", e.finding().verdict().toString(),
                "claim", e.claim().sentence(), "because", e.finding().reason())).toList();
    }

    /** How often each verdict was given, and what is not tested yet, in one line. */
    public String summary() {
        Map<Verdict, Long> counts = new LinkedHashMap<>();
        for (Verdict verdict : Verdict.values()) {
            long count = entries.stream().filter(e -> e.finding().verdict() == verdict).count();
            if (count > 0) {
                counts.put(verdict, count);
            }
        }
        List<Claim> missing = notYet();
        return counts.toString().replaceAll("[{}]", "").replace('=', ' ')
                + (missing.isEmpty() ? "" : "; not yet tested: " + String.join(", ", missing.stream().map(Claim::id).toList()));
    }

    /** The whole document, raw samples included. */
    public Map<String, Object> document() {
        Map<String, Object> document = new LinkedHashMap<>();
        document.put("date", date.toString());
        document.put("machine", machine.devices().stream().map(machine::line).toList());
        document.put("quick", claims.quick());
        document.put("seed", claims.seed());
        document.put("protocol", Setting.protocol(claims.quick()).describe());
        document.put("claims", entries.stream().map(Entry::tree).toList());
        document.put("notYet", notYet().stream().map(Claim::id).toList());
        return document;
    }

    /** One row for each verdict. */
    public List<Map<String, Object>> csv() {
        return entries.stream().map(e -> row("id", e.claim().id(), "device", e.where(), "verdict", e.finding().verdict().name(), "claim", e.claim().sentence(),
                "source", e.claim().source(), "measured", e.claim().how(), "reason", e.finding().reason(), "seconds", e.seconds())).toList();
    }
}
