package tessera.experiments.claims;

import static tessera.experiments.claims.Finding.row;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import org.apache.commons.math3.linear.RealMatrix;
import tessera.AttentionSpec;
import tessera.Features;
import tessera.RecurrenceSpec;
import tessera.Tensor;
import tessera.UpdateRule.Gate;
import tessera.experiments.Comparison;
import tessera.experiments.Curves;
import tessera.experiments.Data;
import tessera.experiments.Measurement;

/** Claims about summaries: fewer keys than tokens, more features than channels, gates. */
final class LowRankClaims {
    private static final int TOKENS = 128;

    static final List<Claim> ALL = List.of(
            Claim.measured("Q07", "A better approximation of softmax takes more random features, which eats up the gain", "arXiv:2009.14794, arXiv:2507.19595",
                    "distance from softmax attention with 16 to 1024 positive random features, and the time of a recurrence with as many channels of keys "
                    + "beside dense attention; confirmed if it takes longer before the distance is below 0.1, conditional if not yet at this length, "
                    + "refuted if more features are not better",
                            LowRankClaims::features),
            Claim.measured("Q12", "Gates that depend on the data outperform a fixed decay", "arXiv:2312.00752, arXiv:2312.06635",
                    "quality needs training, so out of scope; measured is what gates of each token and channel cost beside a constant, and computed what a "
                    + "gate set by hand forgets", LowRankClaims::gates),
            Claim.measured("Q34", "A summary of few rows in place of all keys makes attention linear at little loss", "arXiv:2006.04768, arXiv:2102.03902",
                    "time of R03 with 64 landmarks over the length, and the distance from dense attention with means of segments, an eighth as many as "
                    + "tokens, where neighbours are alike; confirmed if the power is at most 1.25 and the distance below 0.2, conditional if only the "
                    + "power is", LowRankClaims::summary),
            Claim.exact("Q35", "Such a bottleneck fails where every token holds something of its own", "arXiv:2507.19595",
                    "each query looks for one key whose value is unlike all others, with means of segments in place of keys and values; confirmed if more "
                    + "than 0.3 is lost with half as many means as tokens", setting -> bottleneck(setting.random())));

    private LowRankClaims() {
    }

    private static RealMatrix attention(RealMatrix q, RealMatrix k, RealMatrix v, double scale) {
        return Matrices.softmax(q.multiply(k.transpose()).scalarMultiply(scale)).multiply(v);
    }

    private static Finding features(Setting setting) {
        int dim = 16;
        int length = setting.size(1024, 8192);
        double dense = Setting.millis(setting.measure("H03", AttentionSpec.of(1, setting.size(2, 16), length, dim).causal().build(), plan -> !plan.variant()
                .equals("stored")));
        Map<Integer, Double> errors = new TreeMap<>();
        Map<Integer, Double> longer = new TreeMap<>();
        Map<Integer, Double> times = new TreeMap<>();
        List<Map<String, Object>> rows = new ArrayList<>();
        for (int m : new int[] {16, 64, 256, 1024}) {
            errors.put(m, approximation(m, dim, 0.5, setting.seed()));
            longer.put(m, approximation(m, dim, 1, setting.seed()));
            times.put(m, Setting.millis(setting.measure("L03", RecurrenceSpec.of(1, setting.size(2, 16), length, m).valueDim(dim).build(), plan ->
                    !plan.variant().equals("quadratic"))));
            rows.add(row("features", m, "distance from softmax", errors.get(m), "with tokens twice as long", longer.get(m), "length", length, "ms",
                    times.get(m), "dense ms", dense));
        }
        return features(length, errors, longer, times, dense).with(rows).with(new Curves("Distance and time", "features", "ratio",
                Map.of("distance from softmax", errors, "with tokens twice as long", longer, "time over dense", over(times, dense))));
    }

    /** Distance of so many random features from softmax attention over tokens whose channels have that deviation. */
    private static double approximation(int count, int dim, double deviation, long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        RealMatrix q = Matrices.random(TOKENS, dim, random).scalarMultiply(deviation);
        RealMatrix k = Matrices.random(TOKENS, dim, random).scalarMultiply(deviation);
        RealMatrix v = Matrices.random(TOKENS, dim, random);
        Tensor omega = Features.orthogonal(count, dim, seed);
        RealMatrix similar = features(q, omega, count).multiply(features(k, omega, count).transpose());
        return Matrices.error(Matrices.of(TOKENS, TOKENS, (i, j) -> similar.getEntry(i, j) / sum(similar.getRow(i))).multiply(v), attention(q, k, v,
                1 / Math.sqrt(dim)));
    }

    private static Map<Integer, Double> over(Map<Integer, Double> times, double dense) {
        Map<Integer, Double> over = new TreeMap<>();
        times.forEach((m, time) -> over.put(m, time / dense));
        return over;
    }

    private static double sum(double[] values) {
        return Arrays.stream(values).sum();
    }

    private static RealMatrix features(RealMatrix x, Tensor omega, int count) {
        int dim = x.getColumnDimension();
        double root = Math.pow(dim, 0.25);
        return Matrices.of(x.getRowDimension(), count, (i, row) -> {
            double product = 0;
            double squares = 0;
            for (int c = 0; c < dim; c++) {
                product += omega.get(row * dim + c) * x.getEntry(i, c) / root;
                squares += x.getEntry(i, c) * x.getEntry(i, c) / (root * root);
            }
            return Math.exp(product - squares / 2) / Math.sqrt(count);
        });
    }

    static Finding features(int length, Map<Integer, Double> errors, Map<Integer, Double> longer, Map<Integer, Double> times, double dense) {
        int close = errors.keySet().stream().sorted().filter(m -> errors.get(m) < 0.1).findFirst().orElse(Integer.MAX_VALUE);
        int slow = times.keySet().stream().sorted().filter(m -> times.get(m) > dense).findFirst().orElse(Integer.MAX_VALUE);
        int least = errors.keySet().stream().min(Integer::compare).orElseThrow();
        int most = errors.keySet().stream().max(Integer::compare).orElseThrow();
        double power = Math.log(errors.get(most) / errors.get(least)) / Math.log((double) most / least);
        Verdict verdict = power > -0.2 ? Verdict.REFUTED : slow <= close && slow < Integer.MAX_VALUE ? Verdict.CONFIRMED : Verdict.CONDITIONAL;
        return Finding.of(verdict, "the distance falls with the power %.2f of the number of features and %s (%.2f with all of them where tokens are twice "
                + "as long); at %d tokens the recurrence takes longer than dense attention %s", power, close == Integer.MAX_VALUE
                ? "is above 0.1 with all of them"
                : "is below 0.1 from " + close + " on", longer.get(most), length, slow == Integer.MAX_VALUE ? "with none of them" : "from " + slow + " on");
    }

    private static Finding gates(Setting setting) {
        int length = setting.size(1024, 8192);
        Map<Gate, Double> times = new LinkedHashMap<>();
        List<Map<String, Object>> rows = new ArrayList<>();
        for (Gate gate : List.of(Gate.HEAD_CONST, Gate.HEAD_TOKEN, Gate.KEY_TOKEN)) {
            RecurrenceSpec spec = RecurrenceSpec.of(1, setting.size(2, 16), length, setting.size(32, 64)).gate(gate).build();
            String method = gate == Gate.HEAD_CONST ? "G01" : gate == Gate.HEAD_TOKEN ? "G10" : "G06";
            times.put(gate, Setting.millis(setting.measure(method, spec, plan -> !plan.variant().equals("quadratic"))));
            rows.add(row("gate", gate.name(), "length", length, "ms", times.get(gate)));
        }
        return Finding.of(Verdict.OUT_OF_SCOPE, "quality needs training; a gate of each token and channel takes %.2f times the time of a constant at %d "
                + "tokens, one of each token %.2f times; Q41 tests what gates set by hand can do", times.get(Gate.KEY_TOKEN) / times.get(Gate.HEAD_CONST),
                length, times.get(Gate.HEAD_TOKEN) / times.get(Gate.HEAD_CONST)).with(rows);
    }

    private static Finding summary(Setting setting) {
        Comparison comparison = setting.compare(List.of("R03"), Data.RANDOM, setting.size(List.of(512, 1024, 2048, 4096), List.of(2048, 4096, 8192, 16384)),
                setting.size(2, 16), setting.size(32, 64));
        Map<Integer, Double> times = new TreeMap<>();
        comparison.measurements().stream().filter(Measurement::verified).forEach(m -> times.put(m.length(), Setting.millis(m)));
        SplittableRandom random = setting.random();
        List<Map<String, Object>> rows = new ArrayList<>();
        times.forEach((length, time) -> rows.add(row("length", length, "ms", time)));
        double alike = segments(random, 16, TOKENS / 8);
        double different = segments(random, 1, TOKENS / 8);
        rows.add(row("neighbours", "alike", "summary rows", TOKENS / 8, "distance from dense", alike));
        rows.add(row("neighbours", "drawn each", "summary rows", TOKENS / 8, "distance from dense", different));
        return summary(Setting.power(times), alike, different).with(rows).with(new Curves("Time of R03", "length (tokens)", "time (ms)", Map.of("R03", times)));
    }

    /** Distance from dense attention with means of segments, where runs of tokens are one vector and a tenth of noise. */
    private static double segments(SplittableRandom random, int run, int rank) {
        RealMatrix q = Matrices.random(TOKENS, 16, random);
        RealMatrix k = runs(random, run);
        RealMatrix v = runs(random, run);
        return Matrices.error(attention(q, means(k, rank), means(v, rank), 0.25), attention(q, k, v, 0.25));
    }

    private static RealMatrix runs(SplittableRandom random, int run) {
        RealMatrix centres = Matrices.random(TOKENS, 16, random);
        return Matrices.of(TOKENS, 16, (i, j) -> centres.getEntry(i / run, j) + 0.1 * random.nextGaussian());
    }

    private static RealMatrix means(RealMatrix x, int rank) {
        int size = x.getRowDimension() / rank;
        return Matrices.of(rank, x.getColumnDimension(), (i, j) -> sum(x.getSubMatrix(i * size, (i + 1) * size - 1, j, j).getColumn(0)) / size);
    }

    static Finding summary(double power, double alike, double different) {
        Verdict verdict = power > 1.25 ? Verdict.REFUTED : alike < 0.2 ? Verdict.CONFIRMED : Verdict.CONDITIONAL;
        return Finding.of(verdict, "time with 64 landmarks grows with the power %.2f of the length; with a summary of an eighth of the tokens the result "
                + "is %.2g off where neighbours are alike, and %.2f where each token is drawn by itself", power, alike, different);
    }

    private static Finding bottleneck(SplittableRandom random) {
        RealMatrix keys = Matrices.units(TOKENS, 64, random);
        RealMatrix values = Matrices.random(TOKENS, 64, random);
        Map<Integer, Double> errors = new TreeMap<>();
        List<Map<String, Object>> rows = new ArrayList<>();
        RealMatrix dense = attention(keys, keys, values, 40);
        for (int rank = TOKENS / 16; rank <= TOKENS; rank *= 2) {
            errors.put(rank, Matrices.error(attention(keys, means(keys, rank), means(values, rank), 40), dense));
            rows.add(row("summary rows", rank, "tokens", TOKENS, "lost", errors.get(rank)));
        }
        return bottleneck(errors.get(TOKENS / 16), errors.get(TOKENS / 2)).with(rows).with(new Curves("What is lost", "summary rows of " + TOKENS
                + " tokens", "RMS ratio", Map.of("means of segments", errors)));
    }

    static Finding bottleneck(double sixteenth, double half) {
        Verdict verdict = half > 0.3 ? Verdict.CONFIRMED : sixteenth > 0.3 ? Verdict.CONDITIONAL : Verdict.REFUTED;
        return Finding.of(verdict, "%.2f of the result is lost with a sixteenth as many rows as tokens, and %.2f with half as many", sixteenth, half);
    }
}
