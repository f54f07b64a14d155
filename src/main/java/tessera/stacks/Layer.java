package tessera.stacks;

import java.util.LinkedHashMap;
import java.util.Map;
import tessera.Spec;

/**
 * A layer of a stack.
 *
 * @param reads which layer's cache or memory it reads, as so many layers before it, that one's if it reads another's in turn; 0 for its own
 */
public record Layer(LayerKind kind, int reads) {

    /** Operators for a prompt, in order; see {@link LayerKind#prefill}. */
    public Map<String, Spec> prefill(StackShape shape, int length) {
        return needed(kind.prefill(shape, length));
    }

    /** Operators for one token more; see {@link LayerKind#decode}. */
    public Map<String, Spec> decode(StackShape shape, int context) {
        return needed(kind.decode(shape, context));
    }

    /** Bytes kept after so many tokens, 0 if it reads what another keeps. */
    public long cacheBytes(StackShape shape, int length) {
        return reads > 0 ? 0 : kind.cacheBytes(shape, length);
    }

    /** Who reads another's keys has none to rotate. */
    private Map<String, Spec> needed(Map<String, Spec> specs) {
        Map<String, Spec> needed = new LinkedHashMap<>(specs);
        if (reads > 0) {
            needed.remove("rotateK");
        }
        return needed;
    }
}
