package tessera.experiments;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import tessera.AttentionSpec;
import tessera.masks.Blocks;

/** The drawn patterns of the sparse command. */
class PatternTest {

    /** docs/results/pytorch-sparse.py draws by the same rule. */
    @Test
    void theRuleIsThatOfTheScript() {
        assertEquals(3886357594L, Pattern.hash(7, 0, 0, 0));
        assertEquals(2948794067L, Pattern.hash(7, 0, 3, 5));
        assertEquals(942501168L, Pattern.hash(7, 0, 100, 17));
    }

    @Test
    void everyBlockOfQueriesHasItsShare() {
        AttentionSpec dense = AttentionSpec.of(1, 4, 500, 8).build();
        Blocks blocks = (Blocks) Pattern.blocks(dense, 2, 16, 0.25, 7).spec().mask();
        assertEquals(2, blocks.maps());
        IntStream.range(0, 64).forEach(row -> assertEquals(8, IntStream.range(0, 32).filter(kb -> blocks.block(row / 32, row % 32, kb)).count()));
    }

    @Test
    void causalBlocksHaveTheirOwnQueriesAndNothingAfterThem() {
        AttentionSpec dense = AttentionSpec.of(1, 1, 500, 8).causal().build();
        Blocks blocks = (Blocks) Pattern.blocks(dense, 1, 16, 0.25, 7).spec().mask();
        for (int qb = 0; qb < 32; qb++) {
            int row = qb;
            assertTrue(blocks.block(0, qb, qb));
            assertEquals(0, IntStream.range(qb + 1, 32).filter(kb -> blocks.block(0, row, kb)).count());
            assertEquals(Math.max(1, Math.round(0.25 * (qb + 1))), IntStream.range(0, 32).filter(kb -> blocks.block(0, row, kb)).count());
        }
    }
}
