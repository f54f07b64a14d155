package tessera.engine;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.lang.classfile.ClassFile;
import java.lang.classfile.constantpool.ClassEntry;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.reflect.Method;
import java.util.stream.StreamSupport;
import tessera.TesseraException;

/**
 * A static method that TornadoVM can compile.
 *
 * @param method the method itself
 * @param handle the same, as a handle that takes its arguments as one array
 */
public record Kernel(Method method, MethodHandle handle) {

    /** How a kernel divides its work. */
    public enum Kind {
        /** One {@code @Parallel} loop over rows; the last two parameters are rowOffset and rowCount. */
        ROWS,
        /** Work-groups with local memory and barriers; the first parameter is a KernelContext. */
        TILES
    }

    /**
     * The public static method {@code name} of {@code owner}; kernels are not overloaded.
     *
     * @throws IllegalArgumentException if there is no such method
     */
    public static Kernel of(Class<?> owner, String name) {
        for (Method method : owner.getDeclaredMethods()) {
            if (method.getName().equals(name)) {
                try {
                    MethodHandle handle = MethodHandles.publicLookup().unreflect(method);
                    return new Kernel(method, handle.asSpreader(Object[].class, method.getParameterCount()));
                } catch (IllegalAccessException e) {
                    throw new IllegalArgumentException("kernel " + owner.getSimpleName() + "." + name + " must be public", e);
                }
            }
        }
        throw new IllegalArgumentException("no kernel named " + name + " in " + owner.getName());
    }

    /**
     * Calls the method as plain Java.
     *
     * @throws TesseraException if it throws what is neither a RuntimeException nor an Error
     */
    public void call(Object[] arguments) {
        try {
            handle.invoke(arguments);
        } catch (RuntimeException | Error e) {
            throw e;
        } catch (Throwable e) {
            throw new TesseraException(this + " failed: " + e.getMessage(), e);
        }
    }

    /** Whether its class uses {@code tessera.instructions}, which not every device has. */
    boolean hasInstructions() {
        Class<?> owner = method.getDeclaringClass();
        try (InputStream file = owner.getResourceAsStream("/" + owner.getName().replace('.', '/') + ".class")) {
            return StreamSupport.stream(ClassFile.of().parse(file.readAllBytes()).constantPool().spliterator(), false)
                    .anyMatch(entry -> entry instanceof ClassEntry used && used.asInternalName().startsWith("tessera/instructions/"));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** For example {@code RangeAttention.rows}. */
    @Override
    public String toString() {
        return method.getDeclaringClass().getSimpleName() + "." + method.getName();
    }
}
