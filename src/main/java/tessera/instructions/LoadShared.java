package tessera.instructions;

import java.nio.ByteBuffer;
import tessera.engine.WorkItem;

/** Loads floats from shared memory, at addresses that are multiples of their size. Offsets are in bytes and constant. */
public final class LoadShared {

    private LoadShared() {
    }

    /** PTX {@code ld.shared.f32}. */
    @Ptx("ld.shared.f32 $r, [${0}+#{1}];")
    public static float one(int shared, int offset) {
        return load(1, shared + offset)[0];
    }

    /** PTX {@code ld.shared.v2.f32}. */
    public static void two(@Out(2) float[] r, int at, int shared, int offset) {
        System.arraycopy(two(shared, offset), 0, r, at, 2);
    }

    /** As {@link #two(float[], int, int, int)}, by registers. */
    @Ptx("ld.shared.v2.f32 {$r_0, $r_1}, [${0}+#{1}];")
    public static float[] two(int shared, int offset) {
        return load(2, shared + offset);
    }

    /** PTX {@code ld.shared.v4.f32}. */
    public static void four(@Out(4) float[] r, int at, int shared, int offset) {
        System.arraycopy(four(shared, offset), 0, r, at, 4);
    }

    /** As {@link #four(float[], int, int, int)}, by registers. */
    @Ptx("ld.shared.v4.f32 {$r_0, $r_1, $r_2, $r_3}, [${0}+#{1}];")
    public static float[] four(int shared, int offset) {
        return load(4, shared + offset);
    }

    private static float[] load(int count, int address) {
        ByteBuffer memory = WorkItem.current().shared();
        float[] values = new float[count];
        Alignment.require(address, 4 * count);
        for (int i = 0; i < count; i++) {
            values[i] = memory.getFloat(address + 4 * i);
        }
        return values;
    }
}
