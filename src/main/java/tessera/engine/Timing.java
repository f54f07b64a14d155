package tessera.engine;

/**
 * Where the time of one run went, in nanoseconds; -1 stands for what was not measured.
 *
 * @param kernel inside kernels, and in what the host computes in the place of a last one
 * @param transfer copying to and from the device
 * @param compile compiling kernels; 0 after the first run
 * @param total around everything, as the caller sees it
 */
public record Timing(long kernel, long transfer, long compile, long total) {
    private static final long UNKNOWN = -1;

    /** A run that nobody looked into. */
    static Timing of(long total) {
        return new Timing(UNKNOWN, UNKNOWN, 0, total);
    }

    /** Whether the times of kernels and transfers are known. */
    public boolean measured() {
        return kernel != UNKNOWN;
    }

    /** The times of two runs, one after the other. */
    public Timing plus(Timing next) {
        boolean known = measured() && next.measured();
        return new Timing(known ? kernel + next.kernel : UNKNOWN, known ? transfer + next.transfer : UNKNOWN, compile + next.compile,
                total + next.total);
    }

    /** The times of two runs side by side: the longer ones. */
    public Timing beside(Timing other) {
        boolean known = measured() && other.measured();
        return new Timing(known ? Math.max(kernel, other.kernel) : UNKNOWN, known ? Math.max(transfer, other.transfer) : UNKNOWN,
                Math.max(compile, other.compile), Math.max(total, other.total));
    }

    /** NaN if it was not measured. */
    public double kernelMillis() {
        return measured() ? kernel / 1e6 : Double.NaN;
    }

    /** NaN if it was not measured. */
    public double transferMillis() {
        return measured() ? transfer / 1e6 : Double.NaN;
    }

    public double totalMillis() {
        return total / 1e6;
    }
}
