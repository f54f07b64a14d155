package uk.ac.manchester.tornado.api;

/** A task graph that is complete. */
public class ImmutableTaskGraph {
    ImmutableTaskGraph() {}
}
