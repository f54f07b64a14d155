package tessera.experiments;

import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Collectors;
import tessera.engine.Device;
import tessera.experiments.GrowthPoint.Form;
import tessera.experiments.GrowthPoint.Part;

/** Everything that was measured of growth, and what follows from it, device by device. */
public record GrowthResult(Machine machine, Growth growth, Instant date, List<GrowthPoint> points) {

    /**
     * What the time of a form grows by.
     *
     * @param slope null where fewer than two sizes have a time
     * @param plan how the longest of those with a time was computed; null if there is none
     */
    public record Growing(Part part, Form form, Device device, Slope slope, String plan) {
    }

    /**
     * Where chunks and dense attention change places.
     *
     * @param model the length from which chunks have fewer operations, {@code 2d + C}; 0 for the delta rule, which it does not describe
     */
    public record Crossing(Crossover crossover, int model) {
    }

    /** True unless a result is wrong or nothing could be measured at all. */
    public boolean passed() {
        return points.stream().noneMatch(p -> p.measurement().isWrong()) && points.stream().anyMatch(GrowthPoint::verified);
    }

    /** The points of a part on a device. */
    public List<GrowthPoint> points(Part part, Device device) {
        return points.stream().filter(p -> p.part() == part && p.measurement().device().equals(device)).toList();
    }

    private List<GrowthPoint> verified(Part part, Device device, Form form) {
        return points(part, device).stream().filter(p -> p.form() == form && p.verified()).toList();
    }

    /** The slopes of every form over lengths and contexts. */
    public List<Growing> slopes() {
        List<Growing> slopes = new ArrayList<>();
        for (Part part : List.of(Part.SEQUENCE, Part.DECODE)) {
            for (Device device : machine.devices()) {
                for (Form form : points(part, device).stream().map(GrowthPoint::form).distinct().toList()) {
                    List<GrowthPoint> timed = verified(part, device, form);
                    Map<Integer, Double> times = timed.stream().collect(Collectors.toMap(GrowthPoint::size, GrowthPoint::median));
                    slopes.add(new Growing(part, form, device, Slope.of(times, growth.slopeFrom()).orElse(null),
                            timed.isEmpty() ? null : timed.getLast().measurement().plan()));
                }
            }
        }
        return slopes;
    }

    /** The fastest chunk length on a device. */
    public Optional<GrowthPoint> bestChunk(Device device) {
        return verified(Part.CHUNKS, device, Form.CHUNK).stream().min(Comparator.comparing(GrowthPoint::median));
    }

    /** Every change of places on every device; where there is none, one entry that says so. */
    public List<Crossing> crossings() {
        List<Crossing> all = new ArrayList<>();
        for (Device device : machine.devices()) {
            List<GrowthPoint> chunks = verified(Part.SEQUENCE, device, Form.CHUNK);
            int model = chunks.isEmpty() || growth.problem().rule() == GrowthRule.DELTA ? 0
                    : 2 * growth.problem().headDim() + chunks.getLast().measurement().plans().getFirst().get("chunk");
            Crossover.of(Form.CHUNK.toString(), "linear", growth.problem().row(Form.DENSE, 0).id(), device.id(), summaries(chunks),
                    summaries(verified(Part.SEQUENCE, device, Form.DENSE))).forEach(c -> all.add(new Crossing(c, model)));
        }
        return all;
    }

    private static Map<Integer, Summary> summaries(List<GrowthPoint> points) {
        Map<Integer, Summary> summaries = new TreeMap<>();
        points.forEach(p -> summaries.put(p.size(), p.measurement().kernel()));
        return summaries;
    }
}
