package tessera.experiments;

import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import tessera.AttentionSpec;
import tessera.layouts.Partition;
import tessera.masks.Blocks;
import tessera.masks.GlobalTokens;
import tessera.masks.Mask;
import tessera.masks.Neighbourhood;
import tessera.masks.Packed;
import tessera.masks.Stride;

/** A mask whose block map is to be built, and the blocks. */
record LayoutProblem(String name, AttentionSpec spec, Partition queries, Partition keys) {
    private static final int SINKS = 64;
    private static final int RANDOM = 3;
    private static final int HEADS = 4;

    /**
     * One of each kind: windows of a 32nd of the length, and beside them what their methods have.
     *
     * @throws IllegalArgumentException if a number is not positive
     */
    static List<LayoutProblem> all(int length, int block, long seed) {
        int window = Math.max(1, length / 32) - 1;
        int side = Math.max(1, (int) Math.sqrt(length));
        int[] sizes = {Math.ceilDiv(length, side), side};
        Mask band = Mask.window(window, window);
        Mask streaming = Mask.streaming(Math.min(SINKS, length), window);
        Mask dilated = new Stride(4, Math.max(1, length / 128));
        Mask global = GlobalTokens.of(IntStream.range(0, Math.min(block, length)).toArray());
        Mask random = Blocks.random(1, length, length, block, block, RANDOM, seed);
        Partition even = Partition.of(length, block);
        int[] clusters = clusters(length, block, new SplittableRandom(seed));
        Partition uneven = Partition.ofSizes(clusters);
        return List.of(
                problem("causal", Mask.FULL, true, length, even),
                problem("causal window", band, true, length, even),
                problem("streaming", streaming, true, length, even),
                problem("window, global, random", band.or(global).or(random), false, length, even),
                problem("dilated", dilated, false, length, even),
                problem("dilated, no reach", new Stride(4, -1), true, length, even),
                problem("neighbourhood", Neighbourhood.of(sizes, Math.min(13, sizes[0]), Math.min(13, side)), false, length, even),
                problem("clusters", Packed.of(clusters), false, length, uneven),
                problem("four heads", Mask.perHead(Mask.FULL, band, streaming, dilated), true, length, even));
    }

    private static LayoutProblem problem(String name, Mask mask, boolean causal, int length, Partition blocks) {
        var builder = AttentionSpec.of(1, HEADS, length, 1).mask(mask);
        return new LayoutProblem(name, causal ? builder.causal().build() : builder.build(), blocks, blocks);
    }

    /** Sizes from nothing to twice the block, as clusters have. */
    private static int[] clusters(int length, int block, SplittableRandom random) {
        IntStream.Builder sizes = IntStream.builder();
        for (int left = length; left > 0; ) {
            int size = Math.min(left, random.nextInt(2 * block + 1));
            sizes.add(size);
            left -= size;
        }
        return sizes.build().toArray();
    }
}
