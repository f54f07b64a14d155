package tessera.operators;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.BitSet;
import java.util.Map;
import tessera.SelectSpec;
import tessera.Tensor;

/** Kept candidates of each row, by list. */
record Selection(SelectSpec spec, Map<String, Tensor> outputs) {

    BitSet kept(int head, int row) {
        int lists = spec.lists();
        Tensor keyBlocks = outputs.get("keyBlocks");
        BitSet kept = new BitSet();
        int previous = -1;
        int count = 0;
        for (int n = 0; n < lists; n++) {
            int candidate = (int) keyBlocks.get((row * spec.listHeads() + head) * lists + n);
            assertTrue(candidate > previous || candidate == -1, "ascending, then -1");
            count += candidate >= 0 ? 1 : 0;
            previous = candidate >= 0 ? candidate : Integer.MAX_VALUE - 1;
            if (candidate >= 0) {
                kept.set(candidate);
            }
        }
        assertEquals(count, outputs.get("counts").get(row * spec.listHeads() + head));
        assertTrue(kept.length() <= spec.visible(row), "nothing ahead");
        return kept;
    }
}
