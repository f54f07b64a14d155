package uk.ac.manchester.tornado.api;

/** The backends that TornadoVM was started with. */
public interface TornadoRuntime {
    int getNumBackends();

    TornadoBackend getBackend(int index);
}
