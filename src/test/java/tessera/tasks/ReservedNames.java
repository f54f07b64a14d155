package tessera.tasks;

import java.util.Locale;
import java.util.Set;
import java.util.stream.Stream;

/** Names that mean something to a compiler behind TornadoVM, or that say what a name should not. */
final class ReservedNames {

    /** Keywords of C, C++, OpenCL C and CUDA, and what they predefine. */
    private static final Set<String> KEYWORDS = Set.of(("alignas alignof and asm auto bool break case catch char class const constexpr "
            + "continue decltype default delete do double else enum explicit export extern false float for friend goto half if inline int "
            + "long mutable namespace new noexcept not nullptr operator or private protected public quad register restrict return short "
            + "signed sizeof static struct switch template this throw true try typedef typeid typename uchar uint ulong union unsigned "
            + "ushort using virtual void volatile wchar_t while xor size_t ptrdiff_t intptr_t uintptr_t "
            + "kernel global local constant generic pipe read_only write_only read_write image1d_t image2d_t image3d_t sampler_t event_t "
            + "queue_t ndrange_t complex imaginary vec_step main dim3 threadIdx blockIdx blockDim gridDim warpSize").split(" "));

    /** Functions of OpenCL C and CUDA. */
    private static final Set<String> BUILT_INS = Set.of(("abs abs_diff acos acosh add_sat all any asin asinh atan atan2 atanh barrier "
            + "bitselect cbrt ceil clamp clz copysign cos cosh cospi cross ctz degrees distance dot erf erfc exp exp10 exp2 expm1 fabs "
            + "fast_distance fast_length fast_normalize fdim floor fma fmax fmin fmod fract frexp hadd hypot ilogb isequal isfinite isinf "
            + "isnan isnormal isordered ldexp length lgamma log log10 log1p log2 logb mad mad24 mad_hi mad_sat max maxmag mem_fence min "
            + "minmag mix modf mul24 mul_hi nan nextafter normalize pow popcount pown powr prefetch printf radians remainder remquo rhadd "
            + "rint rootn rotate round rsqrt select shuffle sign signbit sin sincos sinh sinpi smoothstep sqrt step sub_sat tan tanh tanpi "
            + "tgamma trunc upsample vload vstore atomicAdd atomicCAS assert clock malloc free memcpy memset").split(" "));

    /** Words for element types, devices and versions. */
    private static final Set<String> AXES = Set.of(("float half int gpu cpu fpga npu cuda ptx opencl spirv metal nvidia amd intel apple "
            + "jvm java tornado faster opt optimized optimised new old legacy").split(" "));
    private static final String TYPE_OR_VERSION = "(v|version|fp|bf|f|b|i|u|int|uint|float|double|half|sm)?\\d+";

    private ReservedNames() {
    }

    /** True if {@code name} is no keyword or built-in, and no word in it is an element type, a device or a version. */
    static boolean allowed(String name) {
        if (KEYWORDS.contains(name) || KEYWORDS.contains(name.toLowerCase(Locale.ROOT)) || BUILT_INS.contains(name) || name.startsWith("__")) {
            return false;
        }
        return Stream.of(name.split("(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|_")).map(word -> word.toLowerCase(Locale.ROOT))
                .noneMatch(word -> AXES.contains(word) || word.matches(TYPE_OR_VERSION));
    }
}
