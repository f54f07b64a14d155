package tessera.engine;

import java.util.ArrayList;
import java.util.List;
import tessera.specialise.KernelCache;
import tessera.specialise.Specialiser;
import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.WorkerGrid;
import uk.ac.manchester.tornado.api.WorkerGrid1D;
import uk.ac.manchester.tornado.api.WorkerGrid2D;

/**
 * One launch of a kernel: a task, or a part of its rows.
 *
 * @param arguments all of them, in the kernel's order
 * @param grid work-items and their groups, or null where TornadoVM chooses
 */
record Launch(String id, Kernel kernel, Object[] arguments, WorkerGrid grid) {

    /**
     * Most work-items in a group of a ROWS kernel on a GPU. TornadoVM itself would take up to 1024, for which a kernel with
     * many registers cannot be launched; and a group of one where the number of rows is prime.
     */
    private static final int MOST_IN_GROUP = 64;

    /** A smaller group wastes most of a GPU's vector. */
    private static final int LEAST_IN_GROUP = 16;

    static List<Launch> of(Program program, Device device) {
        List<Launch> launches = new ArrayList<>();
        for (Task task : program.tasks()) {
            if (task.kind() == Kernel.Kind.TILES) {
                launches.add(tiles(task));
            } else if (device.kind().equals("GPU")) {
                rows(task, launches);
            } else {
                launches.add(new Launch(task.id(), task.kernel(), task.slice(0, task.rows()), null));
            }
        }
        return launches;
    }

    private static Launch tiles(Task written) {
        Task task = Specialiser.isFor(written.kernel()) && KernelCache.available() ? Specialiser.specialise(written) : written;
        WorkerGrid grid = new WorkerGrid2D(Math.multiplyExact(task.groups()[0], task.groupSize()), task.groups()[1]);
        grid.setLocalWork(task.groupSize(), 1, 1);
        return new Launch(task.id(), task.kernel(), task.inContext(new KernelContext()), grid);
    }

    /** A grid is exactly as large as its rows, since TornadoVM makes its size the bound of the loop; what is left is a second launch. */
    private static void rows(Task task, List<Launch> launches) {
        int rows = task.rows();
        int group = Math.min(rows, MOST_IN_GROUP);
        while (rows % group != 0) {
            group--;
        }
        if (group >= LEAST_IN_GROUP || group == rows) {
            launches.add(rows(task, task.id(), 0, rows, group));
            return;
        }
        int rest = rows % MOST_IN_GROUP;
        if (rows > rest) {
            launches.add(rows(task, task.id(), 0, rows - rest, MOST_IN_GROUP));
        }
        launches.add(rows(task, task.id() + "_rest", rows - rest, rest, rest));
    }

    private static Launch rows(Task task, String id, int offset, int count, int group) {
        WorkerGrid grid = new WorkerGrid1D(count);
        grid.setLocalWork(group, 1, 1);
        return new Launch(id, task.kernel(), task.slice(offset, count), grid);
    }
}
