package tessera.instructions;

import java.nio.ByteBuffer;
import java.util.List;
import java.util.stream.IntStream;
import tessera.engine.WorkItem;

/**
 * Loads 8×8 matrices of 16-bit elements from shared memory into the registers of a warp. Lane {@code 8 i + j} gives the address
 * of row {@code j} of matrix {@code i}, 16 bytes each; register {@code i} of a lane is its pair of elements of matrix {@code i}:
 * row {@code lane / 4}, columns {@code 2 (lane % 4)} and the next.
 */
public final class LoadMatrix {

    private LoadMatrix() {
    }

    /** Four matrices, the {@code offset} in bytes and constant: PTX {@code ldmatrix.x4}. */
    public static void four(@Out(4) int[] r, int at, int shared, int offset) {
        System.arraycopy(four(shared, offset), 0, r, at, 4);
    }

    /** As {@link #four(int[], int, int, int)}, by registers. */
    @Ptx("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {$r_0, $r_1, $r_2, $r_3}, [${0}+#{1}];")
    public static int[] four(int shared, int offset) {
        WorkItem item = WorkItem.current();
        ByteBuffer memory = item.shared();
        return item.together("LoadMatrix.four", Alignment.require(shared + offset, 16), rows -> lanes((lane, matrix) ->
                memory.getInt(rows.get(8 * matrix + lane / 4) + 4 * (lane % 4))));
    }

    /** Four matrices, each transposed, the {@code offset} in bytes and constant: PTX {@code ldmatrix.x4.trans}. */
    public static void fourTransposed(@Out(4) int[] r, int at, int shared, int offset) {
        System.arraycopy(fourTransposed(shared, offset), 0, r, at, 4);
    }

    /** As {@link #fourTransposed(int[], int, int, int)}, by registers. */
    @Ptx("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {$r_0, $r_1, $r_2, $r_3}, [${0}+#{1}];")
    public static int[] fourTransposed(int shared, int offset) {
        WorkItem item = WorkItem.current();
        ByteBuffer memory = item.shared();
        return item.together("LoadMatrix.fourTransposed", Alignment.require(shared + offset, 16), rows -> lanes((lane, matrix) -> {
            int row = 8 * matrix + 2 * (lane % 4);
            int low = memory.getShort(rows.get(row) + 2 * (lane / 4));
            int high = memory.getShort(rows.get(row + 1) + 2 * (lane / 4));
            return low & 0xFFFF | high << 16;
        }));
    }

    private interface Element {
        int of(int lane, int matrix);
    }

    private static List<int[]> lanes(Element element) {
        return IntStream.range(0, 32).mapToObj(lane -> IntStream.range(0, 4).map(matrix -> element.of(lane, matrix)).toArray()).toList();
    }
}
