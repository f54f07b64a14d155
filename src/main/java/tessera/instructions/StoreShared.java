package tessera.instructions;

import java.nio.ByteBuffer;
import tessera.engine.WorkItem;

/** Stores to shared memory, at addresses that are multiples of the size. Offsets are in bytes and constant. */
public final class StoreShared {

    private StoreShared() {
    }

    /** PTX {@code st.shared.f32}. */
    @Ptx("st.shared.f32 [${0}+#{1}], ${2};")
    public static void one(int shared, int offset, float a) {
        store(shared + offset, Bits.of(a));
    }

    /** PTX {@code st.shared.v2.f32}. */
    @Ptx("st.shared.v2.f32 [${0}+#{1}], {${2}, ${3}};")
    public static void two(int shared, int offset, float a, float b) {
        store(shared + offset, Bits.of(a), Bits.of(b));
    }

    /** PTX {@code st.shared.v4.f32}. */
    @Ptx("st.shared.v4.f32 [${0}+#{1}], {${2}, ${3}, ${4}, ${5}};")
    public static void four(int shared, int offset, float a, float b, float c, float d) {
        store(shared + offset, Bits.of(a), Bits.of(b), Bits.of(c), Bits.of(d));
    }

    /** PTX {@code st.shared.v4.b32}. */
    @Ptx("st.shared.v4.b32 [${0}+#{1}], {${2}, ${3}, ${4}, ${5}};")
    public static void four(int shared, int offset, int a, int b, int c, int d) {
        store(shared + offset, a, b, c, d);
    }

    private static void store(int address, int... values) {
        ByteBuffer memory = WorkItem.current().shared();
        Alignment.require(address, 4 * values.length);
        for (int i = 0; i < values.length; i++) {
            memory.putInt(address + 4 * i, values[i]);
        }
    }
}
