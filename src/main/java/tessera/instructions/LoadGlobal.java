package tessera.instructions;

import uk.ac.manchester.tornado.api.types.arrays.ByteArray;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.HalfFloatArray;

/** Wide loads from arrays that the kernel does not write. The first element is at a multiple of their number. */
public final class LoadGlobal {

    private LoadGlobal() {
    }

    /** Two halves from {@code index + offset} on, the offset constant: PTX {@code ld.global.nc.b32}. */
    @Ptx("""
            {
            .reg .s64 address;
            mad.wide.s32 address, ${1}, 2, ${0};
            ld.global.nc.b32 $r, [address+#{2*2+header}];
            }""")
    public static int pair(HalfFloatArray source, int index, int offset) {
        int first = Alignment.require(index + offset, 2);
        return source.get(first).getHalfFloatValue() & 0xFFFF | source.get(first + 1).getHalfFloatValue() << 16;
    }

    /** Eight halves, two in an int, from {@code index + offset} on, the offset constant: PTX {@code ld.global.nc.v4.b32}. */
    public static void eight(@Out(4) int[] r, int at, HalfFloatArray source, int index, int offset) {
        System.arraycopy(eight(source, index, offset), 0, r, at, 4);
    }

    /** As {@link #eight(int[], int, HalfFloatArray, int, int)}, by registers. */
    @Ptx("""
            {
            .reg .s64 address;
            mad.wide.s32 address, ${1}, 2, ${0};
            ld.global.nc.v4.b32 {$r_0, $r_1, $r_2, $r_3}, [address+#{2*2+header}];
            }""")
    public static int[] eight(HalfFloatArray source, int index, int offset) {
        int first = Alignment.require(index + offset, 8);
        return new int[] {pair(source, first, 0), pair(source, first, 2), pair(source, first, 4), pair(source, first, 6)};
    }

    /** Four bytes from {@code index + offset} on, the offset constant: PTX {@code ld.global.nc.b32}. */
    @Ptx("""
            {
            .reg .s64 address;
            mad.wide.s32 address, ${1}, 1, ${0};
            ld.global.nc.b32 $r, [address+#{2*1+header}];
            }""")
    public static int bytes(ByteArray source, int index, int offset) {
        int first = Alignment.require(index + offset, 4);
        return source.get(first) & 255 | (source.get(first + 1) & 255) << 8 | (source.get(first + 2) & 255) << 16 | source.get(first + 3) << 24;
    }

    /** The float at {@code index + offset}, the offset constant: PTX {@code ld.global.nc.f32}. */
    @Ptx("""
            {
            .reg .s64 address;
            mad.wide.s32 address, ${1}, 4, ${0};
            ld.global.nc.f32 $r, [address+#{2*4+header}];
            }""")
    public static float one(FloatArray source, int index, int offset) {
        return source.get(index + offset);
    }

    /** Two floats from {@code index + offset} on, the offset constant: PTX {@code ld.global.nc.v2.f32}. */
    public static void two(@Out(2) float[] r, int at, FloatArray source, int index, int offset) {
        System.arraycopy(two(source, index, offset), 0, r, at, 2);
    }

    /** As {@link #two(float[], int, FloatArray, int, int)}, by registers. */
    @Ptx("""
            {
            .reg .s64 address;
            mad.wide.s32 address, ${1}, 4, ${0};
            ld.global.nc.v2.f32 {$r_0, $r_1}, [address+#{2*4+header}];
            }""")
    public static float[] two(FloatArray source, int index, int offset) {
        int first = Alignment.require(index + offset, 2);
        return new float[] {source.get(first), source.get(first + 1)};
    }

    /** Four floats from {@code index + offset} on, the offset constant: PTX {@code ld.global.nc.v4.f32}. */
    public static void four(@Out(4) float[] r, int at, FloatArray source, int index, int offset) {
        System.arraycopy(four(source, index, offset), 0, r, at, 4);
    }

    /** As {@link #four(float[], int, FloatArray, int, int)}, by registers. */
    @Ptx("""
            {
            .reg .s64 address;
            mad.wide.s32 address, ${1}, 4, ${0};
            ld.global.nc.v4.f32 {$r_0, $r_1, $r_2, $r_3}, [address+#{2*4+header}];
            }""")
    public static float[] four(FloatArray source, int index, int offset) {
        int first = Alignment.require(index + offset, 4);
        return new float[] {source.get(first), source.get(first + 1), source.get(first + 2), source.get(first + 3)};
    }
}
