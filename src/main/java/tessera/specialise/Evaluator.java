package tessera.specialise;

import java.lang.classfile.Opcode;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import tessera.specialise.Operand.Dynamic;
import tessera.specialise.Operand.Known;

/**
 * Runs a flat kernel as far as its values are known and writes down the rest. Each position is written once for each
 * combination of known values with which it is reached: so loops over known values unroll, and ordinary ones stay.
 */
final class Evaluator {
    /** More would never fit into a method. */
    private static final int MOST_EMISSIONS = 1 << 16;

    private static final int MOST_BLOCKS = 1 << 17;

    /** Where a block begins, and with which known values. */
    private record State(int at, Map<Variable, Object> known, List<Operand> stack) {
    }

    private record Pending(State state, Block block) {
    }

    private final FlatCode code;
    private final BindingTimes times;
    private final Slots slots;
    private final Operands operands;
    private final Map<State, Block> blocks = new HashMap<>();
    private final Deque<Pending> pending = new ArrayDeque<>();
    private int emissions;

    Evaluator(FlatCode code, BindingTimes times, Slots slots) {
        this.code = code;
        this.times = times;
        this.slots = slots;
        this.operands = new Operands(code, slots);
    }

    /** The first block of the specialised kernel. */
    Block evaluate(Map<Variable, Object> constants) {
        Block first = block(new State(0, constants, List.of()));
        while (!pending.isEmpty()) {
            Pending next = pending.pop();
            evaluate(next.state(), next.block());
            emissions += next.block().code().size();
            if (emissions > MOST_EMISSIONS || blocks.size() > MOST_BLOCKS) {
                throw SpecialisedClass.tooLarge(code, constants);
            }
        }
        return first;
    }

    private Block block(State state) {
        return blocks.computeIfAbsent(state, _ -> {
            Block block = new Block();
            pending.push(new Pending(state, block));
            return block;
        });
    }

    private void evaluate(State state, Block block) {
        StepEvaluator step = new StepEvaluator(code, times, slots, operands, block, new HashMap<>(state.known()), new ArrayList<>(state.stack()));
        for (int at = state.at(); ; at++) {
            if (at != state.at() && code.isTarget(at)) {
                block.endWith(successor(at, at, step));
                return;
            }
            int[] targets = code.step(at).targets();
            StepEvaluator.Next next = step.apply(at);
            switch (next) {
                case StepEvaluator.Next.On _ -> { }
                case StepEvaluator.Next.Return _ -> {
                    return;
                }
                case StepEvaluator.Next.Jump(int target) -> {
                    block.endWith(successor(at, target, step));
                    return;
                }
                case StepEvaluator.Next.Branch(Opcode condition) -> {
                    block.endWith(condition, successor(at, targets[0], step), successor(at, at + 1, step));
                    return;
                }
            }
        }
    }

    /** The block at {@code target}, reached with the values that {@code step} holds. */
    private Block successor(int from, int target, StepEvaluator step) {
        Map<Variable, Object> known = step.known().entrySet().stream().filter(e -> e.getKey().scope().get(target))
                .collect(Collectors.toUnmodifiableMap(Map.Entry::getKey, Map.Entry::getValue));
        List<Operand> stack = step.stack();
        int fixed = 0;
        while (fixed < stack.size() && !(stack.get(fixed) instanceof Known && !times.isKnown(target, fixed))) {
            fixed++;
        }
        if (fixed == stack.size()) {
            return block(new State(target, known, List.copyOf(stack)));
        }
        // what differs between the ways that meet there has to be on the stack
        Block lifting = new Block();
        List<Operand> lifted = stack.subList(fixed, stack.size());
        operands.push(lifted, from, lifting);
        List<Operand> after = new ArrayList<>(stack.subList(0, fixed));
        lifted.forEach(operand -> after.add(new Dynamic(operand.kind())));
        lifting.endWith(block(new State(target, known, List.copyOf(after))));
        return lifting;
    }
}
