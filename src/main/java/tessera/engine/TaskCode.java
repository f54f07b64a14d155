package tessera.engine;

import java.lang.invoke.LambdaMetafactory;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.util.Arrays;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import tessera.TesseraException;
import uk.ac.manchester.tornado.api.TaskGraph;

/**
 * Adds any kernel to a task graph. TornadoVM has one overload of {@code task} for each number of arguments and wants a
 * method reference there: it looks for the first static call in the bytecode of the reference's class. The same class that
 * the compiler would make for {@code RangeAttention::rows} is made here from the kernel's handle.
 */
final class TaskCode {
    private static final Map<Method, Object> REFERENCES = new ConcurrentHashMap<>();

    private TaskCode() {
    }

    static void add(TaskGraph graph, String id, Kernel kernel, Object[] arguments) {
        Method task = overload(kernel, arguments.length);
        Object[] call = new Object[arguments.length + 2];
        call[0] = id;
        call[1] = REFERENCES.computeIfAbsent(kernel.method(), method -> reference(method, task.getParameterTypes()[1]));
        System.arraycopy(arguments, 0, call, 2, arguments.length);
        try {
            task.invoke(graph, call);
        } catch (InvocationTargetException e) {
            throw new TesseraException("TornadoVM cannot compile " + kernel + ": " + TornadoSession.reason(e.getCause()), e.getCause());
        } catch (IllegalAccessException e) {
            throw new IllegalStateException(e);
        }
    }

    private static Method overload(Kernel kernel, int arguments) {
        return Arrays.stream(TaskGraph.class.getMethods())
                .filter(m -> m.getName().equals("task") && m.getParameterCount() == arguments + 2)
                .findFirst()
                .orElseThrow(() -> new TesseraException("TornadoVM takes no kernel of " + arguments + " parameters, as " + kernel + " has"));
    }

    private static Object reference(Method kernel, Class<?> type) {
        try {
            MethodHandles.Lookup lookup = MethodHandles.lookup();
            MethodHandle code = lookup.unreflect(kernel);
            MethodType erased = MethodType.genericMethodType(kernel.getParameterCount()).changeReturnType(void.class);
            MethodType boxed = code.type().wrap().changeReturnType(void.class);
            return LambdaMetafactory.metafactory(lookup, "apply", MethodType.methodType(type), erased, code, boxed).getTarget().invoke();
        } catch (Throwable e) {
            throw new IllegalStateException("no reference to " + kernel, e);
        }
    }
}
