package tessera.engine;

import java.lang.foreign.ValueLayout;
import java.util.List;
import uk.ac.manchester.tornado.api.types.arrays.TornadoNativeArray;

/**
 * A value at the start of every output that no kernel writes: where it is still there after a run, nothing came back from the
 * device. TornadoVM prints a failed call of the PTX driver and goes on.
 */
final class Canaries {
    /** As a float, a NaN that no arithmetic makes. */
    private static final int ALIVE = 0x7FA7CA7A;

    private final List<TornadoNativeArray> outputs;

    /** Outputs that are inputs too keep their values. */
    Canaries(Program program) {
        outputs = program.outputs().stream().filter(out -> program.inputs().stream().noneMatch(in -> in == out))
                .filter(out -> out.getSegment().byteSize() >= Integer.BYTES).toList();
    }

    void put() {
        outputs.forEach(out -> out.getSegment().set(ValueLayout.JAVA_INT_UNALIGNED, 0, ALIVE));
    }

    boolean anyAlive() {
        return outputs.stream().anyMatch(out -> out.getSegment().get(ValueLayout.JAVA_INT_UNALIGNED, 0) == ALIVE);
    }
}
