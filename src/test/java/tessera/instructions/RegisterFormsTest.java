package tessera.instructions;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.lang.reflect.Parameter;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import tessera.engine.WorkGroup;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;

/** The form of an instruction on arrays of registers, and the form by registers that stands for it in a compiled kernel. */
class RegisterFormsTest {

    private static Stream<Method> onArrays() {
        return Instructions.methods().stream().map(Method::getDeclaringClass).distinct().flatMap(owner -> Arrays.stream(owner.getDeclaredMethods()))
                .filter(method -> Modifier.isPublic(method.getModifiers()) && Arrays.stream(method.getParameters()).anyMatch(p -> p.getAnnotations().length > 0));
    }

    @Test
    void everyFormOnArraysHasOneByRegisters() throws NoSuchMethodException {
        assertEquals(10, onArrays().count());
        for (Method method : onArrays().toList()) {
            List<Class<?>> parameters = new ArrayList<>();
            Class<?> result = void.class;
            Parameter[] all = method.getParameters();
            for (int i = 0; i < all.length; i++) {
                Class<?> element = all[i].getType().getComponentType();
                if (element == null) {
                    parameters.add(all[i].getType());
                    continue;
                }
                int in = all[i].isAnnotationPresent(In.class) ? all[i].getAnnotation(In.class).value()
                        : all[i].isAnnotationPresent(InOut.class) ? all[i].getAnnotation(InOut.class).value() : 0;
                parameters.addAll(Collections.nCopies(in, element));
                result = all[i].isAnnotationPresent(In.class) ? result : all[i].getType();
                i++;
                assertEquals(int.class, all[i].getType(), method + ": the index after an array");
            }
            Method byRegisters = method.getDeclaringClass().getMethod(method.getName(), parameters.toArray(Class[]::new));
            assertEquals(result, byRegisters.getReturnType(), method.toString());
            assertTrue(byRegisters.isAnnotationPresent(Ptx.class), byRegisters + " has the PTX");
        }
    }

    @Test
    void bothFormsComputeTheSame() {
        FloatArray source = new FloatArray(64);
        for (int i = 0; i < 64; i++) {
            source.set(i, i);
        }
        WorkGroup.run(context -> {
            int lane = context.localIdx;
            int shared = Shared.allocate(1024);
            CopyAsync.copy(shared + lane * 16, 0, source, lane / 2 * 4, 0);
            CopyAsync.commit();
            CopyAsync.await(0);
            context.localBarrier();
            int at = shared + lane * 16;
            float[] c = {9, 1, 2, 3, 4, 9};
            int[] a = {9, 9, 0, 0, 0, 0, 9};
            int[] b = new int[6];
            float[] f = new float[10];
            LoadMatrix.four(a, 2, at, 0);
            LoadMatrix.fourTransposed(b, 1, at, 0);
            LoadShared.four(f, 1, at, 0);
            LoadShared.two(f, 5, at, 8);
            LoadGlobal.two(f, 7, source, lane * 2, 0);
            MultiplyHalf.accumulate(c, 1, a, 2, b, 3);
            int[] x = LoadMatrix.four(at, 0);
            int[] y = LoadMatrix.fourTransposed(at, 0);
            float[] v = LoadShared.four(at, 0);
            float[] g = LoadGlobal.two(source, lane * 2, 0);
            float[] d = MultiplyHalf.accumulate(1, 2, 3, 4, x[0], x[1], x[2], x[3], y[2], y[3]);
            assertArrayEquals(new int[] {9, 9, x[0], x[1], x[2], x[3], 9}, a);
            assertArrayEquals(new int[] {0, y[0], y[1], y[2], y[3], 0}, b);
            assertArrayEquals(new float[] {0, v[0], v[1], v[2], v[3], v[2], v[3], g[0], g[1], 0}, f);
            assertArrayEquals(new float[] {9, d[0], d[1], d[2], d[3], 9}, c);
        }, new int[] {32}, new int[] {32});
    }
}
