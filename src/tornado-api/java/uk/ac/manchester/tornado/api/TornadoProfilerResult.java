package uk.ac.manchester.tornado.api;

/** What the profiler measured; times are in nanoseconds. Here, without TornadoVM, nothing is. */
public class TornadoProfilerResult {
    TornadoProfilerResult() {}

    /** The whole execution. */
    public long getTotalTime() {
        return 0;
    }

    /** Compilation by TornadoVM and by the driver; 0 after the first execution. */
    public long getCompileTime() {
        return 0;
    }

    /** Compilation from bytecode to device code. */
    public long getTornadoCompilerTime() {
        return 0;
    }

    /** Compilation by the device's driver. */
    public long getDriverInstallTime() {
        return 0;
    }

    /** All copies. */
    public long getDataTransfersTime() {
        return 0;
    }

    /** Copies to the device. */
    public long getDeviceWriteTime() {
        return 0;
    }

    /** Copies from the device. */
    public long getDeviceReadTime() {
        return 0;
    }

    /** Starting the kernels. */
    public long getKernelDispatchTime() {
        return 0;
    }

    /** The kernels themselves; 0 if they did not run on the device. */
    public long getDeviceKernelTime() {
        return 0;
    }

    /** Bytes copied to the device. */
    public long getTotalBytesCopyIn() {
        return 0;
    }

    /** Bytes copied from the device. */
    public long getTotalBytesCopyOut() {
        return 0;
    }

    /** Bytes held on the device. */
    public long getTotalDeviceMemoryUsage() {
        return 0;
    }

    /** The times of every task, as JSON. */
    public String getProfileLog() {
        return "";
    }
}
