package tessera.engine;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassTransform;
import java.lang.classfile.instruction.InvokeInstruction;
import java.lang.constant.ClassDesc;
import java.lang.invoke.MethodHandles;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tessera.tasks.dense.Tile;

/** Kernels for the JVM whose tiles are computed in vectors, where the JDK has its module for them; else as they are written. */
final class Vectors {
    private static final Logger LOG = LoggerFactory.getLogger(Vectors.class);
    private static final String MODULE = "jdk.incubator.vector";
    private static final ClassDesc LOOPS = Tile.class.describeConstable().orElseThrow();
    private static final Map<Kernel, Kernel> KERNELS = new ConcurrentHashMap<>();

    /** Floats in a vector, 1 without the module. */
    static final int LANES = lanes();

    private Vectors() {
    }

    private static int lanes() {
        if (ModuleLayer.boot().findModule(MODULE).isEmpty()) {
            LOG.info("tiles in plain loops, several times slower than in vectors: start Java with --add-modules {}", MODULE);
            return 1;
        }
        LOG.info("tiles in vectors of {} floats", TileVectors.lanes());
        return TileVectors.lanes();
    }

    /** The kernel to call in place of another. */
    static Kernel in(Kernel kernel) {
        return LANES == 1 ? kernel : KERNELS.computeIfAbsent(kernel, Vectors::replace);
    }

    /** The same class, whose calls of {@link Tile} go to {@link TileVectors}; the class itself where it has none. */
    private static Kernel replace(Kernel kernel) {
        Class<?> owner = kernel.method().getDeclaringClass();
        try (InputStream file = owner.getResourceAsStream(owner.getSimpleName() + ".class")) {
            ClassFile format = ClassFile.of();
            var model = format.parse(file.readAllBytes());
            boolean[] replaced = new boolean[1];
            byte[] code = format.transformClass(model, ClassTransform.transformingMethodBodies((builder, element) -> {
                if (element instanceof InvokeInstruction call && call.owner().asSymbol().equals(LOOPS)) {
                    replaced[0] = true;
                    builder.invokestatic(TileVectors.class.describeConstable().orElseThrow(), call.name().stringValue(), call.typeSymbol());
                } else {
                    builder.with(element);
                }
            }));
            return replaced[0] ? Kernel.of(MethodHandles.privateLookupIn(owner, MethodHandles.lookup()).defineHiddenClass(code, true).lookupClass(),
                    kernel.method().getName()) : kernel;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (IllegalAccessException e) {
            throw new IllegalStateException(e);
        }
    }
}
