package tessera.experiments.claims;

import static tessera.experiments.claims.Finding.row;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Predicate;
import java.util.function.ToDoubleFunction;
import tessera.AttentionSpec;
import tessera.TesseraException;
import tessera.experiments.Curves;
import tessera.experiments.Sparse;
import tessera.experiments.SparsePoint;

/** Claims about what devices make of sparsity: blocks of different sizes and single tokens, drawn with the same density. */
final class BlockClaims {

    /** From which block on the literature has it that sparsity pays. */
    private static final int PAYS = 64;

    /** A share of what a density allows that only a busy machine explains. */
    private static final double IMPOSSIBLE = 1.5;

    static final List<Claim> ALL = List.of(
            Claim.measured("Q25", "Blocks below 64 often give no speed-up; 64 and more are needed", "arXiv:2507.19595",
                    "speed-up over the best dense attention of drawn blocks of 8 to 256 at densities of 10 to 75 %; confirmed if at least half of the "
                    + "smaller ones, but not all of the others, have none, refuted if all of the smaller ones have one or none of the others, else "
                    + "conditional",
                            setting -> finding(setting, BlockClaims::small)),
            Claim.measured("Q26", "Sparsity by single tokens is slower than dense attention in spite of fewer operations", "arXiv:2507.19595",
                    "speed-up of drawn tokens at densities of 10 to 75 %; confirmed if there is none at half of them or more, refuted if there is one at "
                    + "each, else conditional",
                    setting -> finding(setting, BlockClaims::tokens)),
            Claim.measured("Q27", "Fewer operations do not guarantee a speed-up", "arXiv:2507.19595",
                    "speed-up times density over all blocks and tokens; confirmed if something with fewer pairs is slower than dense attention, refuted if "
                    + "all make use of 95 % of their density, else conditional", setting -> finding(setting, BlockClaims::guarantee)),
            Claim.measured("Q28", "Block-sparse attention reaches nearly its theoretical speed-up where sparsity is modest",
                    "arXiv:2205.14135, arXiv:2507.19595",
                    "speed-up times density of blocks from 64 on at densities of 50 and 75 %; confirmed if all reach 0.8, conditional if some do, or if "
                    + "all do over dense attention by the same kind of kernel", setting -> finding(setting, BlockClaims::modest)));

    /** A rule over points. */
    private interface Rule {
        Finding of(List<Point> points);
    }

    /**
     * A pattern.
     *
     * @param size tokens of a block, 1 for single ones
     * @param density share of the pairs
     * @param speedup over the best dense attention
     * @param alike over dense attention by the same kind of kernel; NaN if it has none
     */
    record Point(int size, double density, double speedup, double alike) {
        double efficiency() {
            return density * speedup;
        }

        double efficiencyAlike() {
            return density * alike;
        }
    }

    private BlockClaims() {
    }

    private static Finding finding(Setting setting, Rule rule) {
        Sparse sparse = sparse(setting);
        List<SparsePoint> compared = sparse.points().stream().filter(p -> p.isComparable() && p.pattern().size() > 0).toList();
        if (compared.isEmpty()) {
            throw new TesseraException("no pattern has a time beside that of dense attention");
        }
        Map<String, Double> dense = new HashMap<>();
        compared.forEach(p -> dense.computeIfAbsent(variant(p), variant -> dense(setting, variant)));
        List<Point> points = compared.stream().map(p -> new Point(p.pattern().size(), p.density(), Setting.millis(p.dense()) / Setting.millis(p.measurement()),
                dense.get(variant(p)) / Setting.millis(p.measurement()))).toList();
        Map<String, Map<Integer, Double>> lines = new LinkedHashMap<>();
        List<Map<String, Object>> rows = new ArrayList<>();
        for (int n = 0; n < points.size(); n++) {
            SparsePoint p = compared.get(n);
            Point point = points.get(n);
            lines.computeIfAbsent(Math.round(100 * p.pattern().density()) + " %", _ -> new TreeMap<>()).put(point.size, point.speedup);
            rows.add(row("block", point.size, "density", point.density, "ms", Setting.millis(p.measurement()), "speed-up", point.speedup,
                    "efficiency", point.efficiency(), "efficiency over the same kind of kernel", point.efficiencyAlike(), "plan", p.measurement().plan()));
        }
        return rule.of(points).with(rows).with(new Curves("Speed-up over dense attention", "tokens of a block", "speed-up", lines));
    }

    private static String variant(SparsePoint p) {
        return p.measurement().plans().getFirst().variant();
    }

    /** Time of dense attention by a kind of kernel, NaN if there is none. */
    private static double dense(Setting setting, String variant) {
        return setting.shared("dense " + variant, () -> {
            try {
                return Math.min(denseOnce(setting, variant), denseOnce(setting, variant));
            } catch (TesseraException e) {
                return Double.NaN;
            }
        });
    }

    private static double denseOnce(Setting setting, String variant) {
        return Setting.millis(setting.measure("H03", dense(setting), plan -> plan.variant().equals(variant)));
    }

    private static AttentionSpec dense(Setting setting) {
        return AttentionSpec.of(1, setting.size(2, 16), setting.size(1024, 8192), 64).build();
    }

    /** Blocks and tokens of every density, measured once for all claims. */
    private static Sparse sparse(Setting setting) {
        AttentionSpec dense = dense(setting);
        Sparse sparse = setting.shared("sparse", () -> {
            if (setting.device().isJvm()) {
                Sparse.run(new Sparse.Sweep(dense, 1, List.of(16, 128), List.of(0.25), true, List.of(), 0), List.of(setting.device()), null,
                        setting.protocol(), setting.seed(), setting.progress());
            }
            return Sparse.run(new Sparse.Sweep(dense, 1, List.of(8, 16, 32, 64, 128, 256), List.of(0.1, 0.25, 0.5, 0.75), true, List.of(), 0),
                    List.of(setting.device()), null,
                    setting.protocol(), setting.seed(), setting.progress());
        });
        return setting.noted(sparse, Sparse::measurements);
    }

    private static List<Point> where(List<Point> points, Predicate<Point> wanted) {
        return points.stream().filter(wanted).toList();
    }

    private static double most(List<Point> points, ToDoubleFunction<Point> figure) {
        return points.stream().mapToDouble(figure).max().orElse(Double.NaN);
    }

    private static double least(List<Point> points, ToDoubleFunction<Point> figure) {
        return points.stream().mapToDouble(figure).min().orElse(Double.NaN);
    }

    static Finding small(List<Point> points) {
        List<Point> small = where(points, p -> p.size() > 1 && p.size() < PAYS);
        List<Point> large = where(points, p -> p.size() >= PAYS);
        long slow = where(small, p -> p.speedup() <= 1).size();
        long fast = where(large, p -> p.speedup() > 1).size();
        int from = points.stream().filter(p -> p.size() > 1 && p.speedup() > 1).mapToInt(Point::size).min().orElse(0);
        Verdict verdict = slow == 0 || fast == 0 ? Verdict.REFUTED : 2 * slow >= small.size() ? Verdict.CONFIRMED : Verdict.CONDITIONAL;
        return Finding.of(verdict, "%d of %d points with blocks below 64 are no faster than dense attention, and %d of %d with blocks from 64 on are "
                + "faster; %s", slow, small.size(), fast, large.size(),
                from == 0 ? "no block is at any density" : "the smallest block that is faster at some density is " + from);
    }

    static Finding tokens(List<Point> points) {
        List<Point> tokens = where(points, p -> p.size() == 1);
        long slow = where(tokens, p -> p.speedup() <= 1).size();
        Verdict verdict = slow == 0 ? Verdict.REFUTED : 2 * slow >= tokens.size() ? Verdict.CONFIRMED : Verdict.CONDITIONAL;
        return Finding.of(verdict, "drawn tokens are %.2f to %.2f times as fast as dense attention, and no faster at %d of %d densities; blocks from 64 on "
                + "are %.2f to %.2f times as fast",
                least(tokens, Point::speedup), most(tokens, Point::speedup), slow, tokens.size(), least(where(points, p -> p.size() >= PAYS), Point::speedup),
                most(where(points, p -> p.size() >= PAYS), Point::speedup));
    }

    static Finding guarantee(List<Point> points) {
        List<Point> fewer = where(points, p -> p.density() < 0.95);
        long slow = where(fewer, p -> p.speedup() <= 1).size();
        Verdict verdict = slow > 0 ? Verdict.CONFIRMED : least(fewer, Point::efficiency) >= 0.95 ? Verdict.REFUTED : Verdict.CONDITIONAL;
        return Finding.of(verdict, "%d of %d patterns with fewer pairs are no faster than dense attention; of the speed-up that their density would allow "
                + "they reach %.0f to %.0f %%", slow, fewer.size(),
                100 * least(fewer, Point::efficiency), 100 * most(fewer, Point::efficiency));
    }

    static Finding modest(List<Point> points) {
        List<Point> modest = where(points, p -> p.size() >= PAYS && p.density() >= 0.4 && p.density() <= 0.85);
        long reach = where(modest, p -> p.efficiency() >= 0.8).size();
        boolean alike = !modest.isEmpty() && modest.stream().allMatch(p -> p.efficiencyAlike() >= 0.8);
        Verdict verdict = Math.max(most(modest, Point::efficiency), most(modest, Point::efficiencyAlike)) > IMPOSSIBLE ? Verdict.UNDECIDED
                : reach == modest.size() ? Verdict.CONFIRMED : reach > 0 || alike ? Verdict.CONDITIONAL : Verdict.REFUTED;
        return Finding.of(verdict, "%d of %d points reach 0.8 of what their density allows over the best dense attention, and range from %.2f to %.2f; "
                + "over dense attention by the same kind of kernel from %.2f to %.2f", reach, modest.size(), least(modest, Point::efficiency),
                most(modest, Point::efficiency), least(modest, Point::efficiencyAlike), most(modest, Point::efficiencyAlike));
    }
}
