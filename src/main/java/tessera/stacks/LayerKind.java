package tessera.stacks;

import java.util.Map;
import tessera.Epilogue;
import tessera.EpilogueSpec;
import tessera.RecurrenceBuilder;
import tessera.Spec;

/**
 * What a layer computes from queries, keys and values: its operators for a whole prompt and for one token after others, and what it
 * keeps between tokens. Projections, norms and short convolutions around it are not part of it.
 *
 * <p>Operators go by the names of their steps: {@code rotateQ}, {@code rotateK}, {@code choice}, {@code attention}, {@code recurrence},
 * {@code gate}; the last one gives the layer's output.
 */
public sealed interface LayerKind permits Attention, Selection, LayerKind.Recurrence, LayerKind.Memory {

    /** Operators for a prompt of {@code length} tokens, in order. */
    Map<String, Spec> prefill(StackShape shape, int length);

    /** Operators for one token, which is the last of {@code context} tokens. */
    Map<String, Spec> decode(StackShape shape, int context);

    /** Bytes kept after {@code length} tokens: keys and values, or a state. */
    long cacheBytes(StackShape shape, int length);

    /** Base of the rotary position embedding (arXiv:2104.09864) of its queries and keys, 0 for none. */
    default int rotary() {
        return 0;
    }

    /** A kind that costs the same for so many tokens, the same one for all that do. */
    default LayerKind at(int length) {
        return this;
    }

    /** The shortest context after which a token costs the same as after this one. */
    default int context(int length) {
        return length;
    }

    /** The same for a short prompt: windows, chunks and blocks of a size that leaves tokens out of {@code length}. */
    default LayerKind small(int length) {
        return this;
    }

    /**
     * A gated linear recurrence.
     *
     * @param state keys' size of a state space model, 0 for heads' own
     */
    record Recurrence(Rule rule, int state) implements LayerKind {

        @Override
        public Map<String, Spec> prefill(StackShape shape, int length) {
            return Map.of("recurrence", rule.spec(shape, length, state).finalState().build());
        }

        @Override
        public Map<String, Spec> decode(StackShape shape, int context) {
            RecurrenceBuilder step = rule.spec(shape, 1, state);
            return Map.of("recurrence", (context > 1 ? step.initialState() : step).finalState().build());
        }

        @Override
        public long cacheBytes(StackShape shape, int length) {
            return (long) Float.BYTES * prefill(shape, 1).get("recurrence").outputs().get("s").elements();
        }

        @Override
        public int context(int length) {
            return Math.min(length, 2);
        }

        @Override
        public String toString() {
            return ScheduleText.of(rule, state, 0);
        }
    }

    /** The output of an earlier state space layer for the same token, gated by {@code silu(q)}: a gated memory unit (arXiv:2507.06607). */
    record Memory() implements LayerKind {

        @Override
        public Map<String, Spec> prefill(StackShape shape, int length) {
            return Map.of("gate", new EpilogueSpec(shape.batch(), Rule.EXPANSION * shape.heads(), length, shape.headDim(),
                    new Epilogue.Gate(Epilogue.Gate.Function.SILU), shape.dtype()));
        }

        @Override
        public Map<String, Spec> decode(StackShape shape, int context) {
            return prefill(shape, 1);
        }

        @Override
        public long cacheBytes(StackShape shape, int length) {
            return 0;
        }

        @Override
        public int context(int length) {
            return 1;
        }

        @Override
        public String toString() {
            return "gmu";
        }
    }
}
