package tessera.instructions;

import java.util.List;
import java.util.stream.IntStream;
import tessera.engine.WorkItem;

/** Exchange of a value between the lanes of a warp. */
public final class ShuffleXor {

    private ShuffleXor() {
    }

    /** The value of lane {@code lane ^ mask}: PTX {@code shfl.sync.bfly.b32}. */
    @Ptx("shfl.sync.bfly.b32 $r, ${0}, ${1}, 31, 0xFFFFFFFF;")
    public static float of(float value, int mask) {
        return WorkItem.current().together("ShuffleXor", value, values -> exchange(values, mask));
    }

    /** The value of lane {@code lane ^ mask}: PTX {@code shfl.sync.bfly.b32}. */
    @Ptx("shfl.sync.bfly.b32 $r, ${0}, ${1}, 31, 0xFFFFFFFF;")
    public static int of(int value, int mask) {
        return WorkItem.current().together("ShuffleXor", value, values -> exchange(values, mask));
    }

    private static <T> List<T> exchange(List<T> values, int mask) {
        return IntStream.range(0, 32).mapToObj(lane -> values.get(lane ^ mask)).toList();
    }
}
