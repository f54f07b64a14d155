package tessera.io;

import java.nio.file.Path;

/** Where Tessera keeps what it need not find out twice: {@code $TESSERA_CACHE}, else {@code $XDG_CACHE_HOME/tessera}, else {@code ~/.cache/tessera}. */
public final class CacheFolder {
    private CacheFolder() {
    }

    /** The folder; it may not exist yet. */
    public static Path path() {
        String own = System.getenv("TESSERA_CACHE");
        if (own != null && !own.isBlank()) {
            return Path.of(own);
        }
        String shared = System.getenv("XDG_CACHE_HOME");
        return (shared != null && !shared.isBlank() ? Path.of(shared) : Path.of(System.getProperty("user.home"), ".cache")).resolve("tessera");
    }
}
