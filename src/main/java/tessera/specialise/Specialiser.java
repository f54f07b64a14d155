package tessera.specialise;

import java.lang.classfile.TypeKind;
import java.lang.reflect.Parameter;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.Map;
import tessera.engine.Kernel;
import tessera.engine.Task;

/**
 * Makes of a TILES kernel the same kernel for one plan: {@link Constant} parameters folded, loops over {@link Unroll}
 * variables expanded, {@link Registers} arrays turned into variables and {@link Inline} methods put in place. What the
 * kernel computes stays the same, bit by bit.
 */
public final class Specialiser {
    /** Goes up when the same kernel and constants give another class. */
    private static final int EDITION = 1;

    private static final String PACKAGE = "tessera.specialised";

    private Specialiser() {
    }

    /** Whether a kernel has constants to be specialised to. */
    public static boolean isFor(Kernel kernel) {
        return Arrays.stream(kernel.method().getParameters()).anyMatch(parameter -> parameter.isAnnotationPresent(Constant.class));
    }

    /**
     * The kernel for the constants among {@code arguments}; it takes the same parameters.
     *
     * @param arguments all of the kernel's, in order; only those of constants are looked at
     * @throws tessera.TesseraException if the kernel cannot be specialised, naming the line and the cause; or if the folder
     *     of specialised kernels is not on the class path
     */
    public static Kernel specialise(Kernel kernel, Object[] arguments) {
        FlatCode code = Flattener.flatten(kernel);
        Map<Variable, Object> constants = constants(kernel, arguments, code);
        String name = name(kernel, code, constants);
        Class<?> specialised = KernelCache.load(name, () -> SpecialisedClass.write(name, kernel.method(), code, constants));
        return Kernel.of(specialised, kernel.method().getName());
    }

    /** The same task with its kernel specialised to its arguments. */
    public static Task specialise(Task task) {
        if (task.kind() != Kernel.Kind.TILES) {
            throw new IllegalArgumentException(task.kernel() + " is no TILES kernel");
        }
        Kernel kernel = specialise(task.kernel(), task.inContext(null));
        return new Task(task.id(), kernel, task.kind(), task.arguments(), task.rows(), task.groups(), task.groupSize());
    }

    private static Map<Variable, Object> constants(Kernel kernel, Object[] arguments, FlatCode code) {
        Map<Variable, Object> constants = new LinkedHashMap<>();
        Parameter[] parameters = kernel.method().getParameters();
        if (arguments.length != parameters.length) {
            throw new IllegalArgumentException(kernel + " has " + parameters.length + " parameters, not " + arguments.length);
        }
        int slot = 0;
        for (int i = 0; i < parameters.length; i++) {
            if (parameters[i].isAnnotationPresent(Constant.class)) {
                if (!(arguments[i] instanceof Integer || arguments[i] instanceof Float)) {
                    throw new IllegalArgumentException(kernel + ": the constant " + parameters[i].getName() + " must be an int or a float");
                }
                constants.put(code.variables().parameter(slot), arguments[i]);
            }
            slot += TypeKind.from(parameters[i].getType()).slotSize();
        }
        return constants;
    }

    private static String name(Kernel kernel, FlatCode code, Map<Variable, Object> constants) {
        try {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            digest.update((EDITION + " " + kernel.method() + " " + constants).getBytes(StandardCharsets.UTF_8));
            code.sources().entrySet().stream().sorted(Comparator.comparing(source -> source.getKey().getName()))
                    .forEach(source -> digest.update(source.getValue()));
            String owner = kernel.method().getDeclaringClass().getSimpleName();
            return PACKAGE + "." + owner + "_" + HexFormat.of().formatHex(digest.digest(), 0, 6);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }
}
