package tessera.specialise;

import java.lang.classfile.ClassFile;
import java.lang.classfile.CodeBuilder;
import java.lang.classfile.Label;
import java.lang.classfile.attribute.SourceFileAttribute;
import java.lang.constant.ClassDesc;
import java.lang.reflect.Method;
import java.lang.reflect.Parameter;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import tessera.TesseraException;

/** The class file of a specialised kernel. */
final class SpecialisedClass {
    private static final int FLAGS = ClassFile.ACC_PUBLIC | ClassFile.ACC_FINAL | ClassFile.ACC_SUPER;

    private SpecialisedClass() {
    }

    /**
     * The class file of {@code name}, with one method of the kernel's name and type.
     *
     * @param constants the parameters that the plan fixes
     */
    static byte[] write(String name, Method kernel, FlatCode code, Map<Variable, Object> constants) {
        Slots slots = new Slots();
        int slot = 0;
        for (Parameter parameter : kernel.getParameters()) {
            slots.addParameter(code.variables().parameter(slot), parameter.getName(), parameter.getType().describeConstable().orElseThrow());
            slot = slots.size();
        }
        Block first = new Evaluator(code, new BindingTimes(code, constants.keySet()), slots).evaluate(constants);
        String source = kernel.getDeclaringClass().getSimpleName() + ".java";
        try {
            return ClassFile.of().build(ClassDesc.of(name), builder -> builder.withVersion(ClassFile.JAVA_25_VERSION, 0).withFlags(FLAGS)
                    .with(SourceFileAttribute.of(source))
                    .withMethodBody(kernel.getName(), ClassSources.type(kernel), ClassFile.ACC_PUBLIC | ClassFile.ACC_STATIC, body -> write(body, inOrder(first), slots)));
        } catch (IllegalArgumentException e) {
            throw String.valueOf(e.getMessage()).contains("ode length") ? tooLarge(code, constants) : e;
        }
    }

    static TesseraException tooLarge(FlatCode code, Map<Variable, Object> constants) {
        return code.error("unrolled, it does not fit into the 64 KB that a method may have; unroll fewer loops or lower one of "
                + constants.entrySet().stream().map(e -> e.getKey() + " = " + e.getValue()).sorted().collect(Collectors.joining(", ")));
    }

    private static void write(CodeBuilder builder, List<Block> blocks, Slots slots) {
        Map<Block, Label> labels = new HashMap<>();
        blocks.forEach(block -> labels.put(block, builder.newLabel()));
        slots.name(builder);
        for (int i = 0; i < blocks.size(); i++) {
            Block block = blocks.get(i);
            builder.labelBinding(labels.get(block));
            int line = 0;
            for (Block.Emission emission : block.code()) {
                if (emission.line() != line) {
                    line = emission.line();
                    builder.lineNumber(line);
                }
                emission.write().accept(builder);
            }
            if (block.branch() != null) {
                builder.branch(block.branch(), labels.get(block.successors().getFirst()));
            }
            if (!block.successors().isEmpty() && (i + 1 == blocks.size() || blocks.get(i + 1) != block.successors().getLast())) {
                builder.goto_(labels.get(block.successors().getLast()));
            }
        }
    }

    /** As the compiler would order them: what follows a condition before what it jumps to, and both before what comes after. */
    private static List<Block> inOrder(Block first) {
        record Visit(Block block, Iterator<Block> left) {
        }
        List<Block> finished = new ArrayList<>();
        Set<Block> seen = new HashSet<>(Set.of(first));
        Deque<Visit> path = new ArrayDeque<>(List.of(new Visit(first, first.successors().iterator())));
        while (!path.isEmpty()) {
            Visit visit = path.peek();
            if (!visit.left().hasNext()) {
                finished.add(path.pop().block());
                continue;
            }
            Block next = visit.left().next();
            if (seen.add(next)) {
                path.push(new Visit(next, next.successors().iterator()));
            }
        }
        return finished.reversed();
    }
}
