package tessera.cli;

import java.io.PrintWriter;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import tessera.AttentionSpec;
import tessera.io.AtomicFile;
import tessera.layouts.BlockMap;
import tessera.layouts.BlockStatistics;

/** What a mask leaves of blocks of one size: a line, figures and a picture. */
record BlockReport(AttentionSpec spec, int blockSize, BlockMap map, BlockStatistics statistics) {
    private static final long MOST_BLOCKS = 1 << 26;
    private static final int USUAL_SIZE = 128;
    private static final long USUAL_BLOCKS = 1 << 22;

    /** @param blockSize or null for 128, or as much more as keeps the map small */
    static BlockReport of(AttentionSpec spec, Integer blockSize) {
        int size = blockSize == null ? USUAL_SIZE : blockSize;
        while (blockSize == null && blocks(size, spec.queries(), spec.keys()) > USUAL_BLOCKS) {
            size *= 2;
        }
        BlockMap map = BlockMap.of(spec, size, size);
        return new BlockReport(spec, size, map, map.statistics(spec));
    }

    /** @throws IllegalArgumentException if there are more blocks than can be made in a few seconds, naming a size that would do */
    static void requireFew(String option, int size, int queries, int keys) {
        long blocks = blocks(size, queries, keys);
        if (blocks > MOST_BLOCKS) {
            int enough = (int) Math.max(1, Math.sqrt((double) queries * keys / MOST_BLOCKS));
            while (blocks(enough, queries, keys) > MOST_BLOCKS) {
                enough++;
            }
            throw new IllegalArgumentException(option + " " + size + " cuts " + queries + " queries x " + keys + " keys into " + blocks
                    + " blocks, more than " + MOST_BLOCKS + "; use " + option + " " + enough + " or more");
        }
    }

    private static long blocks(int size, int queries, int keys) {
        return (long) Math.ceilDiv(queries, size) * Math.ceilDiv(keys, size);
    }

    String line() {
        return "Blocks of " + blockSize + " x " + blockSize + ": " + statistics;
    }

    Map<String, Object> tree() {
        Map<String, Object> tree = new LinkedHashMap<>();
        tree.put("blockSize", blockSize);
        tree.putAll(statistics.tree());
        return tree;
    }

    void draw(Path file) {
        String title = String.format(Locale.ROOT, "%d x %d in blocks of %d x %d, density %.4f: %s%s", spec.queries(), spec.keys(), blockSize, blockSize,
                statistics.tokenDensity(), spec.causal() ? "causal, " : "", spec.mask());
        ByteBuffer png = ByteBuffer.wrap(new BlockPicture(map).png(title));
        AtomicFile.write(file, channel -> {
            while (png.hasRemaining()) {
                channel.write(png);
            }
        });
    }

    void print(PrintWriter out, Path picture) {
        out.println(line());
        if (picture != null) {
            out.println(picture.toAbsolutePath().normalize() + ": empty grey, partial orange, full blue");
        }
    }
}
