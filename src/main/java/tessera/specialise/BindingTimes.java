package tessera.specialise;

import java.lang.classfile.TypeKind;
import java.lang.classfile.instruction.IncrementInstruction;
import java.lang.classfile.instruction.LoadInstruction;
import java.lang.classfile.instruction.NewPrimitiveArrayInstruction;
import java.lang.classfile.instruction.ReturnInstruction;
import java.lang.classfile.instruction.StackInstruction;
import java.lang.classfile.instruction.StoreInstruction;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.Collections;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/**
 * What of a kernel is known when it is specialised: an annotated parameter or loop variable, and each variable all of whose
 * stores compute from known values, unless an ordinary loop carries it or a condition that is not known decides a store.
 */
final class BindingTimes {
    /**
     * A value on the operand stack.
     *
     * @param origin the step that pushed it, or for one of several ways the complement of the step where they meet
     */
    private record Value(TypeKind kind, boolean known, int origin) {
    }

    private final FlatCode code;
    private final Flow flow;
    private final List<Flow.Loop> ordinaryLoops;
    private final Set<Variable> dynamic = new HashSet<>();
    private final BitSet dynamicBranches = new BitSet();
    private final BitSet joins = new BitSet();
    private final List<List<Value>> stacks;

    /** @param constants parameters with a known value */
    BindingTimes(FlatCode code, Set<Variable> constants) {
        this.code = code;
        this.flow = new Flow(code);
        this.stacks = new ArrayList<>(Collections.nCopies(code.size(), null));
        this.ordinaryLoops = flow.loops().stream().filter(loop -> !isUnrolled(loop)).toList();
        code.variables().declared().stream().filter(v -> v.scope().get(0) && !constants.contains(v)).forEach(dynamic::add);
        markCarried();
        do {
            propagate();
        } while (markStored() | markDecided());
        flow.loops().stream().filter(this::isUnrolled).forEach(this::requireKnownEnd);
    }

    private void requireKnownEnd(Flow.Loop loop) {
        for (int at = loop.header(); at <= loop.last(); at++) {
            if (!dynamicBranches.get(at) && Arrays.stream(code.successors(at)).anyMatch(next -> !loop.contains(next))) {
                return;
            }
        }
        throw code.error(loop.header(), "a loop is to be unrolled, but no known value ends it");
    }

    boolean isKnown(Variable variable) {
        return !variable.scope().isEmpty() && !dynamic.contains(variable);
    }

    /** Whether a value that is on the stack before a step is known, counted from the bottom. */
    boolean isKnown(int at, int depth) {
        return stacks.get(at).get(depth).known();
    }

    private boolean isUnrolled(Flow.Loop loop) {
        for (int at = loop.header(); at <= loop.last(); at++) {
            if (isStore(at) && code.variable(at).isUnrolled() && code.variable(at).scope().get(loop.header())) {
                return true;
            }
        }
        return false;
    }

    private boolean isStore(int at) {
        return code.step(at).instruction() instanceof StoreInstruction || code.step(at).instruction() instanceof IncrementInstruction;
    }

    private void markCarried() {
        for (Flow.Loop loop : ordinaryLoops) {
            for (int at = loop.header(); at <= loop.last(); at++) {
                if (isStore(at) && code.variable(at).scope().get(loop.header())) {
                    mark(code.variable(at), at);
                }
            }
        }
    }

    private boolean mark(Variable variable, int at) {
        if (variable.isUnrolled()) {
            throw code.error(at, variable + " is to be unrolled, but its value is not known here");
        }
        return dynamic.add(variable);
    }

    /** Follows all ways through the code with the operand stack. */
    private void propagate() {
        Collections.fill(stacks, null);
        dynamicBranches.clear();
        stacks.set(0, List.of());
        Deque<Integer> open = new ArrayDeque<>(List.of(0));
        while (!open.isEmpty()) {
            int at = open.pop();
            List<Value> stack = new ArrayList<>(stacks.get(at));
            apply(at, stack);
            for (int next : code.successors(at)) {
                List<Value> merged = merge(next, stacks.get(next), stack);
                if (!merged.equals(stacks.get(next))) {
                    stacks.set(next, merged);
                    open.push(next);
                }
            }
        }
    }

    private List<Value> merge(int at, List<Value> before, List<Value> stack) {
        if (before == null || before.equals(stack)) {
            return List.copyOf(stack);
        }
        List<Value> merged = new ArrayList<>();
        for (int depth = 0; depth < before.size(); depth++) {
            Value a = before.get(depth);
            Value b = stack.get(depth);
            boolean same = a.origin() == b.origin() || a.origin() == ~at;
            merged.add(new Value(a.kind(), a.known() && b.known() && (same && a.origin() != ~at || !joins.get(at)), same ? a.origin() : ~at));
        }
        return merged;
    }

    private void apply(int at, List<Value> stack) {
        Step step = code.step(at);
        switch (step.instruction()) {
            case LoadInstruction load -> stack.add(new Value(load.typeKind(), isKnown(code.variable(at)), at));
            case StoreInstruction _ -> stack.removeLast();
            case IncrementInstruction _, ReturnInstruction _ -> { }
            case StackInstruction copy -> {
                Copying copying = Copying.of(copy.opcode());
                copying.put(copying.take(stack, value -> value.kind().slotSize()), stack);
            }
            default -> {
                Shape shape = Shape.of(step.instruction());
                if (shape.result() == null) {
                    throw code.error(at, "a kernel cannot be specialised with " + step.instruction().opcode().name().toLowerCase(Locale.ROOT));
                }
                List<Value> operands = stack.subList(stack.size() - shape.operands(), stack.size());
                boolean known = operands.stream().allMatch(Value::known);
                operands.clear();
                if (!known && step.targets().length > 0) {
                    dynamicBranches.set(at);
                }
                if (shape.result() != TypeKind.VOID) {
                    stack.add(new Value(shape.result(), known && (Folding.folds(step.instruction()) || makesRegisters(at)), at));
                }
            }
        }
    }

    /** Whether a step makes the array of a {@link Registers} variable. */
    boolean makesRegisters(int at) {
        return code.step(at).instruction() instanceof NewPrimitiveArrayInstruction && isStore(at + 1) && code.variable(at + 1).isRegisters();
    }

    private boolean markStored() {
        boolean changed = false;
        for (int at = 0; at < code.size(); at++) {
            if (stacks.get(at) != null && code.step(at).instruction() instanceof StoreInstruction
                    && isKnown(code.variable(at)) && !stacks.get(at).getLast().known()) {
                changed |= mark(code.variable(at), at);
            }
        }
        return changed;
    }

    /** A variable that a branch changes is not known after it, and a value that it chooses neither. */
    private boolean markDecided() {
        boolean changed = false;
        for (int branch = dynamicBranches.nextSetBit(0); branch >= 0; branch = dynamicBranches.nextSetBit(branch + 1)) {
            int join = flow.join(branch);
            if (join == Flow.NOWHERE) {
                continue;
            }
            changed |= !joins.get(join);
            joins.set(join);
            BitSet region = flow.region(branch);
            for (int at = region.nextSetBit(0); at >= 0; at = region.nextSetBit(at + 1)) {
                if (isStore(at) && code.variable(at).scope().get(join) && isKnown(code.variable(at)) && !code.variable(at).isUnrolled()) {
                    changed |= mark(code.variable(at), at);
                }
            }
        }
        return changed;
    }
}
