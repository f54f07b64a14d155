package tessera.experiments;

import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import org.apache.commons.math3.stat.regression.SimpleRegression;
import tessera.AttentionSpec;
import tessera.engine.Device;
import tessera.methods.Catalogue;
import tessera.methods.Row;
import tessera.planner.Plan;

/** How fast devices compute sparse attention, and what of its density they make use of. */
public record Sparse(Machine machine, Instant date, Protocol protocol, List<SparsePoint> points) implements Measured {

    /** Random attention, by blocks or tokens. */
    private static final Row METHOD = Catalogue.row("P04");

    /**
     * What to measure besides dense attention.
     *
     * @param dense the attention whose pairs the patterns leave out
     * @param maps patterns of their own for so many runs of consecutive heads
     * @param blockSizes sizes of square blocks, each with each density
     * @param densities shares of blocks and tokens
     * @param tokens whether to measure lists of tokens with each density too
     * @param windows lengths of causal windows
     * @param sinks leading keys that the windows see too
     */
    public record Sweep(AttentionSpec dense, int maps, List<Integer> blockSizes, List<Double> densities, boolean tokens, List<Integer> windows,
            int sinks) {

        List<Pattern> patterns(long seed) {
            List<Pattern> patterns = new ArrayList<>();
            patterns.add(Pattern.dense(dense));
            for (int size : blockSizes) {
                densities.forEach(density -> patterns.add(Pattern.blocks(dense, maps, size, density, seed)));
            }
            if (tokens) {
                densities.forEach(density -> patterns.add(Pattern.tokens(dense, maps, density, seed)));
            }
            windows.forEach(size -> patterns.add(Pattern.window(dense, sinks, size)));
            return patterns;
        }

        int size() {
            return 1 + (blockSizes.size() + (tokens ? 1 : 0)) * densities.size() + windows.size();
        }
    }

    /** R² of a line that says something. */
    private static final double LEAST_FIT = 0.5;

    /**
     * Measures.
     *
     * @param wanted which legal plans; null for the planner's choice
     * @param progress is told what comes next
     */
    public static Sparse run(Sweep sweep, List<Device> devices, Predicate<Plan> wanted, Protocol protocol, long seed, Consumer<String> progress) {
        Instant date = Instant.now();
        List<Pattern> patterns = sweep.patterns(seed);
        List<SparsePoint> points = new ArrayList<>();
        for (Device device : devices) {
            Measurement dense = null;
            for (Pattern pattern : patterns) {
                progress.accept(pattern.kind() + (pattern.size() == 0 ? "" : " of " + pattern.size()) + " on " + device.id());
                List<Measurement> measured = new Trials(METHOD, List.of(pattern.spec()), List.of(device), wanted, protocol, seed).run(_ -> { });
                dense = dense == null ? quickest(measured) : dense;
                for (Measurement m : measured) {
                    points.add(new SparsePoint(pattern, m, dense));
                }
            }
        }
        return new Sparse(Machine.here(devices), date, protocol, points);
    }

    private static Measurement quickest(List<Measurement> dense) {
        return dense.stream().filter(Measurement::verified).min(Comparator.comparing(m -> m.kernel().median())).orElse(null);
    }

    /** How often {@link #run} tells about progress. */
    public static int size(Sweep sweep, List<Device> devices) {
        return devices.size() * sweep.size();
    }

    @Override
    public List<Measurement> measurements() {
        return points.stream().map(SparsePoint::measurement).toList();
    }

    @Override
    public List<Map<String, Object>> rows() {
        return points.stream().map(SparsePoint::row).toList();
    }

    @Override
    public Map<String, Object> document() {
        Map<String, Object> document = Measured.super.document();
        document.put("breakEven", summary());
        return document;
    }

    @Override
    public List<Map<String, Object>> table() {
        return points.stream().map(SparsePoint::line).toList();
    }

    /**
     * For each device, kind and size the least-squares line of the quickest time over the density, where there are two densities or more,
     * and the density at which it meets the time of dense attention: 1 if it stays below, none if it never is below or no line fits.
     */
    @Override
    public List<Map<String, Object>> summary() {
        Map<List<Object>, Map<Double, SparsePoint>> quickest = points.stream().filter(p -> p.isComparable() && !Double.isNaN(p.pattern().density()))
                .collect(Collectors.groupingBy(p -> List.of(p.measurement().device().id(), p.pattern().kind(), p.pattern().size()), LinkedHashMap::new,
                        Collectors.toMap(SparsePoint::density, p -> p, (a, b) -> a.speedup() >= b.speedup() ? a : b, LinkedHashMap::new)));
        return quickest.entrySet().stream().filter(entry -> entry.getValue().size() > 1).map(entry -> {
            SimpleRegression line = new SimpleRegression();
            entry.getValue().forEach((density, point) -> line.addData(density, point.measurement().kernel().median()));
            double dense = entry.getValue().values().iterator().next().dense().kernel().median();
            Map<String, Object> row = new LinkedHashMap<>();
            row.put("device", entry.getKey().get(0));
            row.put("pattern", entry.getKey().get(1));
            row.put("size", entry.getKey().get(2));
            row.put("dense ms", dense);
            row.put("ms at 0 %", line.getIntercept());
            row.put("ms at 100 %", line.predict(1));
            row.put("R²", line.getRSquare());
            double meets = (dense - line.getIntercept()) / line.getSlope();
            row.put("break-even density", line.getRSquare() < LEAST_FIT || meets <= 0 ? null : Math.min(1, meets));
            return row;
        }).toList();
    }
}
