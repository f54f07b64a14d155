package tessera.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.awt.Color;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.IntStream;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tessera.AttentionSpec;
import tessera.layouts.BlockMap;
import tessera.masks.Blocks;
import tessera.masks.Mask;

/** The picture of a block map: three colours at their places. */
class BlockPictureTest {
    private static final int BLOCK = 16;

    private static Color at(BufferedImage image, int x, int y) {
        return new Color(image.getRGB(x, y));
    }

    private static BlockMap map(int length, int block, Mask mask) {
        return BlockMap.of(AttentionSpec.of(1, mask.maps(), length, 1).mask(mask).build(), block, block);
    }

    @Test
    void everyBlockHasItsColour() {
        BlockMap map = map(12, 4, Mask.window(6, 0).and(Mask.CAUSAL));
        BufferedImage image = new BlockPicture(map).image("a window");
        Color[][] expected = {
            {BlockPicture.PARTIAL, BlockPicture.EMPTY, BlockPicture.EMPTY},
            {BlockPicture.PARTIAL, BlockPicture.PARTIAL, BlockPicture.EMPTY},
            {BlockPicture.PARTIAL, BlockPicture.PARTIAL, BlockPicture.PARTIAL}};
        for (int row = 0; row < 3; row++) {
            for (int column = 0; column < 3; column++) {
                for (int corner : new int[] {0, BLOCK - 1}) {
                    assertEquals(expected[row][column], at(image, BlockPicture.MARGIN + column * BLOCK + corner, BlockPicture.TITLE + row * BLOCK + corner));
                }
            }
        }
        assertEquals(Color.WHITE, at(image, BlockPicture.MARGIN + 3 * BLOCK, BlockPicture.TITLE));
        assertEquals(BlockPicture.TITLE + 3 * BLOCK + BlockPicture.MARGIN, image.getHeight());
        boolean written = IntStream.range(0, BlockPicture.TITLE * image.getWidth())
                .anyMatch(n -> !at(image, n % image.getWidth(), n / image.getWidth()).equals(Color.WHITE));
        assertTrue(written, "a title");
    }

    @Test
    void mapsStandSideBySide() {
        BlockPicture picture = new BlockPicture(map(8, 4, Mask.perHead(Mask.FULL, new Blocks(1, 8, 8, 4, 4, (_, qb, kb) -> qb == kb))));
        BufferedImage image = picture.image("two");
        assertEquals(BlockPicture.FULL, at(image, picture.left(0) + BLOCK, BlockPicture.TITLE));
        assertEquals(Color.WHITE, at(image, picture.left(1) - 1, BlockPicture.TITLE));
        assertEquals(BlockPicture.FULL, at(image, picture.left(1), BlockPicture.TITLE));
        assertEquals(BlockPicture.EMPTY, at(image, picture.left(1) + BLOCK, BlockPicture.TITLE));
    }

    /** 4096 x 4096 blocks, 3 x 3 of them to a pixel. */
    @Test
    void largeMapsAreAveraged() {
        BlockPicture picture = new BlockPicture(map(4096, 1, new Blocks(1, 4096, 4096, 1, 1, (_, qb, kb) -> kb % 3 == 1 || qb < 300)));
        BufferedImage image = picture.image("large");
        assertTrue(image.getWidth() <= 2000, () -> "width " + image.getWidth());
        assertEquals(BlockPicture.FULL, at(image, BlockPicture.MARGIN + 50, BlockPicture.TITLE + 99));
        assertEquals(BlockPicture.mixed(1 / 3.0, 0), at(image, BlockPicture.MARGIN + 50, BlockPicture.TITLE + 100).getRGB() & 0xffffff);
        assertEquals(BlockPicture.EMPTY, at(image, BlockPicture.MARGIN + 1365, BlockPicture.TITLE + 100), "the last pixel has one block");
    }

    @Test
    void meanColours() {
        assertEquals(BlockPicture.EMPTY.getRGB() & 0xffffff, BlockPicture.mixed(0, 0));
        assertEquals(BlockPicture.PARTIAL.getRGB() & 0xffffff, BlockPicture.mixed(0, 1));
        Color half = new Color(BlockPicture.mixed(0.5, 0.5));
        assertEquals((BlockPicture.FULL.getGreen() + BlockPicture.PARTIAL.getGreen() + 1) / 2, half.getGreen());
    }

    @Test
    void tooManyMapsAreRefused() {
        BlockMap map = map(2, 2, Mask.of(300, Mask.FULL));
        String message = assertThrows(IllegalArgumentException.class, () -> new BlockPicture(map)).getMessage();
        assertTrue(message.contains("at most 221 maps side by side, got 300"), message);
    }

    @Test
    void planDrawsIt(@TempDir Path folder) throws IOException {
        Path file = folder.resolve("blocks.png");
        Outcome outcome = Outcome.of("plan", "--length", "512", "--window", "127,127", "--global", "128", "--device", "jvm", "--no-measure", "--picture",
                file.toString());
        assertEquals(0, outcome.code(), outcome.err());
        assertTrue(outcome.out().contains(file.toString()), outcome.out());
        BufferedImage image = ImageIO.read(Files.newInputStream(file));
        assertEquals(BlockPicture.FULL, at(image, BlockPicture.MARGIN + 3 * BLOCK, BlockPicture.TITLE));
        assertEquals(BlockPicture.FULL, at(image, BlockPicture.MARGIN, BlockPicture.TITLE + 3 * BLOCK));
        assertEquals(BlockPicture.PARTIAL, at(image, BlockPicture.MARGIN + 2 * BLOCK, BlockPicture.TITLE + 3 * BLOCK));
        assertEquals(BlockPicture.EMPTY, at(image, BlockPicture.MARGIN + 3 * BLOCK, BlockPicture.TITLE + BLOCK));
        Outcome.of("plan", "--picture", folder.resolve("absent/blocks.png").toString()).assertRefused("there is no folder " + folder.resolve("absent"));
        Outcome.of("plan", "--picture", folder.toString()).assertRefused("it is a folder; name a file in it");
        Outcome.of("plan", "--operator", "recurrence", "--picture", file.toString()).assertRefused("a recurrence has no mask with blocks");
    }
}
