package tessera.planner;

/**
 * What a plan asks of a device.
 *
 * @param flops floating-point operations, an exponential counted as one
 * @param bytes least traffic with device memory: every input read once, every output and intermediate written once
 * @param memoryBytes memory for all arrays of the plan on the device
 * @param density visited pairs over all pairs; 1 where that means nothing
 */
public record Cost(long flops, long bytes, long memoryBytes, double density) {
}
