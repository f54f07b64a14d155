package tessera.layouts;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;

import java.util.List;
import java.util.SplittableRandom;
import net.jqwik.api.EdgeCasesMode;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import tessera.AttentionSpec;
import tessera.CausalAlignment;
import tessera.masks.Blocks;
import tessera.masks.Mask;
import tessera.masks.Window;

class LayoutTest {
    private static final int FAR = Integer.MAX_VALUE;

    private static long bruteForce(AttentionSpec spec) {
        long pairs = 0;
        for (int head = 0; head < spec.heads(); head++) {
            for (int i = 0; i < spec.queries(); i++) {
                for (int j = 0; j < spec.keys(); j++) {
                    pairs += spec.allows(head, i, j) ? spec.batch() : 0;
                }
            }
        }
        return pairs;
    }

    @Property(tries = 1000, edgeCases = EdgeCasesMode.NONE)
    void aRangeVisitsThePairsThatTheMaskAllows(@ForAll @IntRange(min = 1, max = 24) int queries, @ForAll @IntRange(min = 1, max = 24) int keys,
            @ForAll @IntRange(max = 30) int sink, @ForAll @IntRange(min = -1, max = 30) int left, @ForAll @IntRange(min = -1, max = 30) int right,
            @ForAll boolean causal, @ForAll CausalAlignment alignment) {
        Mask mask = new Window(sink, left == 30 ? FAR : left, right == 30 ? FAR : right);
        AttentionSpec spec = spec(2, 3, queries, keys, mask, causal, alignment);
        assertEquals(bruteForce(spec), Layout.simple(spec).pairs(spec), spec::toString);
    }

    @Property(tries = 500, edgeCases = EdgeCasesMode.NONE)
    void blockRowsVisitThePairsThatTheMaskAllows(@ForAll @IntRange(min = 1, max = 24) int queries, @ForAll @IntRange(min = 1, max = 24) int keys,
            @ForAll @IntRange(min = 1, max = 26) int blockQ, @ForAll @IntRange(min = 1, max = 26) int blockK,
            @ForAll @IntRange(min = 0, max = 2) int maps, @ForAll boolean causal, @ForAll CausalAlignment alignment, @ForAll long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        double density = random.nextDouble();
        Blocks blocks = new Blocks(List.of(1, 2, 6).get(maps), queries, keys, blockQ, blockK, (h, qb, kb) -> random.nextDouble() < density);
        AttentionSpec spec = spec(2, 6, queries, keys, blocks, causal, alignment);
        assertEquals(bruteForce(spec), Layout.simple(spec).pairs(spec), spec::toString);
    }

    private static AttentionSpec spec(int batch, int heads, int queries, int keys, Mask mask, boolean causal, CausalAlignment alignment) {
        var builder = AttentionSpec.of(batch, heads, queries, 4).keys(keys).mask(mask).alignment(alignment);
        return causal ? builder.causal(alignment).build() : builder.build();
    }

    @Example
    void onlyAMaskThatCutsNothingIsFull() {
        CausalAlignment end = CausalAlignment.BOTTOM_RIGHT;
        assertEquals("FULL", Layout.simple(spec(1, 1, 9, 9, Mask.FULL, false, end)).name());
        assertEquals("FULL", Layout.simple(spec(1, 1, 9, 9, Mask.window(-1, -1), false, end)).name());
        assertEquals("RANGE", Layout.simple(spec(1, 1, 9, 9, Mask.FULL, true, end)).name());
        assertEquals("RANGE", Layout.simple(spec(1, 1, 9, 9, Mask.window(3, -1), false, end)).name());
        assertEquals("BSR", Layout.simple(spec(1, 1, 9, 9, new Blocks(1, 9, 9, 4, 4, (h, qb, kb) -> true), false, end)).name());
    }

    @Example
    void blockRowsListTheirBlocksInOrder() {
        Blocks blocks = new Blocks(1, 10, 12, 4, 3, (h, qb, kb) -> qb != 1 && (qb + kb) % 2 == 0);
        Bsr bsr = assertInstanceOf(Bsr.class, Layout.simple(spec(1, 1, 10, 12, blocks, false, CausalAlignment.TOP_LEFT)));
        int[] rowPtr = {0, 2, 2, 4};
        int[] colIdx = {0, 2, 0, 2};
        assertArrayEquals(rowPtr, bsr.rowPtr().toHeapArray());
        assertArrayEquals(colIdx, bsr.colIdx().toHeapArray());
        assertEquals(4, blocks.count());
    }
}
