package uk.ac.manchester.tornado.api;

/** What one execution of a plan gives. */
public class TornadoExecutionResult {
    TornadoExecutionResult() {}

    /** Times and sizes, if the plan has a profiler. */
    public TornadoProfilerResult getProfilerResult() {
        return new TornadoProfilerResult();
    }
}
