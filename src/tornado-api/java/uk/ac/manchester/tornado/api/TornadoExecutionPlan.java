package uk.ac.manchester.tornado.api;

import uk.ac.manchester.tornado.api.common.TornadoDevice;
import uk.ac.manchester.tornado.api.enums.ProfilerMode;
import uk.ac.manchester.tornado.api.enums.TornadoVMBackendType;
import uk.ac.manchester.tornado.api.exceptions.TornadoExecutionPlanException;
import uk.ac.manchester.tornado.api.runtime.TornadoRuntimeProvider;

/** Task graphs on a device, ready to run; needs TornadoVM. */
public final class TornadoExecutionPlan implements AutoCloseable {
    public TornadoExecutionPlan(ImmutableTaskGraph... immutableTaskGraphs) {
        TornadoRuntimeProvider.getTornadoRuntime();
    }

    /** Runs on this device. */
    public TornadoExecutionPlan withDevice(TornadoDevice device) {
        return this;
    }

    /** Runs kernels on these grids. */
    public TornadoExecutionPlan withGridScheduler(GridScheduler gridScheduler) {
        return this;
    }

    /** Compiles without running. */
    public TornadoExecutionPlan withPreCompilation() {
        return this;
    }

    /** Measures every execution. */
    public TornadoExecutionPlan withProfiler(ProfilerMode profilerMode) {
        return this;
    }

    /** Measures no longer. */
    public TornadoExecutionPlan withoutProfiler() {
        return this;
    }

    /** Replaces the flags that one backend's compiler is given. */
    public TornadoExecutionPlan withCompilerFlags(TornadoVMBackendType backend, String compilerFlags) {
        return this;
    }

    /** Prints the code that is generated for the kernels. */
    public TornadoExecutionPlan withPrintKernel() {
        return this;
    }

    /** Frees what the graphs hold on the device. */
    public TornadoExecutionPlan freeDeviceMemory() {
        return this;
    }

    /** Runs all graphs and waits. */
    public TornadoExecutionResult execute() {
        return new TornadoExecutionResult();
    }

    @Override
    public void close() throws TornadoExecutionPlanException {}
}
