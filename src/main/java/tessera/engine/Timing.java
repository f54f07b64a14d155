package tessera.engine;

/**
 * Where the time of one run went, in nanoseconds.
 *
 * @param kernel inside kernels, and in what the host computes in the place of a last one
 * @param transfer copying to and from the device
 * @param compile compiling kernels; 0 after the first run
 * @param total around everything, as the caller sees it
 */
public record Timing(long kernel, long transfer, long compile, long total) {

    /** The times of two runs, one after the other. */
    public Timing plus(Timing next) {
        return new Timing(kernel + next.kernel, transfer + next.transfer, compile + next.compile, total + next.total);
    }

    public double kernelMillis() {
        return kernel / 1e6;
    }

    public double totalMillis() {
        return total / 1e6;
    }
}
