package tessera.specialise;

import java.lang.classfile.Attributes;
import java.lang.classfile.CodeElement;
import java.lang.classfile.CodeModel;
import java.lang.classfile.Instruction;
import java.lang.classfile.Label;
import java.lang.classfile.Opcode;
import java.lang.classfile.TypeAnnotation;
import java.lang.classfile.TypeKind;
import java.lang.classfile.attribute.CodeAttribute;
import java.lang.classfile.instruction.BranchInstruction;
import java.lang.classfile.instruction.IncrementInstruction;
import java.lang.classfile.instruction.InvokeInstruction;
import java.lang.classfile.instruction.LabelTarget;
import java.lang.classfile.instruction.LineNumber;
import java.lang.classfile.instruction.LoadInstruction;
import java.lang.classfile.instruction.LocalVariable;
import java.lang.classfile.instruction.LookupSwitchInstruction;
import java.lang.classfile.instruction.ReturnInstruction;
import java.lang.classfile.instruction.StoreInstruction;
import java.lang.classfile.instruction.SwitchCase;
import java.lang.classfile.instruction.TableSwitchInstruction;
import java.lang.reflect.Method;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import tessera.TesseraException;
import tessera.engine.Kernel;

/** Puts the instructions of a kernel and of the methods that it inlines into one list, each inlined call with variables of its own. */
final class Flattener {
    private static final int DEEPEST = 20;

    private final Kernel kernel;
    private final ClassSources classes;
    private final Map<Label, Integer> positions = new HashMap<>();
    private final Variables variables = new Variables();
    private final List<Step> steps = new ArrayList<>();
    /** By position: what a step will jump to once all labels have a position. */
    private final Map<Integer, List<Label>> jumps = new HashMap<>();
    private int slots;

    private Flattener(Kernel kernel) {
        this.kernel = kernel;
        this.classes = new ClassSources(kernel.method().getDeclaringClass().getClassLoader());
    }

    static FlatCode flatten(Kernel kernel) {
        return new Flattener(kernel).flatten();
    }

    private FlatCode flatten() {
        append(kernel.method(), 0, 0, 0);
        jumps.forEach((at, labels) -> steps.set(at, withTargets(steps.get(at), labels.stream().mapToInt(positions::get).toArray())));
        variables.join(steps);
        return new FlatCode(kernel.toString(), steps, variables, classes.files());
    }

    private static Step withTargets(Step step, int... targets) {
        return new Step(step.instruction(), step.line(), targets, step.callee());
    }

    /**
     * Appends a method's body.
     *
     * @param start where its parameters get their values
     * @param line of the call, for a method of another class than the kernel's; 0 to take the method's own
     */
    private void append(Method method, int start, int line, int depth) {
        CodeModel code = classes.code(method);
        if (!code.exceptionHandlers().isEmpty()) {
            throw error(line, method.getName() + " has an exception handler, which no device runs");
        }
        int base = slots;
        int first = steps.size();
        slots += ((CodeAttribute) code).maxLocals();
        List<Integer> returns = new ArrayList<>();
        int own = line;
        for (CodeElement element : code) {
            switch (element) {
                case LabelTarget target -> positions.put(target.label(), steps.size());
                case LineNumber number -> own = line > 0 ? line : number.line();
                case Instruction instruction -> {
                    if (instruction instanceof ReturnInstruction && depth > 0) {
                        returns.add(steps.size());
                    }
                    append(instruction, base, own, depth);
                }
                default -> { }
            }
        }
        returns.forEach(at -> steps.set(at, withTargets(steps.get(at), steps.size())));
        declare(code, base, start, first, parameterSlots(method));
    }

    private void append(Instruction instruction, int base, int line, int depth) {
        switch (instruction) {
            case LoadInstruction load -> add(LoadInstruction.of(load.typeKind(), load.slot() + base), line, null);
            case StoreInstruction store -> add(StoreInstruction.of(store.typeKind(), store.slot() + base), line, null);
            case IncrementInstruction i -> add(IncrementInstruction.of(i.slot() + base, i.constant()), line, null);
            case InvokeInstruction call when call.opcode() == Opcode.INVOKESTATIC -> call(call, line, depth);
            default -> {
                List<Label> labels = labels(instruction);
                if (!labels.isEmpty()) {
                    jumps.put(steps.size(), labels);
                }
                add(instruction, line, null);
            }
        }
    }

    private void call(InvokeInstruction call, int line, int depth) {
        Method method = classes.method(call.owner().asSymbol(), call.name().stringValue(), call.type().stringValue());
        if (method != null && method.isAnnotationPresent(Inline.class)) {
            if (depth == DEEPEST) {
                throw error(line, method.getName() + " is inlined into itself");
            }
            int start = steps.size();
            storeArguments(method, line);
            append(method, start, method.getDeclaringClass() == kernel.method().getDeclaringClass() ? 0 : line, depth + 1);
            return;
        }
        add(call, line, method);
        if (steps.getLast().callsInstruction()) {
            classes.read(method.getDeclaringClass());
        }
    }

    private void storeArguments(Method method, int line) {
        List<Instruction> stores = new ArrayList<>();
        int slot = slots;
        for (Class<?> type : method.getParameterTypes()) {
            TypeKind kind = TypeKind.from(type).asLoadable();
            stores.addFirst(StoreInstruction.of(kind, slot));
            slot += kind.slotSize();
        }
        stores.forEach(store -> add(store, line, null));
    }

    private void add(Instruction instruction, int line, Method callee) {
        steps.add(new Step(instruction, line, new int[0], callee));
    }

    private static int parameterSlots(Method method) {
        return Arrays.stream(method.getParameterTypes()).mapToInt(type -> TypeKind.from(type).slotSize()).sum();
    }

    private void declare(CodeModel code, int base, int start, int first, int parameterSlots) {
        List<Variable> declared = new ArrayList<>();
        for (CodeElement element : code) {
            if (element instanceof LocalVariable local) {
                Variable variable = new Variable(local.name().stringValue(), local.typeSymbol(), base + local.slot());
                int from = positions.get(local.startScope());
                variable.scope().set(from == first && local.slot() < parameterSlots ? start : from, positions.get(local.endScope()));
                declared.add(variable);
            }
        }
        annotated(code, Unroll.class, base, declared, Variable::setUnrolled);
        annotated(code, Registers.class, base, declared, Variable::setRegisters);
        declared.forEach(variables::add);
    }

    private void annotated(CodeModel code, Class<?> annotation, int base, List<Variable> declared, Consumer<Variable> mark) {
        List<TypeAnnotation> all = code.findAttribute(Attributes.runtimeVisibleTypeAnnotations()).map(a -> a.annotations()).orElse(List.of());
        for (TypeAnnotation found : all) {
            if (found.annotation().className().equalsString(annotation.descriptorString())
                    && found.targetInfo() instanceof TypeAnnotation.LocalVarTarget target) {
                target.table().forEach(range -> declared.stream()
                        .filter(v -> v.slot() == base + range.index() && v.scope().get(positions.get(range.startLabel())))
                        .forEach(mark));
            }
        }
    }

    private static List<Label> labels(Instruction instruction) {
        return switch (instruction) {
            case BranchInstruction branch -> List.of(branch.target());
            case LookupSwitchInstruction s -> labels(s.defaultTarget(), s.cases());
            case TableSwitchInstruction s -> labels(s.defaultTarget(), s.cases());
            default -> List.of();
        };
    }

    private static List<Label> labels(Label otherwise, List<SwitchCase> cases) {
        List<Label> labels = new ArrayList<>(List.of(otherwise));
        cases.forEach(c -> labels.add(c.target()));
        return labels;
    }

    private TesseraException error(int line, String message) {
        return new TesseraException("kernel " + kernel + (line > 0 ? ", line " + line : "") + ": " + message);
    }
}
