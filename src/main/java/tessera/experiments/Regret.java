package tessera.experiments;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.apache.commons.math3.stat.descriptive.rank.Percentile;
import tessera.Spec;
import tessera.engine.Device;
import tessera.planner.Plan;
import tessera.planner.Planner;
import tessera.planner.TunedPlan;
import tessera.planner.TunedPlans;

/**
 * How much time the planner's choice takes beyond the best of all measured plans, where the figures of that very problem are left out.
 *
 * @param device device of the problem
 * @param problem the problem in words
 * @param plans measured plans
 * @param chosen what the planner chooses by the figures of other problems, {@code chosenMillis} its time
 * @param guessMillis time of what it chooses without any figures
 * @param best the fastest plan
 */
public record Regret(String device, String problem, int plans, String chosen, double chosenMillis, double guessMillis, String best, double bestMillis) {

    /** The regret of a problem whose plans were all measured, those aside that were expected to be slow; null if the choice was not. */
    static Regret of(Spec spec, Device device, TunedPlans kept) {
        List<Plan> measured = Planner.untuned(spec, device).legal().stream().filter(plan -> kept.find(spec, device, plan) != null).toList();
        if (measured.size() < 2) {
            return null;
        }
        Plan chosen = Planner.unseen(spec, device).legal().getFirst();
        TunedPlan time = kept.find(spec, device, chosen);
        Plan best = measured.stream().min((a, b) -> Double.compare(kept.find(spec, device, a).median(), kept.find(spec, device, b).median())).orElseThrow();
        TunedPlan guess = kept.find(spec, device, measured.getFirst());
        return time == null ? null : new Regret(device.id(), TunedPlan.words(spec), measured.size(), chosen.summary(), time.median() / 1e6, guess.median() / 1e6,
                best.summary(), kept.find(spec, device, best).median() / 1e6);
    }

    /** Of every problem on every device. */
    public static List<Regret> of(List<? extends Spec> specs, List<Device> devices, TunedPlans kept) {
        List<Regret> all = new ArrayList<>();
        for (Device device : devices) {
            for (Spec spec : specs) {
                Regret regret = of(spec, device, kept);
                if (regret != null) {
                    all.add(regret);
                }
            }
        }
        return all;
    }

    /** Time beyond the best, as a share of it. */
    public double share() {
        return chosenMillis / bestMillis - 1;
    }

    private double guessShare() {
        return guessMillis / bestMillis - 1;
    }

    /** Columns for printing. */
    public Map<String, Object> row() {
        Map<String, Object> row = new LinkedHashMap<>();
        row.put("device", device);
        row.put("problem", problem);
        row.put("plans", plans);
        row.put("chosen", chosen);
        row.put("chosen ms", chosenMillis);
        row.put("best", best);
        row.put("best ms", bestMillis);
        row.put("regret %", 100 * share());
        row.put("of the guess %", 100 * guessShare());
        return row;
    }

    /** Median and 95th percentile for each device, and for all of them. */
    public static List<Map<String, Object>> summary(List<Regret> regrets) {
        Map<String, List<Regret>> byDevice = regrets.stream().collect(Collectors.groupingBy(Regret::device, LinkedHashMap::new, Collectors.toList()));
        List<Map<String, Object>> rows = new ArrayList<>();
        byDevice.forEach((device, some) -> rows.add(summary(device, some)));
        if (byDevice.size() > 1) {
            rows.add(summary("all", regrets));
        }
        return rows;
    }

    private static Map<String, Object> summary(String device, List<Regret> regrets) {
        double[] shares = regrets.stream().mapToDouble(regret -> 100 * regret.share()).toArray();
        double[] guesses = regrets.stream().mapToDouble(regret -> 100 * regret.guessShare()).toArray();
        Map<String, Object> row = new LinkedHashMap<>();
        row.put("device", device);
        row.put("problems", regrets.size());
        row.put("median regret %", new Percentile().evaluate(shares, 50));
        row.put("95th percentile %", new Percentile().evaluate(shares, 95));
        row.put("median of the guess %", new Percentile().evaluate(guesses, 50));
        row.put("95th of the guess %", new Percentile().evaluate(guesses, 95));
        return row;
    }
}
