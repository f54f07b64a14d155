package uk.ac.manchester.tornado.api.enums;

/** Whether the profiler prints what it measures. */
public enum ProfilerMode {
    CONSOLE,
    SILENT
}
