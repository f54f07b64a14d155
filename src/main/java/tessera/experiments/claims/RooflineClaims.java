package tessera.experiments.claims;

import static tessera.experiments.claims.Finding.row;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import org.apache.commons.math3.stat.regression.SimpleRegression;
import tessera.AttentionSpec;
import tessera.TesseraException;
import tessera.experiments.Curves;
import tessera.experiments.GrowthPoint.Part;
import tessera.experiments.GrowthResult;
import tessera.experiments.Measurement;
import tessera.planner.DeviceProfile;
import tessera.planner.Planner;

/** Claims about what bounds the time of attention: arithmetic, memory, too few rows, the length of a chunk. */
final class RooflineClaims {
    private static final String SURVEY = "A Survey of Efficient Attention Methods, 2025";

    static final List<Claim> ALL = List.of(
            Claim.measured("V01", "Attention that stores its scores is bound by memory, not by arithmetic", SURVEY,
                    "the share that it reaches of the device's rate of multiply-adds and of that of its copies, both measured first, operations and least "
                    + "bytes counted by the plan; confirmed if the second is larger",
                    RooflineClaims::stored),
            Claim.measured("V02", "Reading a prompt is bound by arithmetic, decoding by memory", SURVEY,
                    "the same shares of both phases; confirmed if arithmetic has the larger share in the first and memory in the second, conditional if "
                    + "only one is so", RooflineClaims::phases),
            Claim.measured("V06", "Splitting the keys makes decoding up to 8 times as fast at long contexts", SURVEY,
                    "time of a step of one head, by plans that split the keys beside the best that does not; confirmed from 4 times on, conditional from "
                    + "1.2, else refuted", RooflineClaims::split),
            Claim.measured("V12", "Chunks of C tokens take O(N C d + N d^2) time", SURVEY,
                    "time of one sequence in chunks of 16 to 256, as a line over C; confirmed if the line explains 90 % of the variance and rises",
                    RooflineClaims::chunks));

    private RooflineClaims() {
    }

    /** Shares of the device's rates, arithmetic first. */
    private static double[] shares(Setting setting, Measurement m) {
        DeviceProfile profile = setting.shared("profile", () -> DeviceProfile.of(setting.device()));
        double seconds = Setting.millis(m) / 1e3;
        return bounded(m.cost().flops() / 1e9 / seconds / profile.gigaflops(), m.cost().bytes() / 1e9 / seconds / profile.gigabytesPerSecond());
    }

    /** Rates that attention surpasses are no bounds: a probe in plain loops beside kernels in vectors, or a machine that was busy when it was probed. */
    static double[] bounded(double arithmetic, double memory) {
        if (Math.max(arithmetic, memory) > 1.1) {
            throw new TesseraException(String.format(Locale.ROOT, "the rates that were measured of the device bound nothing: attention reaches %.1f times "
                    + "that of arithmetic and %.1f times that of a copy",
                    arithmetic, memory));
        }
        return new double[] {arithmetic, memory};
    }

    private static Map<String, Object> shown(String what, Measurement m, double[] shares) {
        return row("what", what, "plan", m.plan(), "ms", Setting.millis(m), "of the arithmetic rate", shares[0], "of the copy's rate", shares[1]);
    }

    private static AttentionSpec prompt(Setting setting) {
        return AttentionSpec.of(1, setting.size(2, 16), setting.size(1024, 4096), 64).build();
    }

    private static Finding stored(Setting setting) {
        Measurement m = setting.measure("H01", prompt(setting), plan -> plan.variant().equals("stored"));
        double[] shares = shares(setting, m);
        return stored(shares[0], shares[1]).with(List.of(shown("scores stored", m, shares)));
    }

    static Finding stored(double arithmetic, double memory) {
        return Finding.of(memory > arithmetic ? Verdict.CONFIRMED : Verdict.REFUTED, "it reaches %.3f of the arithmetic rate and %.3f of the copy's",
                arithmetic, memory);
    }

    private static Finding phases(Setting setting) {
        Measurement prompt = setting.measure("H03", prompt(setting), plan -> !plan.variant().equals("stored"));
        AttentionSpec token = AttentionSpec.of(1, setting.size(8, 16), 1, 64).keys(setting.size(16384, 65536)).build();
        Measurement step = setting.measure("H09", token, plan -> !plan.variant().equals("stored"));
        double[] first = shares(setting, prompt);
        double[] second = shares(setting, step);
        return phases(first[0], first[1], second[0], second[1]).with(List.of(shown("a prompt", prompt, first), shown("a step of decoding", step, second)));
    }

    static Finding phases(double promptArithmetic, double promptMemory, double stepArithmetic, double stepMemory) {
        boolean prompt = promptArithmetic > promptMemory;
        boolean step = stepMemory > stepArithmetic;
        return Finding.of(prompt && step ? Verdict.CONFIRMED : prompt || step ? Verdict.CONDITIONAL : Verdict.REFUTED,
                "a prompt reaches %.3f of the arithmetic rate and %.3f of the copy's, a step of decoding %.3f and %.3f", promptArithmetic, promptMemory,
                stepArithmetic, stepMemory);
    }

    private static Finding split(Setting setting) {
        Map<Integer, Double> faster = new TreeMap<>();
        List<Map<String, Object>> rows = new ArrayList<>();
        for (int context : setting.size(List.of(1024, 8192, 65536), List.of(4096, 32768, 131072))) {
            AttentionSpec spec = AttentionSpec.of(1, 1, 1, 64).keys(context).build();
            if (Planner.candidates(spec, setting.device()).legal().stream().noneMatch(plan -> plan.variant().equals("split"))) {
                throw new TesseraException("no plan splits the keys here");
            }
            double whole = Setting.millis(setting.measure("H09", spec, plan -> plan.variant().equals("rows")));
            double parts = Setting.millis(setting.measure("H09", spec, plan -> plan.variant().equals("split")));
            faster.put(context, whole / parts);
            rows.add(row("context", context, "whole ms", whole, "split ms", parts, "times as fast", whole / parts));
        }
        return split(faster).with(rows).with(new Curves("Splitting the keys", "context (tokens)", "times as fast", Map.of("split", faster)));
    }

    static Finding split(Map<Integer, Double> faster) {
        Map.Entry<Integer, Double> best = faster.entrySet().stream().max(Map.Entry.comparingByValue()).orElseThrow();
        Verdict verdict = best.getValue() >= 4 ? Verdict.CONFIRMED : best.getValue() >= 1.2 ? Verdict.CONDITIONAL : Verdict.REFUTED;
        return Finding.of(verdict, "a step of one head is at most %.2f times as fast with its keys split, after %d tokens; a device gains what it has "
                + "cores for", best.getValue(), best.getKey());
    }

    private static Finding chunks(Setting setting) {
        GrowthResult growth = GrowthClaims.growth(setting);
        Map<Integer, Double> times = new TreeMap<>();
        growth.points(Part.CHUNKS, setting.device()).stream().filter(p -> p.verified()).forEach(p -> times.put(p.size(), Setting.millis(p.measurement())));
        if (times.size() < 3) {
            throw new TesseraException("fewer than three lengths of chunks have a time");
        }
        return chunks(times).with(times.keySet().stream().map(chunk -> row("chunk", chunk, "ms", times.get(chunk))).toList())
                .with(new Curves("One sequence in chunks", "tokens of a chunk", "time (ms)", Map.of("chunk", times)));
    }

    static Finding chunks(Map<Integer, Double> times) {
        SimpleRegression line = new SimpleRegression();
        times.forEach((chunk, time) -> line.addData(chunk, time));
        boolean rises = line.getSlope() > 0 && line.getRSquare() >= 0.9;
        return Finding.of(rises ? Verdict.CONFIRMED : Verdict.REFUTED, "a line over C explains %.2f of the variance: %.3g ms and %.3g ms more for each "
                + "token of a chunk", line.getRSquare(),
                line.getIntercept(), line.getSlope());
    }
}
