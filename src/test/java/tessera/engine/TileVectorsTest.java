package tessera.engine;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import tessera.tasks.dense.StripAttention;
import tessera.tasks.dense.Tile;
import tessera.tasks.dense.TiledAttention;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;

/** Tiles in vectors are tiles in loops. */
class TileVectorsTest {
    private final SplittableRandom random = new SplittableRandom(1);

    private float[] random(int size) {
        float[] values = new float[size];
        for (int n = 0; n < size; n++) {
            values[n] = (float) random.nextGaussian();
        }
        return values;
    }

    @Test
    void theMethodsAreTheSame() {
        assertEquals(signatures(Tile.class), signatures(TileVectors.class));
    }

    private static List<String> signatures(Class<?> owner) {
        return Stream.of(owner.getDeclaredMethods()).filter(m -> Modifier.isPublic(m.getModifiers()))
                .map((Method m) -> m.getName() + Arrays.toString(m.getParameterTypes())).sorted().toList();
    }

    @Test
    void products() {
        for (int depth : new int[] {1, 3, 60, 64}) {
            float[] a = random(12 * depth);
            float[] b = random(16 + depth * 16);
            float[] loops = random(16 + 12 * 16);
            float[] vectors = loops.clone();
            Tile.multiply(a, depth, b, 16, loops, 16, 12, depth);
            TileVectors.multiply(a, depth, b, 16, vectors, 16, 12, depth);
            assertArrayEquals(loops, vectors, 1e-4f);
        }
    }

    @Test
    void weights() {
        float[][] loops = {random(7 * 16), random(32), random(32), random(16 + 6 * 16)};
        for (int n = 0; n < 16; n++) {
            loops[0][n] = -1.0e30f;
            loops[0][16 + n] *= 30;
        }
        loops[1][16] = -1.0e20f;
        loops[1][17] = 100;
        float[][] vectors = Stream.of(loops).map(float[]::clone).toArray(float[][]::new);
        Tile.weigh(loops[0], 7, loops[1], loops[2], 16, loops[3], 16, 6);
        TileVectors.weigh(vectors[0], 7, vectors[1], vectors[2], 16, vectors[3], 16, 6);
        for (int n = 0; n < loops.length; n++) {
            for (int i = 0; i < loops[n].length; i++) {
                assertEquals(loops[n][i], vectors[n][i], 1e-6f * Math.max(1, Math.abs(loops[n][i])), n + ", " + i);
            }
        }
        assertEquals(0, vectors[0][5]);
    }

    @Test
    void moves() {
        FloatArray from = FloatArray.fromArray(random(100));
        float[] loops = new float[70];
        float[] vectors = new float[70];
        Tile.load(from, 13, loops, 66);
        TileVectors.load(from, 13, vectors, 66);
        assertArrayEquals(loops, vectors);
        float[] turned = new float[6 * 12];
        float[] turnedInVectors = new float[6 * 12];
        Tile.transpose(loops, turned, 11, 6, 12);
        TileVectors.transpose(vectors, turnedInVectors, 11, 6, 12);
        assertArrayEquals(turned, turnedInVectors);
        assertEquals(loops[6 * 10 + 5], turned[5 * 12 + 10]);
    }

    @Test
    void onlyKernelsWithTilesAreReplaced() {
        Kernel strips = Kernel.of(StripAttention.class, "rows");
        Kernel tiles = Kernel.of(TiledAttention.class, "tiles");
        assertNotEquals(strips, Vectors.in(strips));
        assertEquals(tiles, Vectors.in(tiles));
    }
}
