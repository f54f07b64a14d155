package tessera.specialise;

import java.lang.classfile.Opcode;
import java.util.ArrayList;
import java.util.List;
import java.util.function.ToIntFunction;

/**
 * A stack instruction, in words of the operand stack.
 *
 * @param copied how many of the topmost words are copied; or, if none is kept, removed
 * @param skipped how many words below them the copies go under
 */
record Copying(int copied, int skipped, boolean kept) {

    static Copying of(Opcode opcode) {
        return switch (opcode) {
            case DUP -> new Copying(1, 0, true);
            case DUP_X1 -> new Copying(1, 1, true);
            case DUP_X2 -> new Copying(1, 2, true);
            case DUP2 -> new Copying(2, 0, true);
            case DUP2_X1 -> new Copying(2, 1, true);
            case DUP2_X2 -> new Copying(2, 2, true);
            case POP -> new Copying(1, 0, false);
            case POP2 -> new Copying(2, 0, false);
            default -> throw new IllegalArgumentException(opcode.name());
        };
    }

    /** The same on the words that are left of these when some values are not on the stack. */
    static Opcode opcode(int copied, int skipped, boolean kept) {
        if (!kept) {
            return copied == 1 ? Opcode.POP : Opcode.POP2;
        }
        return switch (skipped) {
            case 0 -> copied == 1 ? Opcode.DUP : Opcode.DUP2;
            case 1 -> copied == 1 ? Opcode.DUP_X1 : Opcode.DUP2_X1;
            default -> copied == 1 ? Opcode.DUP_X2 : Opcode.DUP2_X2;
        };
    }

    /** What this copies and skips, taken from the stack. */
    record Taken<E>(List<E> top, List<E> under) {
    }

    <E> Taken<E> take(List<E> stack, ToIntFunction<E> words) {
        return new Taken<>(take(stack, copied, words), take(stack, skipped, words));
    }

    private static <E> List<E> take(List<E> stack, int count, ToIntFunction<E> words) {
        List<E> taken = new ArrayList<>();
        for (int left = count; left > 0; ) {
            E value = stack.removeLast();
            taken.addFirst(value);
            left -= words.applyAsInt(value);
        }
        return taken;
    }

    <E> void put(Taken<E> taken, List<E> stack) {
        if (kept) {
            stack.addAll(taken.top());
            stack.addAll(taken.under());
            stack.addAll(taken.top());
        }
    }
}
