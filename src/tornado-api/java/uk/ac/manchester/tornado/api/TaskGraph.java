package uk.ac.manchester.tornado.api;

import uk.ac.manchester.tornado.api.runtime.TornadoRuntimeProvider;

/** Kernels and the transfers around them, in order; needs TornadoVM. */
public class TaskGraph {
    public TaskGraph(String name) {
        TornadoRuntimeProvider.getTornadoRuntime();
    }

    /** Copies the objects to the device, as often as the mode says. */
    public TaskGraph transferToDevice(int mode, Object... objects) {
        return this;
    }

    /** Copies the objects back, as often as the mode says. */
    public TaskGraph transferToHost(int mode, Object... objects) {
        return this;
    }

    /** The graph as it now is; this one should not be touched any more. */
    public ImmutableTaskGraph snapshot() {
        return new ImmutableTaskGraph();
    }
}
