package tessera.instructions;

import java.lang.reflect.Method;
import java.util.Arrays;
import java.util.List;

/** All instructions that a compiler can be taught. */
public final class Instructions {

    private static final List<Class<?>> CLASSES = List.of(Bits.class, CopyAsync.class, Exp2.class, Fmax.class, Fragment.class, HalfPair.class,
            LoadGlobal.class, LoadMatrix.class, LoadShared.class, MultiplyBfloat.class, MultiplyBytes.class, MultiplyHalf.class, MultiplyTf32.class,
            PackBfloat.class, PackHalf.class, Select.class, Shared.class, Shuffle.class, ShuffleXor.class, StoreGlobal.class, StoreShared.class, SyncWarp.class,
            Tf32.class, Vote.class);

    private Instructions() {
    }

    /** Every method with {@link Ptx}. */
    public static List<Method> methods() {
        return CLASSES.stream().flatMap(owner -> Arrays.stream(owner.getDeclaredMethods()))
                .filter(method -> method.isAnnotationPresent(Ptx.class)).toList();
    }
}
