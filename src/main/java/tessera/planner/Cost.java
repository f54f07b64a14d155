package tessera.planner;

import java.util.List;

/**
 * What a plan asks of a device.
 *
 * @param flops floating-point operations, an exponential counted as one
 * @param bytes least traffic with device memory: every input read once, every output and intermediate written once
 * @param memoryBytes memory for all arrays of the plan on the device
 * @param density visited pairs over all pairs; 1 where that means nothing
 */
public record Cost(long flops, long bytes, long memoryBytes, double density) {

    /** What several plans ask of a device together; the density is that of all their pairs, where flops go by pairs. */
    public static Cost sum(List<Cost> costs) {
        long flops = costs.stream().mapToLong(Cost::flops).sum();
        double dense = costs.stream().filter(cost -> cost.flops > 0).mapToDouble(cost -> cost.flops / cost.density).sum();
        return new Cost(flops, costs.stream().mapToLong(Cost::bytes).sum(), costs.stream().mapToLong(Cost::memoryBytes).sum(),
                dense > 0 ? flops / dense : costs.getFirst().density);
    }
}
