package tessera.instructions;

import uk.ac.manchester.tornado.api.types.HalfFloat;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.HalfFloatArray;

/** Wide stores. The first element is at a multiple of their number. */
public final class StoreGlobal {

    private StoreGlobal() {
    }

    /** Two floats from {@code index + offset} on, the offset constant: PTX {@code st.global.v2.f32}. */
    @Ptx(writes = true, value = """
            {
            .reg .s64 address;
            mad.wide.s32 address, ${1}, 4, ${0};
            st.global.v2.f32 [address+#{2*4+header}], {${3}, ${4}};
            }""")
    public static void two(FloatArray out, int index, int offset, float a, float b) {
        int first = Alignment.require(index + offset, 2);
        out.set(first, a);
        out.set(first + 1, b);
    }

    /** Four floats from {@code index + offset} on, the offset constant: PTX {@code st.global.v4.f32}. */
    @Ptx(writes = true, value = """
            {
            .reg .s64 address;
            mad.wide.s32 address, ${1}, 4, ${0};
            st.global.v4.f32 [address+#{2*4+header}], {${3}, ${4}, ${5}, ${6}};
            }""")
    public static void four(FloatArray out, int index, int offset, float a, float b, float c, float d) {
        int first = Alignment.require(index + offset, 4);
        out.set(first, a);
        out.set(first + 1, b);
        out.set(first + 2, c);
        out.set(first + 3, d);
    }

    /** Two halves, as {@link PackHalf} makes them, from {@code index + offset} on, the offset constant: PTX {@code st.global.b32}. */
    @Ptx(writes = true, value = """
            {
            .reg .s64 address;
            mad.wide.s32 address, ${1}, 2, ${0};
            st.global.b32 [address+#{2*2+header}], ${3};
            }""")
    public static void pair(HalfFloatArray out, int index, int offset, int halves) {
        int first = Alignment.require(index + offset, 2);
        out.set(first, new HalfFloat((short) halves));
        out.set(first + 1, new HalfFloat((short) (halves >> 16)));
    }
}
