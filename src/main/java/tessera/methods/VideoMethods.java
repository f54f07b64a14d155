package tessera.methods;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import tessera.Tensor;
import tessera.masks.Blocks;
import tessera.masks.Mask;
import tessera.masks.Neighbourhood;

/** Softmax attention among the tokens of pictures and videos: bidirectional, over what is near in space and time. */
final class VideoMethods {

    /** Factor on the width of Radial Attention's windows, delta in the formula. */
    private static final double DECAY = 1;

    /** Tiles, and places of a volume, that a token sees along an axis. */
    static final int NEAR = 3;

    /** Places of a plane that a token sees along an axis. */
    private static final int PLANE = 7;

    static final List<Method> ALL = List.of(
            new Method("P17", VideoMethods::radial, VideoMethods::radialTwin),
            new Method("P18", VideoMethods::slidingTile, in -> SoftmaxTwin.of(in, (n, _, i, j) -> {
                int tile = tile(n);
                return inWindows(grid(Math.ceilDiv(n, tile)), NEAR, i / tile, j / tile);
            })),
            new Method("P19", (q, k, v, _) -> Setup.masked(q, k, v, Setup.perHead(q, h -> neighbourhood(Setup.length(q), h))),
                    in -> SoftmaxTwin.of(in, (n, h, i, j) -> switch (h % 3) {
                        case 0 -> inWindows(new int[] {n}, Setup.window(n), i, j);
                        case 1 -> inWindows(plane(n), PLANE, i, j);
                        default -> inWindows(grid(n), NEAR, i, j);
                    })));

    private VideoMethods() {
    }

    /** Tokens of a frame: nearly one and a half blocks, so that frames and blocks do not coincide. */
    private static int frame(int block) {
        return 3 * block / 2 - 1;
    }

    private static Case radial(Tensor q, Tensor k, Tensor v, long seed) {
        int n = Setup.length(q);
        int block = Setup.block(n);
        return Setup.masked(q, k, v, new Blocks(1, n, n, block, block, (_, qb, kb) -> isKept(n, block, frame(block), qb, kb)));
    }

    /** Whether in more than 60 % of a block's columns that have pairs, these are more than a third. */
    static boolean isKept(int n, int block, int frame, int queryBlock, int keyBlock) {
        int lastQuery = Math.min(n, (queryBlock + 1) * block);
        int some = 0;
        int many = 0;
        for (int key = keyBlock * block; key < Math.min(n, (keyBlock + 1) * block); key++) {
            int pairs = 0;
            for (int query = queryBlock * block; query < lastQuery; query++) {
                pairs += isRadial(block, frame, query, key) ? 1 : 0;
            }
            some += pairs > 0 ? 1 : 0;
            many += 3 * pairs > lastQuery - queryBlock * block ? 1 : 0;
        }
        return 10 * many > 6 * some;
    }

    /**
     * All of the first frame; of another a window, which halves whenever the distance doubles. Where it would be below a block, fewer
     * frames have one.
     */
    private static boolean isRadial(int block, int frame, int query, int key) {
        int gap = Math.abs(query / frame - key / frame);
        double reach = Math.scalb(1.0, bits(frame) - bits(gap));
        boolean skipped = reach < block && gap % (int) (block / reach) != 0;
        double width = gap <= 1 ? frame : Math.max(reach * DECAY, block);
        return key < frame || !skipped && Math.abs(query % frame - key % frame) <= width;
    }

    private static int bits(int number) {
        return Integer.SIZE - Integer.numberOfLeadingZeros(number);
    }

    private static double[] radialTwin(Map<String, Tensor> in) {
        int n = Setup.length(in.get("q"));
        int block = Setup.block(n);
        boolean[][] kept = radialBlocks(n, block, frame(block));
        return SoftmaxTwin.of(in, (_, _, i, j) -> kept[i / block][j / block]);
    }

    /** Which blocks are kept, from a table of all pairs; frames have {@code size} tokens. */
    static boolean[][] radialBlocks(int n, int block, int size) {
        boolean[][] pairs = new boolean[n][n];
        for (int i = 0; i < n; i++) {
            for (int j = 0; j < n; j++) {
                pairs[i][j] = j / size == 0 || Math.abs(i % size - j % size) <= radialWidth(size, block, Math.abs(i / size - j / size));
            }
        }
        boolean[][] kept = new boolean[Math.ceilDiv(n, block)][Math.ceilDiv(n, block)];
        for (int a = 0; a < kept.length; a++) {
            boolean[][] rows = Arrays.copyOfRange(pairs, a * block, Math.min(n, (a + 1) * block));
            for (int b = 0; b < kept.length; b++) {
                double[] densities = new double[Math.min(block, n - b * block)];
                for (int c = 0; c < densities.length; c++) {
                    int column = b * block + c;
                    densities[c] = Arrays.stream(rows).filter(row -> row[column]).count() / (double) rows.length;
                }
                double filled = Arrays.stream(densities).filter(density -> density > 0).count();
                kept[a][b] = Arrays.stream(densities).filter(density -> density > 1 / 3.0).count() / filled > 0.6;
            }
        }
        return kept;
    }

    /** Width of the window between frames of that distance, -1 if they do not see each other. */
    private static double radialWidth(int size, int block, int distance) {
        double e = powerAbove(size) / powerAbove(distance);
        if (e < block && distance % Math.floor(block / e) != 0) {
            return -1;
        }
        return distance <= 1 ? size : Math.max(DECAY * e, block);
    }

    /** {@code 2^bitlen(number)}. */
    private static double powerAbove(int number) {
        double power = 1;
        while (power <= number) {
            power *= 2;
        }
        return power;
    }

    /** Tokens in a tile: a quarter of a block, so that there are enough tiles for a volume. */
    private static int tile(int length) {
        return Setup.block(length) / 4;
    }

    /** Tokens are in the order of their tiles, of which the last one may be short, and the last ones of the volume missing. */
    private static Case slidingTile(Tensor q, Tensor k, Tensor v, long seed) {
        int n = Setup.length(q);
        int tile = tile(n);
        int[] grid = grid(Math.ceilDiv(n, tile));
        return Setup.masked(q, k, v, new Blocks(1, n, n, tile, tile, (_, qb, kb) -> {
            boolean near = true;
            for (int axis = 0, u = qb, t = kb; axis < 3; axis++) {
                int size = grid[2 - axis];
                int half = (window(size, NEAR) - 1) / 2;
                near &= Math.abs(t % size - Math.clamp(u % size, half, size - 1 - half)) <= half;
                u /= size;
                t /= size;
            }
            return near;
        }));
    }

    /** Heads take turns to see a line, a plane and a volume, all of which hold every token. */
    private static Mask neighbourhood(int n, int head) {
        int[] sizes = switch (head % 3) {
            case 0 -> new int[] {n};
            case 1 -> plane(n);
            default -> grid(n);
        };
        int most = List.of(Setup.window(n), PLANE, NEAR).get(head % 3);
        return Neighbourhood.of(sizes, Arrays.stream(sizes).map(size -> window(size, most)).toArray());
    }

    private static int[] plane(int places) {
        int side = (int) Math.ceil(Math.sqrt(places));
        return new int[] {Math.ceilDiv(places, side), side};
    }

    /** Sizes of a volume with so many places or a few more, the first one the largest. */
    static int[] grid(int places) {
        int side = 1;
        while ((side + 1) * (side + 1) * (side + 1) <= places) {
            side++;
        }
        return new int[] {Math.ceilDiv(places, side * side), side, side};
    }

    /** A window of at most so many places; where that would be a whole axis, the largest odd number below it. */
    static int window(int size, int most) {
        return Math.min(most, Math.max(1, size - 1 - size % 2));
    }

    /** Whether along each axis, outermost first, the key's place is one of the window's, which is moved inwards at the borders. */
    private static boolean inWindows(int[] sizes, int most, int query, int key) {
        int inner = 1;
        for (int axis = sizes.length - 1; axis >= 0; axis--) {
            int size = sizes[axis];
            int width = window(size, most);
            int start = Math.max(0, Math.min(query / inner % size - width / 2, size - width));
            int place = key / inner % size;
            if (place < start || place >= start + width) {
                return false;
            }
            inner *= size;
        }
        return true;
    }
}
