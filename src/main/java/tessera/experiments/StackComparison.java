package tessera.experiments;

import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeSet;
import java.util.function.Consumer;
import tessera.Tensor;
import tessera.engine.Device;
import tessera.methods.Case;
import tessera.methods.Catalogue;
import tessera.methods.StackMethods;
import tessera.methods.Verification;
import tessera.methods.Verification.Outcome;
import tessera.planner.Cost;
import tessera.stacks.Layer;
import tessera.stacks.Stack;
import tessera.stacks.StackShape;

/**
 * Stacks of layers of the same sizes beside each other: each is run end to end at a small size and compared with its twin; then each
 * different layer is verified and timed once, reading a prompt and decoding a token after it, and the times of all layers are added up.
 *
 * @param limitSeconds a layer whose runs are predicted to take longer is left out
 */
public record StackComparison(List<Stack> stacks, StackShape shape, List<Integer> lengths, List<Device> devices, Protocol protocol,
        double limitSeconds, long seed) {

    /** @throws IllegalArgumentException if a length or the limit is not positive */
    public StackComparison {
        if (lengths.stream().anyMatch(length -> length < 1)) {
            throw new IllegalArgumentException("every length must be at least 1, got " + lengths);
        }
        if (!(limitSeconds > 0)) {
            throw new IllegalArgumentException("the limit of a layer must be above 0 seconds, got " + limitSeconds);
        }
        stacks = List.copyOf(stacks);
        lengths = List.copyOf(new TreeSet<>(lengths));
    }

    /** How many steps progress is told about. */
    public int size() {
        return devices.size() * (stacks.size() + (int) works().stream().distinct().count());
    }

    private List<LayerWork> works() {
        List<LayerWork> works = new ArrayList<>();
        for (int length : lengths) {
            for (Stack stack : stacks) {
                for (int n = 0; n < stack.layers().size(); n++) {
                    works.add(prefill(stack, n, length));
                    works.add(decode(stack.layers().get(n), length));
                }
            }
        }
        return works;
    }

    /** Layers after the | read a prompt as they decode its last token. */
    LayerWork prefill(Stack stack, int layer, int length) {
        return LayerWork.of(stack.layers().get(layer), shape, layer >= stack.schedule().lastTokenFrom(), length);
    }

    LayerWork decode(Layer layer, int length) {
        return LayerWork.of(layer, shape, true, length);
    }

    /** @param progress is told what comes next, once for each step */
    public StackResult run(Consumer<String> progress) {
        Instant date = Instant.now();
        List<Measurement> measurements = new ArrayList<>();
        List<StackPoint> points = new ArrayList<>();
        for (Device device : devices) {
            Map<Stack, Outcome> checks = new LinkedHashMap<>();
            for (Stack stack : stacks) {
                progress.accept(stack.name() + " end to end on " + device.id());
                checks.put(stack, Verification.run(List.of(StackMethods.of(stack)), List.of(device), _ -> { }).getFirst());
            }
            Map<LayerWork, Measurement> measured = new LinkedHashMap<>();
            for (LayerWork work : works()) {
                if (!measured.containsKey(work)) {
                    progress.accept((work.decode() ? "a token after " : "a prompt of ") + work.length() + " on " + device.id());
                    measured.put(work, measure(work, device, measured));
                }
            }
            measurements.addAll(measured.values());
            lengths.forEach(length -> stacks.forEach(stack -> points.add(StackPoint.of(this, stack, device, length, checks.get(stack), measured))));
        }
        return new StackResult(Machine.here(devices), this, date, measurements, points);
    }

    private Measurement measure(LayerWork work, Device device, Map<LayerWork, Measurement> before) {
        try {
            double seconds = seconds(work, work.cost(device), before);
            if (seconds > limitSeconds) {
                return impossible(work, device, String.format(Locale.ROOT, "its %d runs would take about %.0f s, as predicted from a shorter length, more "
                        + "than the limit of %s s", protocol.fewest() + 2, seconds, limitSeconds));
            }
            Case problem = work.problem(seed);
            Tensor first = problem.inputs().values().iterator().next();
            Workload workload = new Workload("drawn, seed " + seed, first, first, first, null, false);
            return protocol.measure(Catalogue.row("X05"), problem, new Check(problem, seed), workload, device);
        } catch (RuntimeException | OutOfMemoryError e) {
            return impossible(work, device, Protocol.reason(e));
        }
    }

    private static Measurement impossible(LayerWork work, Device device, String reason) {
        return Measurement.impossible(Catalogue.row("X05"), device, work.length(), null, List.of(), reason);
    }

    /** At the rate of the longest prompt that layers with the same last operator have read so far; 0 if there is none, and for a token. */
    private double seconds(LayerWork work, Cost cost, Map<LayerWork, Measurement> before) {
        return work.decode() ? 0 : before.entrySet().stream().filter(e -> !e.getKey().decode() && e.getValue().verified()
                && e.getKey().specs().keySet().equals(work.specs().keySet())).max(Comparator.comparingInt(e -> e.getKey().length()))
                .map(e -> (protocol.fewest() + 2) * e.getValue().kernel().median() / 1e3 * cost.flops() / e.getValue().cost().flops()).orElse(0.0);
    }
}
