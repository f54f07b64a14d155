package tessera.experiments.claims;

import static tessera.experiments.claims.Finding.row;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import tessera.AttentionSpec;
import tessera.TesseraException;
import tessera.experiments.Comparison;
import tessera.experiments.Crossover;
import tessera.experiments.Crossover.Kind;
import tessera.experiments.Curves;
import tessera.experiments.Data;
import tessera.experiments.GrowthPoint.Form;
import tessera.experiments.GrowthPoint.Part;
import tessera.experiments.GrowthResult;
import tessera.experiments.GrowthResult.Crossing;
import tessera.experiments.Measurement;
import tessera.planner.Plan;
import tessera.planner.Planner;

/** Claims about which mechanism, and which way of computing it, is the fastest where. */
final class CrossoverClaims {

    /** Plans that are measured at most, the planner's best guesses. */
    private static final int PLANS = 12;

    static final List<Claim> ALL = List.of(
            Claim.measured("Q05", "Beyond some length linear attention is faster than softmax attention", "arXiv:2006.16236, arXiv:2507.19595",
                    "time in chunks beside dense causal attention over the length; confirmed if chunks overtake it or are always faster, conditional if "
                    + "they fall behind again, refuted if they never are in range", CrossoverClaims::crossover),
            Claim.measured("Q36", "No single mechanism is the best", "arXiv:2507.19595",
                    "the fastest of dense attention, a window with sinks, chosen blocks and linear attention at each length, with and without the demand "
                    + "that the last queries see one planted key; confirmed if there is more than one winner", CrossoverClaims::winners),
            Claim.measured("Q38", "How an algorithm uses the memory hierarchy decides its speed", "arXiv:2205.14135, arXiv:2507.19595",
                    "up to " + PLANS + " legal plans of the same dense attention; confirmed if the slowest takes twice the time of the fastest, "
                    + "conditional from 1.2 "
                    + "times on; beside it what the planner would choose",
                    CrossoverClaims::tiles));

    private CrossoverClaims() {
    }

    private static Finding crossover(Setting setting) {
        GrowthResult growth = GrowthClaims.growth(setting);
        List<Crossing> crossings = growth.crossings();
        if (crossings.isEmpty()) {
            throw new TesseraException("no length has both times");
        }
        Crossing last = crossings.getLast();
        Map<String, Map<Integer, Double>> lines = new LinkedHashMap<>();
        growth.points().stream().filter(p -> p.part() == Part.SEQUENCE && p.form() != Form.RECURRENT && p.verified())
                .forEach(p -> lines.computeIfAbsent(p.form().toString(), _ -> new TreeMap<>()).put(p.size(), Setting.millis(p.measurement())));
        return crossover(last.crossover(), last.model()).with(lines.get("chunk").keySet().stream().map(length -> row("length", length, "chunk ms",
                lines.get("chunk").get(length), "dense ms",
                lines.getOrDefault("dense", Map.of()).get(length))).toList()).with(new Curves("Time", "length (tokens)", "time (ms)", lines));
    }

    static Finding crossover(Crossover c, int model) {
        Verdict verdict = switch (c.kind()) {
            case OVERTAKES, ALWAYS -> Verdict.CONFIRMED;
            case FALLS_BEHIND -> Verdict.CONDITIONAL;
            case NEVER -> Verdict.REFUTED;
            case LEVEL -> Verdict.UNDECIDED;
        };
        String meeting = c.kind() == Kind.OVERTAKES && c.at() > 0 ? "they meet at about " + Math.round(c.at()) + ", " : "";
        return Finding.of(verdict, "%s; %sby operations alone it would from %d tokens on", c.sentence(), meeting, model);
    }

    private static Finding winners(Setting setting) {
        List<Integer> lengths = setting.size(List.of(128, 512, 2048), List.of(1024, 4096, 16384));
        Comparison comparison = setting.compare(List.of("H03", "P08", "D12", "G10"), Data.NEEDLE, lengths, setting.size(2, 16), setting.size(32, 64));
        Map<Integer, List<Measurement>> byLength = new TreeMap<>();
        Map<String, Map<Integer, Double>> lines = new LinkedHashMap<>();
        comparison.measurements().stream().filter(Measurement::verified).forEach(m -> {
            byLength.computeIfAbsent(m.length(), _ -> new ArrayList<>()).add(m);
            lines.computeIfAbsent(m.method().id() + " " + m.method().name(), _ -> new TreeMap<>()).put(m.length(), Setting.millis(m));
        });
        List<Map<String, Object>> rows = new ArrayList<>();
        Map<String, String> winners = new LinkedHashMap<>();
        byLength.forEach((length, measured) -> {
            Measurement any = fastest(measured);
            Measurement seeing = fastest(measured.stream().filter(CrossoverClaims::sees).toList());
            winners.put("at " + length, any.method().id());
            winners.put("at " + length + " with the key", seeing.method().id());
            measured.forEach(m -> rows.add(row("length", length, "method", m.method().toString(), "ms", Setting.millis(m),
                    "sees the key", sees(m) ? "yes" : "no", "fastest of all", m == any ? "*" : "", "of those that see it", m == seeing ? "*" : "")));
        });
        return winners(winners).with(rows).with(new Curves("Time", "length (tokens)", "time (ms)", lines));
    }

    /** Dense attention sees every key; a state keeps something of each, but nothing says that it can be found. */
    private static boolean sees(Measurement m) {
        return m.method().family().equals("dense") || m.fidelity().needle() != null && m.fidelity().needle() > 0.99;
    }

    private static Measurement fastest(List<Measurement> measured) {
        return measured.stream().min(Comparator.comparing(Setting::millis)).orElseThrow(() -> new TesseraException("nothing that sees the key has a time"));
    }

    static Finding winners(Map<String, String> winners) {
        long several = winners.values().stream().distinct().count();
        return Finding.of(several > 1 ? Verdict.CONFIRMED : Verdict.REFUTED, "the fastest %s", winners.toString().replaceAll("[{}]", "").replace("=", ": "));
    }

    private static Finding tiles(Setting setting) {
        AttentionSpec spec = AttentionSpec.of(1, setting.size(2, 16), setting.size(1024, 8192), 64).build();
        Plan chosen = Planner.plan(spec, setting.device());
        setting.measure("H03", spec, chosen::equals);
        List<Plan> legal = Planner.candidates(spec, setting.device()).legal().stream().filter(plan -> !plan.variant().equals("stored")).limit(PLANS).toList();
        List<Measurement> all = setting.measureAll("H03", spec, legal::contains).stream().filter(Measurement::verified)
                .sorted(Comparator.comparing(Setting::millis)).toList();
        if (all.size() < 2) {
            throw new TesseraException("there is only one way of computing it here");
        }
        double choice = all.stream().filter(m -> m.plans().getFirst().equals(chosen)).findFirst().map(Setting::millis).orElse(Double.NaN);
        double best = Setting.millis(all.getFirst());
        return tiles(all.size(), best, Setting.millis(all.getLast()), choice).with(all.stream().map(m -> row("plan", m.plan(), "ms", Setting.millis(m),
                "of the best", Setting.millis(m) / best, "chosen", m.plans().getFirst().equals(chosen) ? "by the planner" : "")).toList());
    }

    static Finding tiles(int plans, double best, double worst, double chosen) {
        double ratio = worst / best;
        Verdict verdict = ratio >= 2 ? Verdict.CONFIRMED : ratio >= 1.2 ? Verdict.CONDITIONAL : Verdict.REFUTED;
        return Finding.of(verdict, "of %d plans for the same attention the slowest takes %.1f times as long as the fastest; the planner's choice takes "
                + "%.2f times as long", plans, ratio, chosen / best);
    }
}
