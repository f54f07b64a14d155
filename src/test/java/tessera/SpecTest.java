package tessera;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import tessera.masks.Blocks;
import tessera.masks.Mask;
import tessera.masks.Window;

/** Specs are values, and refuse arguments that do not fit, naming the argument and what would. */
class SpecTest {

    private static void assertRefused(Executable call, String... words) {
        var error = assertThrows(IllegalArgumentException.class, call);
        for (String word : words) {
            assertTrue(error.getMessage().contains(word), () -> "'" + word + "' in: " + error.getMessage());
        }
    }

    private static AttentionBuilder attention() {
        return AttentionSpec.of(2, 6, 17, 8);
    }

    @Test
    void sizesArePositive() {
        for (int bad : new int[] {0, -3}) {
            String got = "at least 1, got " + bad;
            assertRefused(() -> AttentionSpec.of(bad, 1, 1, 1).build(), "batch", got);
            assertRefused(() -> AttentionSpec.of(1, bad, 1, 1).kvHeads(1).build(), "heads", got);
            assertRefused(() -> AttentionSpec.of(1, 1, bad, 1).keys(1).build(), "queries", got);
            assertRefused(() -> AttentionSpec.of(1, 1, 1, bad).build(), "headDim", got);
            assertRefused(() -> attention().kvHeads(bad).build(), "kvHeads", got);
            assertRefused(() -> attention().keys(bad).build(), "keys", got);
            assertRefused(() -> attention().valueDim(bad).build(), "valueDim", got);
            assertRefused(() -> MergeSpec.of(bad, 1, 1, 1, 1), "parts", got);
            assertRefused(() -> MergeSpec.of(1, 1, 1, 1, bad), "valueDim", got);
            assertRefused(() -> RecurrenceSpec.of(1, 1, bad, 1).build(), "length", got);
            assertRefused(() -> RecurrenceSpec.of(1, 1, 1, bad).valueDim(1).build(), "keyDim", got);
        }
    }

    @Test
    void keyValueHeadsDivideHeads() {
        assertRefused(() -> attention().kvHeads(4).build(), "kvHeads", "4 does not divide 6");
        assertRefused(() -> attention().kvHeads(12).build(), "kvHeads", "12 does not divide 6");
    }

    @Test
    void theScaleIsFinite() {
        for (float bad : new float[] {Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY}) {
            assertRefused(() -> attention().scale(bad).build(), "scale", "finite", "" + bad);
            assertRefused(() -> RecurrenceSpec.of(1, 1, 1, 1).scale(bad).build(), "scale", "finite", "" + bad);
        }
    }

    @Test
    void inputsAreStoredAsFloats() {
        for (DType bad : List.of(DType.I8, DType.I32)) {
            assertRefused(() -> attention().dtype(bad).build(), "dtype", "F32, F16 or BF16", bad.name());
            assertRefused(() -> MergeSpec.of(1, 1, 1, 1, 1).withDType(bad), "dtype", bad.name());
        }
    }

    @Test
    void oneArrayHoldsAtMostTwoToThe31Elements() {
        assertRefused(() -> AttentionSpec.of(64, 64, 1 << 16, 8).build(), "2^31 - 1", "split the batch or the heads");
        assertRefused(() -> AttentionSpec.of(64, 64, 1, 8).keys(1 << 16).build(), "2^31 - 1");
        assertRefused(() -> AttentionSpec.of(64, 64, 1 << 12, 8).valueDim(1 << 12).build(), "2^31 - 1");
        assertRefused(() -> MergeSpec.of(1 << 10, 1 << 10, 1 << 10, 1, 2), "2^31 - 1");
        assertRefused(() -> RecurrenceSpec.of(1 << 10, 1 << 10, 1 << 10, 2).build(), "2^31 - 1");
    }

    @Test
    void aBlockMaskFitsTheLengthsAndTheHeads() {
        assertRefused(() -> attention().mask(blocks(1, 25, 17)).build(), "block mask", "4x3 blocks of 8x8", "17 queries and 17 keys");
        assertRefused(() -> attention().mask(blocks(1, 17, 8)).build(), "block mask", "3x1 blocks");
        assertRefused(() -> attention().mask(blocks(4, 17, 17)).build(), "maps must divide heads", "4 does not divide 6");
        assertRefused(() -> blocks(0, 17, 17), "maps", "at least 1");
        assertRefused(() -> new Blocks(1, 1, 1, 0, 1, (h, qb, kb) -> true), "block sizes", "at least 1");
        assertRefused(() -> new Blocks(4, 1 << 30, 1 << 30, 1, 1, (h, qb, kb) -> true), "blocks larger than 1x1");
        assertRefused(() -> new Blocks(16, 1 << 30, 1 << 30, 1, 1, (h, qb, kb) -> true), "blocks larger than 1x1");
    }

    private static Blocks blocks(int heads, int queries, int keys) {
        return new Blocks(heads, queries, keys, 8, 8, (h, qb, kb) -> h + qb >= kb);
    }

    @Test
    void aRotationTurnsPairsWithinAHead() {
        assertRefused(() -> new RotarySpec(1, 1, 1, 8, 3, 0, false, DType.F32), "rotaryDim must be even", "got 3");
        assertRefused(() -> new RotarySpec(1, 1, 1, 8, 10, 0, false, DType.F32), "at most headDim = 8", "got 10");
        assertRefused(() -> new RotarySpec(1, 1, 1, 8, 8, -1, false, DType.F32), "positions", "got -1");
        assertRefused(() -> new RotarySpec(1, 1, 1, 8, 8, 1 << 30, false, DType.F32), "2^31 - 1");
        assertEquals("{x=2x3x5x8, cos=2x5x4, sin=2x5x4}", RotarySpec.of(2, 3, 5, 8).inputs().toString());
        assertEquals("{x=2x3x5x8, cos=99x2, sin=99x2, positions=2x5}", new RotarySpec(2, 3, 5, 8, 4, 99, true, DType.F32).inputs().toString());
    }

    @Test
    void aWindowHasNoNegativeSides() {
        assertRefused(() -> Mask.window(-2, 0), "left", "-1 for open", "left=-2");
        assertRefused(() -> Mask.window(0, -2), "right=-2");
        assertRefused(() -> new Window(-1, 0, 0), "sink=-1");
    }

    @Test
    void biasAndMaskTensorBroadcast() {
        assertEquals("1x6x1x17", attention().bias(6, 1, 17).build().inputs().get("bias").toString());
        assertEquals("1x1x1x1", attention().maskTensor(1).build().inputs().get("mask").toString());
        assertRefused(() -> attention().bias(3, 17, 17).build(), "bias must broadcast", "[2, 6, 17, 17]", "got 1x3x17x17");
        assertRefused(() -> attention().maskTensor(17, 16).build(), "mask must broadcast", "got 1x1x17x16");
        assertRefused(() -> attention().bias(1, 2, 6, 17, 17).build(), "bias must have at most four dimensions", "1x2x6x17x17");
    }

    @Test
    void theSoftCapIsPositive() {
        for (float bad : new float[] {-1, Float.NaN, Float.POSITIVE_INFINITY}) {
            assertRefused(() -> attention().softcap(bad).build(), "softcap", "" + bad);
        }
        assertTrue(attention().softcap(0).build().scores().isPlain());
    }

    @Test
    void equalSpecsAreEqual() {
        assertEquals(attention().bias(17, 17).slopes().build(), attention().bias(1, 1, 17, 17).slopes().build());
        assertNotEquals(attention().softcap(20).build(), attention().softcap(30).build());
        assertEquals(attention().causal().build(), attention().causal().build());
        assertNotEquals(attention().causal().build(), attention().build());
        assertEquals(attention().mask(blocks(2, 17, 17)).build(), attention().mask(blocks(2, 17, 17)).build());
        assertNotEquals(attention().mask(blocks(2, 17, 17)).build(), attention().mask(blocks(1, 17, 17)).build());
        assertEquals(attention().mask(blocks(2, 17, 17)).build().hashCode(), attention().mask(blocks(2, 17, 17)).build().hashCode());
    }

    @Test
    void inputsAndOutputsHaveNamesAndShapesInOrder() {
        AttentionSpec spec = AttentionSpec.of(2, 6, 17, 8).kvHeads(3).keys(40).valueDim(5).lse().build();
        assertEquals("{q=2x6x17x8, k=2x3x40x8, v=2x3x40x5}", spec.inputs().toString());
        assertEquals("{out=2x6x17x5, lse=2x6x17}", spec.outputs().toString());
        AttentionSpec all = attention().slopes().sinks().bias(17).maskTensor(17, 17).keyLengths().dtype(DType.F16).build();
        assertEquals(List.of("q", "k", "v", "slopes", "sinks", "bias", "mask", "keyLengths"), List.copyOf(all.inputs().keySet()));
        assertEquals("[F16, F16, F16, F32, F32, F32, I8, I32]", all.inputs().keySet().stream().map(all::type).toList().toString());
        assertEquals(Set.of("out"), attention().build().outputs().keySet());
        assertEquals("{parts=3x2x5x17x8, lses=3x2x5x17}", MergeSpec.of(3, 2, 5, 17, 8).inputs().toString());
        assertEquals("{out=2x5x17x8, lse=2x5x17}", MergeSpec.of(3, 2, 5, 17, 8).outputs().toString());
        MergeSpec weighted = MergeSpec.of(3, 2, 5, 17, 8).withWeights(3, 1, 5, 1);
        assertEquals("{parts=3x2x5x17x8, weights=3x1x5x1}", weighted.inputs().toString());
        assertEquals("{out=2x5x17x8}", weighted.outputs().toString());
        assertRefused(() -> MergeSpec.of(3, 2, 5, 17, 8).withWeights(3, 1, 4, 1), "weights must broadcast", "3x2x5x17", "got 3x1x4x1");
    }

    @Test
    void theMiniatureIsSmallAndOfTheSameKind() {
        AttentionSpec wide = AttentionSpec.of(8, 12, 4000, 64).kvHeads(4).keys(300).causal().scale(1000).lse().build();
        AttentionSpec small = wide.miniature();
        assertTrue(small.queries() > small.keys() && small.queries() < 64, small::toString);
        assertEquals(3, small.heads() / small.kvHeads());
        assertTrue(small.causal() && small.lse());
        assertEquals(0.125f, small.scale(), "scores too large for float32 to tell apart");
        AttentionSpec sparse = AttentionSpec.of(2, 6, 500, 8).mask(new Blocks(6, 500, 500, 64, 64, (h, qb, kb) -> true)).build();
        AttentionSpec scored = AttentionSpec.of(8, 12, 500, 64).kvHeads(4).softcap(20).sinks().bias(12, 1, 500).keyLengths().build();
        assertEquals("1x6x1x37", scored.miniature().scores().bias().toString());
        assertTrue(scored.miniature().batch() == 2 && scored.miniature().scores().softcap() == 20 && scored.miniature().scores().sinks());
        assertFalse(sparse.miniature().allows(0, 0, 8), "the miniature's blocks have holes");
    }

    @Test
    void theMiniatureOfAWindowIsCutByIt() {
        AttentionSpec small = AttentionSpec.of(1, 8, 4096, 64).mask(Mask.streaming(4, 1024)).causal().build().miniature();
        assertFalse(small.allows(0, small.queries() - 1, 5), "a key between the sinks and the window");
        assertTrue(small.allows(0, small.queries() - 1, 0), "a sink");
        assertEquals(new Window(0, -1, 5), AttentionSpec.of(1, 1, 64, 8).mask(Mask.window(-1, 9)).build().miniature().mask());
    }

    @Test
    void nothingIsNull() {
        assertRefused(() -> AttentionSpec.of(1, 1, 1, 1).mask(null).build(), "mask must not be null");
        assertRefused(() -> AttentionSpec.of(1, 1, 1, 1).dtype(null).build(), "dtype must not be null");
        assertRefused(() -> RecurrenceSpec.of(1, 1, 1, 1).gate(null).build(), "gate must not be null");
    }
}
