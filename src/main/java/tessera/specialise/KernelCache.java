package tessera.specialise;

import java.io.IOException;
import java.net.URISyntaxException;
import java.net.URL;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.function.Supplier;
import tessera.TesseraException;
import tessera.io.AtomicFile;
import tessera.io.CacheFolder;

/**
 * The folder of specialised kernels, {@code kernels} in the cache of Tessera. TornadoVM reads kernels from the class path
 * only, so the folder has to be there and on it when Java starts; the program {@code tessera} sees to that.
 */
public final class KernelCache {
    private static final String PACKAGE = "tessera/specialised/";

    private KernelCache() {
    }

    /** Found out once: the class path stays as it is. */
    private static final class Available {
        static final boolean HERE = isOnClassPath();
    }

    /** Whether specialised kernels can be loaded; if not, {@link #advice} says what to do. */
    public static boolean available() {
        return Available.HERE;
    }

    private static boolean isOnClassPath() {
        try {
            Path classes = Files.createDirectories(folder().resolve(PACKAGE));
            for (URL url : Collections.list(ClassLoader.getSystemResources(PACKAGE))) {
                if (url.getProtocol().equals("file") && Files.isSameFile(Path.of(url.toURI()), classes)) {
                    return true;
                }
            }
            return false;
        } catch (IOException | URISyntaxException e) {
            return false;
        }
    }

    /** One sentence for those who start Java themselves. */
    public static String advice() {
        return "to run specialised kernels, create the folder " + folder() + " and add it to the class path when you start Java";
    }

    private static void createFolder(Path folder) {
        try {
            Files.createDirectories(folder);
        } catch (IOException e) {
            throw new TesseraException("cannot create " + folder + ": " + AtomicFile.cause(e), e);
        }
    }

    static Path folder() {
        return CacheFolder.path().resolve("kernels").toAbsolutePath();
    }

    /** Where the class of that name lies. */
    static Path file(String name) {
        return folder().resolve(name.replace('.', '/') + ".class");
    }

    /** The class of that name, made if the folder does not hold it. */
    static Class<?> load(String name, Supplier<byte[]> make) {
        if (!available()) {
            throw new TesseraException(advice());
        }
        Path file = file(name);
        if (!Files.exists(file)) {
            ByteBuffer bytes = ByteBuffer.wrap(make.get());
            createFolder(file.getParent());
            AtomicFile.write(file, channel -> channel.write(bytes));
        }
        try {
            return Class.forName(name, true, ClassLoader.getSystemClassLoader());
        } catch (ClassNotFoundException | LinkageError e) {
            throw new TesseraException("cannot load " + file + ": " + e + "; delete it", e);
        }
    }
}
