package tessera.engine.compiler;

import java.lang.reflect.Method;
import java.util.function.IntFunction;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import jdk.vm.ci.meta.JavaKind;
import tessera.instructions.Ptx;
import uk.ac.manchester.tornado.api.types.arrays.TornadoNativeArray;

/** An instruction, as its method and {@link Ptx} describe it. */
final class Template {
    private static final Pattern CONSTANT = Pattern.compile("#\\{(\\d+)(?:\\*(\\d+))?(\\+header)?}");
    private static final Pattern RESULT = Pattern.compile("\\$r_\\d+");

    private final String name;
    private final Class<?> result;
    private final Ptx ptx;

    Template(Method method) {
        name = method.getDeclaringClass().getSimpleName() + "." + method.getName();
        result = method.getReturnType();
        ptx = method.getAnnotation(Ptx.class);
    }

    /** What the method returns. */
    JavaKind kind() {
        return result.isArray() ? JavaKind.Object : JavaKind.fromJavaClass(result);
    }

    /** Of each register of the result. */
    JavaKind registerKind() {
        return JavaKind.fromJavaClass(result.isArray() ? result.componentType() : result);
    }

    /** Registers of the result. */
    int registers() {
        return result == void.class ? 0 : result.isArray() ? (int) RESULT.matcher(ptx.value()).results().map(MatchResult::group).distinct().count() : 1;
    }

    boolean writes() {
        return ptx.writes();
    }

    /** @param constant the value of an argument, or null if it is not constant */
    InstructionText text(IntFunction<Integer> constant) {
        return new InstructionText(CONSTANT.matcher(ptx.value()).replaceAll(match -> {
            int argument = Integer.parseInt(match.group(1));
            return String.valueOf(number(match, argument, constant.apply(argument)));
        }));
    }

    private long number(MatchResult match, int argument, Integer constant) {
        if (constant == null) {
            throw new IllegalArgumentException(name + ": argument " + argument + " must be a constant");
        }
        long scale = match.group(2) == null ? 1 : Long.parseLong(match.group(2));
        return scale * constant + (match.group(3) == null ? 0 : TornadoNativeArray.ARRAY_HEADER);
    }
}
