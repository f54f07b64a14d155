package tessera.engine;

import java.util.List;

/** Runs programs on the devices it knows. An engine that is asked for a device uses that device or fails. */
public interface Engine {

    /** The devices of this engine, in a fixed order; empty if it cannot run here. */
    List<Device> devices();

    /**
     * Makes a program ready to run many times on a device.
     *
     * @throws tessera.TesseraException if the device cannot run it
     */
    Session prepare(Device device, Program program);

    /** A program on a device. Not safe for use by several threads at once. */
    interface Session extends AutoCloseable {

        /**
         * Copies inputs in, runs every task, copies outputs out.
         *
         * @param timed whether to measure kernels and transfers, which costs time outside of them; the first run always does, for a
         *     kernel that took time is one that ran on the device
         * @throws tessera.TesseraException if a kernel did not compile or did not run on the device
         */
        Timing run(boolean timed);

        /** A run whose kernels and transfers are measured. */
        default Timing run() {
            return run(true);
        }

        /** What the device's own compiler is given, for example OpenCL C or PTX; empty where there is none. Asked for before the first run. */
        default String source() {
            return "";
        }

        @Override
        void close();
    }
}
