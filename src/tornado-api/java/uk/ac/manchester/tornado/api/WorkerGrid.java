package uk.ac.manchester.tornado.api;

/** How many work-items a kernel runs, and how they are grouped. */
public interface WorkerGrid {
    /** Number of axes. */
    int dimension();

    /** Work-items along each axis. */
    long[] getGlobalWork();

    /** Work-items of a group along each axis, or null where TornadoVM chooses. */
    long[] getLocalWork();

    void setGlobalWork(long x, long y, long z);

    void setLocalWork(long x, long y, long z);
}
