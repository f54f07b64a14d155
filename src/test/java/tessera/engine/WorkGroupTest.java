package tessera.engine;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Collections;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.Set;
import java.util.concurrent.atomic.AtomicIntegerArray;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;

@Timeout(60)
class WorkGroupTest {
    private static final int TILE = 8;

    private static void transpose(KernelContext context, FloatArray in, FloatArray out, int rows, int columns) {
        float[] tile = context.allocateFloatLocalArray(TILE * TILE);
        int x = context.localIdx;
        int y = context.localIdy;
        tile[y * TILE + x] = in.get(context.globalIdy * columns + context.globalIdx);
        context.localBarrier();
        int row = context.groupIdx * TILE + y;
        int column = context.groupIdy * TILE + x;
        out.set(row * rows + column, tile[x * TILE + y]);
    }

    private static void sum(KernelContext context, FloatArray in, FloatArray sums) {
        int i = context.localIdx;
        float[] partial = context.allocateFloatLocalArray(64);
        partial[i] = in.get(context.globalIdx);
        for (int stride = context.localGroupSizeX / 2; stride > 0; stride /= 2) {
            context.localBarrier();
            if (i < stride) {
                partial[i] += partial[i + stride];
            }
        }
        context.globalBarrier();
        if (i == 0) {
            sums.set(context.groupIdx, partial[0]);
        }
    }

    @Test
    void transposesByTiles() {
        int rows = 24;
        int columns = 40;
        FloatArray in = new FloatArray(rows * columns);
        FloatArray out = new FloatArray(rows * columns);
        out.init(Float.NaN);
        float[] expected = new float[rows * columns];
        for (int i = 0; i < in.getSize(); i++) {
            in.set(i, i);
            expected[i % columns * rows + i / columns] = i;
        }
        WorkGroup.run(c -> transpose(c, in, out, rows, columns), new int[] {columns, rows}, new int[] {TILE, TILE});
        assertArrayEquals(expected, out.toHeapArray());
    }

    @Test
    void reducesEveryGroup() {
        int groups = 9;
        FloatArray in = new FloatArray(64 * groups);
        FloatArray sums = new FloatArray(groups);
        sums.init(Float.NaN);
        float[] expected = new float[groups];
        for (int i = 0; i < in.getSize(); i++) {
            in.set(i, i % 7);
            expected[i / 64] += i % 7;
        }
        WorkGroup.run(c -> sum(c, in, sums), new int[] {64 * groups}, new int[] {64});
        assertArrayEquals(expected, sums.toHeapArray());
    }

    @Test
    void idsCoverTheGridOnce() {
        AtomicIntegerArray seen = new AtomicIntegerArray(6 * 4);
        Set<String> wrong = Collections.synchronizedSet(new HashSet<>());
        WorkGroup.run(c -> {
            seen.incrementAndGet(c.globalIdy * 6 + c.globalIdx);
            boolean right = c.globalIdx == c.groupIdx * 3 + c.localIdx && c.globalIdy == c.groupIdy * 2 + c.localIdy
                    && c.localIdx < 3 && c.localIdy < 2 && c.groupIdx < 2 && c.groupIdy < 2
                    && c.globalIdz == 0 && c.groupIdz == 0 && c.localIdz == 0
                    && c.globalGroupSizeX == 6 && c.globalGroupSizeY == 4 && c.globalGroupSizeZ == 1
                    && c.localGroupSizeX == 3 && c.localGroupSizeY == 2 && c.localGroupSizeZ == 1;
            if (!right) {
                wrong.add(c.globalIdx + "," + c.globalIdy);
            }
        }, new int[] {6, 4}, new int[] {3, 2});
        assertEquals(Set.of(), wrong);
        for (int i = 0; i < seen.length(); i++) {
            assertEquals(1, seen.get(i), "work-item " + i);
        }
    }

    @Test
    void localArraysBelongToOneGroup() {
        Set<Object> first = Collections.synchronizedSet(Collections.newSetFromMap(new IdentityHashMap<>()));
        Set<Object> second = Collections.synchronizedSet(Collections.newSetFromMap(new IdentityHashMap<>()));
        WorkGroup.run(c -> {
            float[] a = c.allocateFloatLocalArray(5);
            first.add(a);
            second.add(c.allocateIntLocalArray(5));
            if (c.localIdx == 0) {
                assertTrue(Float.isNaN(a[4]), "a new group sees nothing of the one before");
                a[4] = 1;
            }
        }, new int[] {12}, new int[] {4});
        assertEquals(3, first.size());
        assertEquals(3, second.size());
    }

    @Test
    void differentLocalArraysAreAnError() {
        Exception e = assertThrows(IllegalStateException.class,
                () -> WorkGroup.run(c -> c.allocateFloatLocalArray(4 + c.localIdx), new int[] {2}, new int[] {2}));
        assertTrue(e.getMessage().contains("local array 0"), e.getMessage());
    }

    @Test
    void divergenceIsReported() {
        for (int leaver : new int[] {0, 3, 7}) {
            Exception e = assertThrows(IllegalStateException.class, () -> WorkGroup.run(c -> {
                c.localBarrier();
                if (c.localIdx != leaver) {
                    c.localBarrier();
                }
            }, new int[] {16}, new int[] {8}));
            assertTrue(e.getMessage().startsWith("barrier divergence"), e.getMessage());
        }
    }

    @Test
    void anExceptionBreaksTheBarrier() {
        RuntimeException thrown = new ArithmeticException("of item 5");
        Exception e = assertThrows(IllegalStateException.class, () -> WorkGroup.run(c -> {
            if (c.globalIdx == 5) {
                throw thrown;
            }
            c.localBarrier();
        }, new int[] {8}, new int[] {4}));
        assertSame(thrown, e.getCause());
        assertTrue(e.getMessage().contains("work-item 5,0,0 of group 1,0,0"), e.getMessage());
    }

    @Test
    void sizesMustFit() {
        assertThrows(IllegalArgumentException.class, () -> WorkGroup.run(c -> {}, new int[] {10}, new int[] {4}));
        assertThrows(IllegalArgumentException.class, () -> WorkGroup.run(c -> {}, new int[] {0}, new int[] {1}));
        assertThrows(IllegalArgumentException.class, () -> WorkGroup.run(c -> {}, new int[] {8, 8}, new int[] {8}));
    }
}
