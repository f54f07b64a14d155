package tessera.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import tessera.instructions.CopyAsync;
import tessera.instructions.LoadGlobal;
import tessera.instructions.LoadMatrix;
import tessera.instructions.LoadShared;
import tessera.instructions.Shared;
import tessera.instructions.ShuffleXor;
import tessera.instructions.StoreShared;
import tessera.instructions.Vote;
import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;

/** Mistakes with instructions that a device answers with nonsense, a fault or silence are errors in the emulation. */
@Timeout(60)
class WarpTest {

    private static void run(int groupSize, Consumer<KernelContext> kernel) {
        WorkGroup.run(kernel, new int[] {groupSize}, new int[] {groupSize});
    }

    private static void fails(String message, int groupSize, Consumer<KernelContext> kernel) {
        Exception e = assertThrows(IllegalStateException.class, () -> run(groupSize, kernel));
        assertTrue(e.getMessage().contains(message), e.getMessage());
    }

    @Test
    void lanesThatLeaveAreMissed() {
        fails("warp divergence", 64, context -> {
            if (context.localIdx != 40) {
                Vote.any(1);
            }
        });
    }

    @Test
    void lanesAtABarrierAreMissed() {
        fails("warp divergence", 32, context -> {
            if (context.localIdx < 16) {
                context.localBarrier();
            }
            ShuffleXor.of(1, 1);
        });
    }

    @Test
    void lanesAtAnotherInstructionAreMissed() {
        fails("warp divergence", 32, context -> {
            if (context.localIdx < 16) {
                Vote.any(1);
            } else {
                ShuffleXor.of(1, 1);
            }
        });
    }

    @Test
    void warpsAreWhole() {
        fails("needs whole warps", 48, context -> Vote.any(1));
    }

    @Test
    void wideAccessIsAligned() {
        FloatArray source = new FloatArray(16);
        fails("2 is no multiple of 4", 1, context -> LoadGlobal.four(source, 1, 1));
        fails("8 is no multiple of 16", 32, context -> LoadMatrix.four(Shared.allocate(512), 8));
        fails("4 is no multiple of 16", 1, context -> CopyAsync.copy(Shared.allocate(64), 4, source, 0, 0));
    }

    @Test
    void blocksOfSharedMemoryDoNotOverlapAndAreTheSameForAll() {
        run(64, context -> {
            int first = Shared.allocate(100);
            int second = Shared.allocate(64);
            assertEquals(0, first);
            assertEquals(128, second);
        });
        fails("more bytes of shared memory", 1, context -> Shared.allocate((48 << 10) + 1));
    }

    @Test
    void aCopyIsThereOnlyAfterTheWait() {
        FloatArray source = new FloatArray(8);
        source.init(3);
        run(1, context -> {
            int shared = Shared.allocate(32);
            StoreShared.four(shared, 0, 1f, 1f, 1f, 1f);
            CopyAsync.copy(shared, 0, source, 0, 0);
            CopyAsync.commit();
            CopyAsync.copy(shared, 16, source, 0, 4);
            CopyAsync.commit();
            CopyAsync.await(2);
            assertEquals(1, LoadShared.one(shared, 0));
            CopyAsync.await(1);
            assertEquals(3, LoadShared.one(shared, 0));
            assertTrue(Float.isNaN(LoadShared.one(shared, 16)));
            CopyAsync.await(0);
            assertEquals(3, LoadShared.one(shared, 28));
        });
    }

    @Test
    void anInstructionOfAWarpNeedsOne() {
        assertThrows(IllegalStateException.class, () -> Vote.any(1));
    }
}
