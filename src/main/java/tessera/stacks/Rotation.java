package tessera.stacks;

import java.util.LinkedHashMap;
import java.util.Map;
import tessera.RotarySpec;
import tessera.Spec;

/** Rotary position embedding (arXiv:2104.09864) of what attention reads. */
final class Rotation {
    private Rotation() {
    }

    /** Operators with the rotation of new queries and keys before them, where it has a base. */
    static Map<String, Spec> before(int rotary, StackShape shape, int tokens, Map<String, Spec> then) {
        Map<String, Spec> specs = new LinkedHashMap<>();
        if (rotary > 0) {
            specs.put("rotateQ", rotation(shape, shape.heads(), tokens));
            specs.put("rotateK", rotation(shape, shape.kvHeads(), tokens));
        }
        specs.putAll(then);
        return specs;
    }

    private static RotarySpec rotation(StackShape shape, int heads, int tokens) {
        return new RotarySpec(shape.batch(), heads, tokens, shape.headDim(), shape.headDim(), 0, false, shape.dtype());
    }
}
