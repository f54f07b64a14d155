package tessera.engine;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.lang.classfile.ClassFile;
import java.lang.classfile.constantpool.ClassEntry;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.util.stream.StreamSupport;
import tessera.TesseraException;

/** A static method that TornadoVM can compile. */
public record Kernel(Method method) {

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
                if (!Modifier.isPublic(method.getModifiers() & owner.getModifiers())) {
                    throw new IllegalArgumentException("kernel " + owner.getSimpleName() + "." + name + " must be public");
                }
                return new Kernel(method);
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
            method.invoke(null, arguments);
        } catch (InvocationTargetException e) {
            switch (e.getCause()) {
                case RuntimeException cause -> throw cause;
                case Error cause -> throw cause;
                default -> throw new TesseraException(this + " failed: " + e.getCause().getMessage(), e.getCause());
            }
        } catch (IllegalAccessException e) {
            throw new IllegalArgumentException("kernel " + this + " must be public", e);
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
