package tessera.engine;

import java.util.Arrays;
import java.util.List;
import uk.ac.manchester.tornado.api.KernelContext;

/**
 * A kernel with its arguments: all that an engine needs to run it.
 *
 * @param id unique in its program
 * @param arguments in the kernel's order; for ROWS without rowOffset and rowCount, for TILES without the context
 * @param rows number of rows, for ROWS
 * @param groups work-groups in x and y, for TILES
 * @param groupSize work-items in a work-group, for TILES
 */
public record Task(String id, Kernel kernel, Kernel.Kind kind, List<Object> arguments, int rows, int[] groups, int groupSize) {

    /** A task over {@code rows} rows; {@code arguments} leave out rowOffset and rowCount. */
    public static Task rows(String id, Kernel kernel, int rows, Object... arguments) {
        return new Task(id, kernel, Kernel.Kind.ROWS, List.of(arguments), rows, new int[0], 0);
    }

    /** A task over groupsX x groupsY work-groups of {@code groupSize} items; {@code arguments} leave out the context. */
    public static Task tiles(String id, Kernel kernel, int groupsX, int groupsY, int groupSize, Object... arguments) {
        return new Task(id, kernel, Kernel.Kind.TILES, List.of(arguments), 0, new int[] {groupsX, groupsY}, groupSize);
    }

    /** Arguments of one call of a ROWS kernel over {@code count} rows from {@code offset}. */
    public Object[] slice(int offset, int count) {
        Object[] call = Arrays.copyOf(arguments.toArray(), arguments.size() + 2);
        call[call.length - 2] = offset;
        call[call.length - 1] = count;
        return call;
    }

    /** Arguments of one call of a TILES kernel. */
    public Object[] inContext(KernelContext context) {
        Object[] call = new Object[arguments.size() + 1];
        call[0] = context;
        System.arraycopy(arguments.toArray(), 0, call, 1, arguments.size());
        return call;
    }

    @Override
    public String toString() {
        String work = kind == Kernel.Kind.ROWS ? rows + " rows" : groups[0] + "x" + groups[1] + " groups of " + groupSize;
        return id + ": " + kernel + " over " + work;
    }
}
