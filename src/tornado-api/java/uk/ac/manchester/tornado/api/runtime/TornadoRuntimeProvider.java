package uk.ac.manchester.tornado.api.runtime;

import uk.ac.manchester.tornado.api.TornadoRuntime;

/** The way to TornadoVM itself, which is absent where this class is used. */
public final class TornadoRuntimeProvider {
    private TornadoRuntimeProvider() {}

    public static TornadoRuntime getTornadoRuntime() {
        throw absent();
    }

    public static void setProperty(String key, String value) {
        throw absent();
    }

    public static String getProperty(String key) {
        throw absent();
    }

    public static String getProperty(String key, String value) {
        throw absent();
    }

    private static IllegalStateException absent() {
        return new IllegalStateException(
                "TornadoVM is not on the module path: set TORNADOVM_HOME and start with bin/tessera");
    }
}
