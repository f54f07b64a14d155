package tessera.instructions;

import java.nio.ByteBuffer;
import tessera.engine.WorkItem;
import uk.ac.manchester.tornado.api.types.arrays.ByteArray;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.HalfFloatArray;

/** Copies from global to shared memory that go on while the work-item computes. Another one sees them after await and a barrier. */
public final class CopyAsync {
    private static final int BYTES = 16;

    private CopyAsync() {
    }

    /**
     * Starts to copy the 8 elements from {@code index + offset} on: PTX {@code cp.async.cg.shared.global}.
     *
     * @param sharedOffset bytes, constant
     * @param offset elements, constant
     */
    @Ptx("""
            {
            .reg .s64 address;
            mad.wide.s32 address, ${3}, 2, ${2};
            cp.async.cg.shared.global [${0}+#{1}], [address+#{4*2+header}], 16;
            }""")
    public static void copy(int shared, int sharedOffset, HalfFloatArray source, int index, int offset) {
        int from = Alignment.require(index + offset, BYTES / 2);
        int to = Alignment.require(shared + sharedOffset, BYTES);
        WorkItem item = WorkItem.current();
        ByteBuffer memory = item.shared();
        item.copies().start(() -> {
            for (int i = 0; i < BYTES / 2; i++) {
                memory.putShort(to + 2 * i, source.get(from + i).getHalfFloatValue());
            }
        });
    }

    /**
     * Starts to copy the 4 elements from {@code index + offset} on: PTX {@code cp.async.cg.shared.global}.
     *
     * @param sharedOffset bytes, constant
     * @param offset elements, constant
     */
    @Ptx("""
            {
            .reg .s64 address;
            mad.wide.s32 address, ${3}, 4, ${2};
            cp.async.cg.shared.global [${0}+#{1}], [address+#{4*4+header}], 16;
            }""")
    public static void copy(int shared, int sharedOffset, FloatArray source, int index, int offset) {
        int from = Alignment.require(index + offset, BYTES / 4);
        int to = Alignment.require(shared + sharedOffset, BYTES);
        WorkItem item = WorkItem.current();
        ByteBuffer memory = item.shared();
        item.copies().start(() -> {
            for (int i = 0; i < BYTES / 4; i++) {
                memory.putFloat(to + 4 * i, source.get(from + i));
            }
        });
    }

    /**
     * Starts to copy the 16 elements from {@code index + offset} on: PTX {@code cp.async.cg.shared.global}.
     *
     * @param sharedOffset bytes, constant
     * @param offset elements, constant
     */
    @Ptx("""
            {
            .reg .s64 address;
            mad.wide.s32 address, ${3}, 1, ${2};
            cp.async.cg.shared.global [${0}+#{1}], [address+#{4*1+header}], 16;
            }""")
    public static void copy(int shared, int sharedOffset, ByteArray source, int index, int offset) {
        int from = Alignment.require(index + offset, BYTES);
        int to = Alignment.require(shared + sharedOffset, BYTES);
        WorkItem item = WorkItem.current();
        ByteBuffer memory = item.shared();
        item.copies().start(() -> {
            for (int i = 0; i < BYTES; i++) {
                memory.put(to + i, source.get(from + i));
            }
        });
    }

    /** Makes a group of the copies started since the last one: PTX {@code cp.async.commit_group}. */
    @Ptx("cp.async.commit_group;")
    public static void commit() {
        WorkItem.current().copies().commit();
    }

    /**
     * Waits until at most the newest groups are under way: PTX {@code cp.async.wait_group}.
     *
     * @param pending how many, constant
     */
    @Ptx("cp.async.wait_group #{0};")
    public static void await(int pending) {
        WorkItem.current().copies().await(pending);
    }
}
