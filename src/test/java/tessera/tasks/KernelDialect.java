package tessera.tasks;

import java.lang.classfile.Attributes;
import java.lang.classfile.ClassModel;
import java.lang.classfile.CodeElement;
import java.lang.classfile.CodeModel;
import java.lang.classfile.Instruction;
import java.lang.classfile.MethodModel;
import java.lang.classfile.Opcode;
import java.lang.classfile.TypeKind;
import java.lang.classfile.instruction.ConstantInstruction;
import java.lang.classfile.instruction.FieldInstruction;
import java.lang.classfile.instruction.InvokeInstruction;
import java.lang.classfile.instruction.LocalVariable;
import java.lang.classfile.instruction.NewPrimitiveArrayInstruction;
import java.lang.classfile.instruction.ReturnInstruction;
import java.lang.constant.ClassDesc;
import java.lang.constant.MethodTypeDesc;
import java.lang.reflect.AccessFlag;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Stream;
import tessera.specialise.Inline;
import tessera.specialise.Registers;

/** What TornadoVM can compile, and compiles as it stands: the rules for kernels, checked on their class files. */
final class KernelDialect {
    private static final String ARRAYS = "uk.ac.manchester.tornado.api.types.arrays.";
    private static final String CONTEXT = "uk.ac.manchester.tornado.api.KernelContext";
    private static final Set<String> CALLABLE = Set.of(CONTEXT, "uk.ac.manchester.tornado.api.math.TornadoMath",
            "uk.ac.manchester.tornado.api.types.HalfFloat");
    /** KernelContext's ids are Integers, which its compilers replace. */
    private static final String UNBOXED_ID = "Integer.intValue";
    private static final Set<String> SCALARS = Set.of("int", "float", "long");
    private static final Set<Opcode> FORBIDDEN = Set.of(Opcode.ATHROW, Opcode.INVOKEDYNAMIC, Opcode.INVOKEINTERFACE, Opcode.NEW,
            Opcode.ANEWARRAY, Opcode.MULTIANEWARRAY, Opcode.MONITORENTER, Opcode.INSTANCEOF);
    private static final String DOUBLES = "[FIL]2D|D2[FIL]|D(LOAD.*|STORE.*|ALOAD|ASTORE|ADD|SUB|MUL|DIV|REM|NEG|CMP.)";
    private static final int MOST_PARAMETERS = 20;

    private final List<String> violations = new ArrayList<>();
    private final Map<String, Set<String>> calls = new TreeMap<>();
    private final Set<String> kernels = new HashSet<>();
    private final Set<String> inlined = new HashSet<>();

    private KernelDialect() {
    }

    /** Every rule that a set of classes breaks, one line each, starting with the class or method. */
    static List<String> violations(List<ClassModel> classes) {
        KernelDialect dialect = new KernelDialect();
        classes.forEach(owner -> owner.methods().stream().filter(KernelDialect::isInline).forEach(method -> dialect.inlined.add(displayName(owner, method))));
        classes.forEach(dialect::checkClass);
        dialect.checkCalls();
        return dialect.violations;
    }

    /** True for {@code public void} methods that are no {@code @Inline}: what a task runs. The others are helpers, inlined into kernels. */
    static boolean isKernel(MethodModel method) {
        return method.flags().has(AccessFlag.PUBLIC) && !isInline(method) && !method.methodName().equalsString("<init>")
                && method.methodTypeSymbol().returnType().descriptorString().equals("V");
    }

    private static boolean isInline(MethodModel method) {
        return method.findAttribute(Attributes.runtimeVisibleAnnotations()).stream().flatMap(a -> a.annotations().stream())
                .anyMatch(annotation -> annotation.className().equalsString(Inline.class.descriptorString()));
    }

    private static boolean hasRegisters(CodeModel code) {
        return code.findAttribute(Attributes.runtimeVisibleTypeAnnotations()).stream().flatMap(a -> a.annotations().stream())
                .anyMatch(a -> a.annotation().className().equalsString(Registers.class.descriptorString()));
    }

    private static String displayName(ClassModel owner, MethodModel method) {
        return owner.thisClass().asSymbol().displayName() + "." + method.methodName().stringValue();
    }

    private void checkClass(ClassModel model) {
        String name = model.thisClass().asSymbol().displayName();
        require(name, "a class name without keyword, type, device or version", ReservedNames.allowed(name));
        require(name, "no nested classes", model.findAttribute(Attributes.nestMembers()).isEmpty());
        require(name, "at most one kernel a class", model.methods().stream().filter(KernelDialect::isKernel).count() <= 1);
        model.methods().stream().filter(method -> !method.methodName().equalsString("<init>")).forEach(method -> check(name, method));
    }

    private void check(String owner, MethodModel method) {
        String name = owner + "." + method.methodName().stringValue();
        MethodTypeDesc type = method.methodTypeSymbol();
        calls.put(name, new HashSet<>());
        require(name, "static", method.flags().has(AccessFlag.STATIC));
        require(name, "at most 20 parameters", type.parameterCount() <= MOST_PARAMETERS);
        CodeModel code = method.code().orElse(null);
        if (code == null) {
            violations.add(name + ": a body");
            return;
        }
        boolean table = code.findAttribute(Attributes.localVariableTable()).isPresent();
        require(name, "a LocalVariableTable", table || type.parameterCount() == 0);
        require(name, "no exception table", code.exceptionHandlers().isEmpty());
        boolean tiles = type.parameterCount() > 0 && isContext(type.parameterType(0));
        if (isKernel(method)) {
            kernels.add(name);
            require(name, "a name that is no keyword or built-in", ReservedNames.allowed(method.methodName().stringValue()));
            require(name, "parameters int, float, long, TornadoVM arrays or KernelContext",
                    type.parameterList().stream().allMatch(KernelDialect::travels));
            require(name, "rowOffset and rowCount last, or a KernelContext first", tiles || endsWithRows(method, code));
            require(name, "no early return", code.elementStream().filter(ReturnInstruction.class::isInstance).count() == 1);
        } else {
            require(name, "a helper's parameters are numbers or arrays, its result a number",
                    (SCALARS.contains(type.returnType().displayName()) || isInline(method) && type.returnType().displayName().equals("void"))
                            && type.parameterList().stream().allMatch(p -> travels(p) && !isContext(p) || isPrivateArray(p)));
        }
        boolean registers = hasRegisters(code);
        code.forEach(element -> check(name, tiles, registers, element));
    }

    private void check(String name, boolean tiles, boolean registers, CodeElement element) {
        switch (element) {
            case ConstantInstruction constant -> check(name, constant);
            case InvokeInstruction call -> check(name, tiles, call);
            case FieldInstruction field when field.opcode() == Opcode.GETSTATIC || field.opcode() == Opcode.PUTSTATIC ->
                require(name, "no static arrays or objects, no static state: " + field.name(),
                        field.typeSymbol().isPrimitive() && field.opcode() == Opcode.GETSTATIC);
            case NewPrimitiveArrayInstruction array -> require(name, "no arrays but new float[n], or new int[n] as @Registers",
                    array.typeKind() == TypeKind.FLOAT || array.typeKind() == TypeKind.INT && registers);
            case Instruction i -> {
                requireAllowed(name, i.opcode());
                require(name, "no double arithmetic", !i.opcode().name().matches(DOUBLES));
            }
            default -> { }
        }
    }

    private void check(String name, ConstantInstruction constant) {
        require(name, "no double constants", constant.typeKind() != TypeKind.DOUBLE);
        require(name, "no infinities or NaN", !(constant.constantValue() instanceof Float f) || Float.isFinite(f));
        require(name, "no strings, classes or null", constant.typeKind() != TypeKind.REFERENCE);
    }

    private void check(String name, boolean tiles, InvokeInstruction call) {
        requireAllowed(name, call.opcode());
        ClassDesc owner = call.owner().asSymbol();
        boolean ours = owner.packageName().startsWith("tessera.tasks");
        String callee = owner.displayName() + "." + call.name().stringValue();
        require(name, "calls only kernels' helpers, TornadoVM arrays, KernelContext and TornadoMath: " + callee,
                ours || owner.packageName().equals("tessera.instructions") || isArray(owner) || CALLABLE.contains(qualified(owner)) || callee.equals(UNBOXED_ID));
        if (ours) {
            calls.get(name).add(callee);
            require(name, "no local array passed to a helper without @Inline: " + callee,
                    !tiles || inlined.contains(callee) || call.typeSymbol().parameterList().stream().noneMatch(KernelDialect::isPrivateArray));
        }
    }

    /** Helpers are called, and nothing calls itself, however indirectly. */
    private void checkCalls() {
        Set<String> used = new HashSet<>();
        kernels.forEach(kernel -> collect(kernel, used));
        for (String method : calls.keySet()) {
            require(method, "a helper is called by a kernel", used.contains(method));
            Set<String> below = new HashSet<>();
            calls.get(method).forEach(callee -> collect(callee, below));
            require(method, "no recursion", !below.contains(method));
        }
    }

    private void collect(String method, Set<String> found) {
        if (found.add(method)) {
            calls.getOrDefault(method, Set.of()).forEach(callee -> collect(callee, found));
        }
    }

    private void requireAllowed(String name, Opcode opcode) {
        require(name, "no " + opcode.name().toLowerCase(Locale.ROOT), !FORBIDDEN.contains(opcode));
    }

    private void require(String name, String rule, boolean kept) {
        if (!kept) {
            violations.add(name + ": " + rule);
        }
    }

    /** Parameter names, as TornadoVM reads them too. */
    private static boolean endsWithRows(MethodModel method, CodeModel code) {
        MethodTypeDesc type = method.methodTypeSymbol();
        if (!type.displayDescriptor().endsWith("int,int)void")) {
            return false;
        }
        int lastSlot = type.parameterList().stream().mapToInt(p -> TypeKind.from(p).slotSize()).sum() - 1;
        List<LocalVariable> variables = code.elementStream().filter(LocalVariable.class::isInstance).map(LocalVariable.class::cast).toList();
        return Stream.of("rowOffset", "rowCount").allMatch(name -> variables.stream().anyMatch(v -> v.name().equalsString(name)
                && v.slot() == (name.equals("rowCount") ? lastSlot : lastSlot - 1)));
    }

    private static boolean travels(ClassDesc type) {
        return SCALARS.contains(type.displayName()) || isArray(type) || isContext(type);
    }

    private static boolean isArray(ClassDesc type) {
        return qualified(type).startsWith(ARRAYS) && qualified(type).endsWith("Array");
    }

    private static boolean isContext(ClassDesc type) {
        return qualified(type).equals(CONTEXT);
    }

    private static boolean isPrivateArray(ClassDesc type) {
        return type.isArray() && type.componentType().isPrimitive();
    }

    private static String qualified(ClassDesc type) {
        return type.isClassOrInterface() ? type.packageName() + "." + type.displayName() : type.displayName();
    }
}
