package tessera.engine;

/**
 * A device that an engine can use, with what the engine was told about it.
 *
 * @param id what {@code --device} takes: {@code jvm}, {@code opencl:0}, {@code ptx:0} …
 * @param name the vendor's name
 * @param backend the engine's or TornadoVM's backend name in lower case; a string, so that a new backend needs no change
 * @param kind CPU, GPU, FPGA …
 * @param driver driver or runtime version, as a fingerprint for cached measurements
 * @param computeUnits cores or compute units
 * @param memoryBytes memory that arrays may take in all
 * @param maxArrayBytes largest single array
 * @param localMemoryBytes local memory of a work-group, 0 if there is none
 * @param maxGroupSize largest work-group, 0 if there are none
 * @param half whether kernels can read float16
 * @param instructions whether kernels may have the instructions of {@code tessera.instructions}
 */
public record Device(String id, String name, String backend, String kind, String driver, int computeUnits, long memoryBytes,
        long maxArrayBytes, long localMemoryBytes, int maxGroupSize, boolean half, boolean instructions) {

    public static final String JVM = "jvm";

    /** A device without instructions. */
    public Device(String id, String name, String backend, String kind, String driver, int computeUnits, long memoryBytes,
            long maxArrayBytes, long localMemoryBytes, int maxGroupSize, boolean half) {
        this(id, name, backend, kind, driver, computeUnits, memoryBytes, maxArrayBytes, localMemoryBytes, maxGroupSize, half, false);
    }

    public boolean isJvm() {
        return backend.equals(JVM);
    }

    @Override
    public String toString() {
        return id + " (" + name + ")";
    }
}
