package tessera.specialise;

import java.lang.classfile.TypeKind;
import java.lang.constant.ClassDesc;
import java.lang.constant.ConstantDescs;
import java.lang.constant.MethodTypeDesc;
import java.lang.reflect.Method;
import java.lang.reflect.Parameter;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import tessera.instructions.Fragment;
import tessera.instructions.In;
import tessera.instructions.InOut;
import tessera.instructions.Out;
import tessera.specialise.Operand.Known;

/** A call of an instruction on register arrays becomes one of its overload on scalars, which returns what it writes as one array. */
final class InstructionCall {
    private static final ClassDesc FRAGMENT = Fragment.class.describeConstable().orElseThrow();

    private final FlatCode code;
    private final Slots slots;
    private final Operands operands;
    private final int at;
    private final Method method;
    private final List<Operand> scalars = new ArrayList<>();
    private final List<Class<?>> types = new ArrayList<>();
    /** Variables that the results go to. */
    private final List<Integer> outs = new ArrayList<>();
    private TypeKind element;

    InstructionCall(FlatCode code, Slots slots, Operands operands, int at) {
        this.code = code;
        this.slots = slots;
        this.operands = operands;
        this.at = at;
        this.method = code.step(at).callee();
    }

    void emit(List<Operand> arguments, Block block) {
        collect(arguments);
        Method overload = overload();
        operands.push(scalars, at, block);
        int line = code.step(at).line();
        ClassDesc owner = overload.getDeclaringClass().describeConstable().orElseThrow();
        block.add(line, builder -> builder.invokestatic(owner, overload.getName(), ClassSources.type(overload)));
        if (outs.isEmpty()) {
            return;
        }
        ClassDesc array = element.upperBound().arrayType();
        MethodTypeDesc get = MethodTypeDesc.of(element.upperBound(), array, ConstantDescs.CD_int);
        int results = slots.temporary("results", array, element == TypeKind.FLOAT ? 0 : 1);
        block.add(line, builder -> builder.astore(results));
        for (int i = 0; i < outs.size(); i++) {
            int nth = i;
            block.add(line, builder -> builder.aload(results).loadConstant(nth)
                    .invokestatic(FRAGMENT, "get", get).storeLocal(element, outs.get(nth)));
        }
    }

    private void collect(List<Operand> arguments) {
        Parameter[] parameters = method.getParameters();
        for (int i = 0; i < parameters.length; i++) {
            Parameter parameter = parameters[i];
            int in = parameter.isAnnotationPresent(In.class) ? parameter.getAnnotation(In.class).value() : 0;
            int out = parameter.isAnnotationPresent(Out.class) ? parameter.getAnnotation(Out.class).value() : 0;
            int inOut = parameter.isAnnotationPresent(InOut.class) ? parameter.getAnnotation(InOut.class).value() : 0;
            if (in + out + inOut == 0) {
                scalars.add(arguments.get(i));
                types.add(parameter.getType());
                continue;
            }
            RegisterArray array = array(arguments.get(i));
            int count = in + out + inOut;
            int first = RegisterSteps.first(code, at, array, arguments.get(++i), count);
            for (int index = first; index < first + count; index++) {
                if (out == 0) {
                    scalars.add(new Operand.Element(array.element(), slots.of(array, index)));
                    types.add(parameter.getType().componentType());
                }
                if (in == 0) {
                    outs.add(slots.of(array, index));
                    element = array.element();
                }
            }
        }
    }

    private RegisterArray array(Operand argument) {
        if (argument instanceof Known(RegisterArray array)) {
            return array;
        }
        throw code.error(at, "the instruction " + name() + " takes register arrays here; annotate the variable with @Registers");
    }

    private Method overload() {
        if (!outs.isEmpty() && method.getReturnType() != void.class) {
            throw code.error(at, "the instruction " + name() + " writes registers, so it can return nothing else");
        }
        Class<?> result = outs.isEmpty() ? method.getReturnType() : element == TypeKind.FLOAT ? float[].class : int[].class;
        return Arrays.stream(method.getDeclaringClass().getMethods())
                .filter(m -> m.getName().equals(method.getName()) && m.getReturnType() == result)
                .filter(m -> Arrays.equals(m.getParameterTypes(), types.toArray()))
                .findFirst().orElseThrow(() -> code.error(at, "there is no overload " + result.getSimpleName() + " " + name()
                        + types.stream().map(Class::getSimpleName).collect(Collectors.joining(", ", "(", ")"))));
    }

    private String name() {
        return method.getDeclaringClass().getSimpleName() + "." + method.getName();
    }
}
