package tessera.methods;

import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import tessera.DType;
import tessera.Shape;
import tessera.Tensor;
import tessera.stacks.Schedule;
import tessera.stacks.Stack;
import tessera.stacks.StackShape;

/**
 * Stacks of layers: all given tokens but the last are a prompt, after which the last one is decoded with what the layers kept; the result
 * is its own. Each repeated part of a schedule stands once, with windows, chunks and blocks small enough to leave tokens out; the models
 * of a row follow one another.
 */
public final class StackMethods {

    static final List<Method> ALL = Stream.of("Y01", "Y02", "Y03", "Y04", "Y05", "Y06", "Y07", "Y08", "Y09", "Y10", "Y11", "Y12").map(StackMethods::row)
            .toList();

    private StackMethods() {
    }

    private static Method row(String id) {
        List<Stack> stacks = Stack.all().stream().filter(stack -> stack.row().equals(id)).toList();
        return of(id, Schedule.of(stacks.stream().map(stack -> stack.schedule().text()).collect(Collectors.joining(" + "))).once(), stacks.getLast());
    }

    private static Method of(String id, Schedule schedule, Stack stack) {
        return new Method(id, (q, k, v, seed) -> composed(schedule, stack, q, k, v, seed),
                in -> StackTwin.of(small(schedule, in.get("q")), kvHeads(stack, in.get("q")), in));
    }

    /** The check of one stack, in the catalogue or not. */
    public static Method of(Stack stack) {
        return of(stack.row(), stack.schedule().once(), stack);
    }

    private static Case composed(Schedule schedule, Stack stack, Tensor q, Tensor k, Tensor v, long seed) {
        Shape shape = q.shape();
        StackShape sizes = new StackShape(shape.dim(0), shape.dim(1), kvHeads(stack, q), shape.dim(3), DType.F32);
        StackLayers layers = new StackLayers(small(schedule, q), sizes, shape.dim(2));
        return new Case(layers.steps(), Setup.inputs(q, k, v, layers.drawn(seed)));
    }

    private static Schedule small(Schedule schedule, Tensor q) {
        return schedule.with(kind -> kind.small(Setup.length(q)));
    }

    /** As many as query heads, one, or some, as in the model. */
    private static int kvHeads(Stack stack, Tensor q) {
        int heads = q.shape().dim(1);
        return stack.kvHeads() == stack.heads() ? heads : stack.kvHeads() == 1 ? 1 : CompactMethods.groups(heads);
    }
}
