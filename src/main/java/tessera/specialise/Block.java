package tessera.specialise;

import java.lang.classfile.CodeBuilder;
import java.lang.classfile.Opcode;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/** A stretch of the specialised kernel that is entered at its start and left at its end. */
final class Block {
    /** One instruction and the line that it comes from. */
    record Emission(int line, Consumer<CodeBuilder> write) {
    }

    private final List<Emission> code = new ArrayList<>();
    private List<Block> successors = List.of();
    private Opcode branch;

    void add(int line, Consumer<CodeBuilder> write) {
        code.add(new Emission(line, write));
    }

    void endWith(Block next) {
        successors = List.of(next);
    }

    void endWith(Opcode condition, Block taken, Block otherwise) {
        branch = condition;
        successors = List.of(taken, otherwise);
    }

    List<Emission> code() {
        return code;
    }

    /** None after a return; after a branch the one that it jumps to, then the one that it goes on with. */
    List<Block> successors() {
        return successors;
    }

    /** The condition that chooses between two successors, or null. */
    Opcode branch() {
        return branch;
    }
}
