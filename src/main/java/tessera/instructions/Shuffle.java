package tessera.instructions;

import java.util.List;
import java.util.stream.IntStream;
import tessera.engine.WorkItem;

/** A value of any lane of a warp. */
public final class Shuffle {

    /** What a lane offers, and which lane's it wants. */
    private record Lane(float value, int from) {
    }

    private Shuffle() {
    }

    /** The value of lane {@code from}: PTX {@code shfl.sync.idx.b32}. */
    @Ptx("shfl.sync.idx.b32 $r, ${0}, ${1}, 31, 0xFFFFFFFF;")
    public static float of(float value, int from) {
        return WorkItem.current().together("Shuffle", new Lane(value, from), Shuffle::exchange);
    }

    private static List<Float> exchange(List<Lane> lanes) {
        return IntStream.range(0, 32).mapToObj(lane -> lanes.get(lanes.get(lane).from).value).toList();
    }
}
