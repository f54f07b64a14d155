package tessera.engine;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Shared memory of an emulated group. It starts as NaN, because a device does not clear it. */
final class SharedMemory {

    /** What CUDA allows in blocks that a kernel declares. */
    private static final int BYTES = 48 << 10;

    private static final int ALIGNMENT = 128;

    private final byte[] bytes = new byte[BYTES];
    private final List<Integer> blocks = new ArrayList<>();
    private int used;

    SharedMemory() {
        Arrays.fill(bytes, (byte) -1);
    }

    ByteBuffer bytes() {
        return ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    }

    /** The address of the {@code nth} block, made when the first work-item asks for it. */
    synchronized int allocate(int nth, int size) {
        if (nth == blocks.size()) {
            if (size < 1 || size > BYTES - used) {
                throw new IllegalStateException(size + " more bytes of shared memory than the " + used + " taken: there are " + BYTES);
            }
            blocks.add(used);
            used = Math.ceilDiv(used + size, ALIGNMENT) * ALIGNMENT;
        }
        return blocks.get(nth);
    }
}
