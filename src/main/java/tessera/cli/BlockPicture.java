package tessera.cli;

import java.awt.Color;
import java.awt.Graphics2D;
import java.awt.RenderingHints;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import javax.imageio.ImageIO;
import tessera.layouts.BlockMap;

/**
 * A picture of a block map: query blocks downwards, key blocks to the right, the maps of several heads side by side. A map with more
 * blocks than there is room for is averaged.
 */
final class BlockPicture {
    static final Color EMPTY = new Color(0xf3f4f6);
    static final Color PARTIAL = new Color(0xf59e0b);
    static final Color FULL = new Color(0x2563eb);
    static final int TITLE = 24;
    static final int MARGIN = 8;

    private static final int WIDTH = 2000;
    private static final int LARGEST_BLOCK = 16;
    private static final int NARROWEST = 640;

    private final BlockMap map;
    /** Pixels of a block along each axis; 1 where blocks are averaged. */
    private final int pixels;
    /** Blocks that a pixel averages along each axis; 1 where there is room. */
    private final int blocks;

    /** @throws IllegalArgumentException if there are too many maps to see anything */
    BlockPicture(BlockMap map) {
        int room = (WIDTH - MARGIN) / map.maps() - MARGIN;
        if (room < 1) {
            throw new IllegalArgumentException("a picture shows at most " + (WIDTH - MARGIN) / (1 + MARGIN) + " maps side by side, got " + map.maps());
        }
        int longer = Math.max(map.queries().count(), map.keys().count());
        this.map = map;
        this.pixels = Math.clamp(room / longer, 1, LARGEST_BLOCK);
        this.blocks = Math.ceilDiv(longer, room);
    }

    /** Left edge of a map. */
    int left(int head) {
        return MARGIN + head * (size(map.keys().count()) + MARGIN);
    }

    private int size(int count) {
        return Math.ceilDiv(count, blocks) * pixels;
    }

    BufferedImage image(String title) {
        int width = Math.max(left(map.maps()), Math.min(NARROWEST, WIDTH));
        BufferedImage image = new BufferedImage(width, TITLE + size(map.queries().count()) + MARGIN, BufferedImage.TYPE_INT_RGB);
        Graphics2D graphics = image.createGraphics();
        graphics.setColor(Color.WHITE);
        graphics.fillRect(0, 0, image.getWidth(), image.getHeight());
        title(graphics, title);
        graphics.dispose();
        for (int head = 0; head < map.maps(); head++) {
            draw(image, head);
        }
        return image;
    }

    private static void title(Graphics2D graphics, String title) {
        try {
            graphics.setRenderingHint(RenderingHints.KEY_TEXT_ANTIALIASING, RenderingHints.VALUE_TEXT_ANTIALIAS_ON);
            graphics.setColor(Color.DARK_GRAY);
            graphics.drawString(title, MARGIN, TITLE - MARGIN);
        } catch (RuntimeException | InternalError | LinkageError e) {
            // Java draws no text where the system has no fonts at all; the map says most of it
        }
    }

    private void draw(BufferedImage image, int head) {
        int columns = Math.ceilDiv(map.keys().count(), blocks);
        for (int top = 0; top < map.queries().count(); top += blocks) {
            int bottom = Math.min(map.queries().count(), top + blocks);
            int[] full = new int[columns];
            int[] partial = new int[columns];
            for (int row = head * map.queries().count() + top; row < head * map.queries().count() + bottom; row++) {
                for (int place = map.rowPtr()[row]; place < map.rowPtr()[row + 1]; place++) {
                    (map.isFull(place) ? full : partial)[map.colIdx()[place] / blocks]++;
                }
            }
            for (int column = 0; column < columns; column++) {
                int all = (bottom - top) * Math.min(blocks, map.keys().count() - column * blocks);
                int colour = mixed((double) full[column] / all, (double) partial[column] / all);
                for (int pixel = 0; pixel < pixels * pixels; pixel++) {
                    image.setRGB(left(head) + column * pixels + pixel % pixels, TITLE + top / blocks * pixels + pixel / pixels, colour);
                }
            }
        }
    }

    /** The mean colour of such shares of full and partial blocks. */
    static int mixed(double full, double partial) {
        int colour = 0;
        for (int shift = 16; shift >= 0; shift -= 8) {
            double mean = full * (FULL.getRGB() >> shift & 255) + partial * (PARTIAL.getRGB() >> shift & 255)
                    + (1 - full - partial) * (EMPTY.getRGB() >> shift & 255);
            colour |= (int) Math.round(mean) << shift;
        }
        return colour;
    }

    /** The picture as PNG. */
    byte[] png(String title) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try {
            ImageIO.write(image(title), "png", bytes);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return bytes.toByteArray();
    }
}
