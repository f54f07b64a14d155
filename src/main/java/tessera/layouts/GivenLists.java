package tessera.layouts;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import tessera.Arrangement;
import tessera.AttentionSpec;
import tessera.Tensor;

/**
 * The runs of the key blocks and columns that each block of queries names, each key once, cut by window and causality: with bits where
 * some of the queries see a key and others do not.
 */
final class GivenLists {
    private final AttentionSpec spec;
    private final Arrangement arrangement;
    private final Sequences sequences;
    private final Map<String, Tensor> inputs;
    private final RunList runs = new RunList();

    GivenLists(AttentionSpec spec, Sequences sequences, Map<String, Tensor> inputs) {
        this.spec = spec;
        this.arrangement = spec.arrangement();
        this.sequences = sequences;
        this.inputs = inputs;
    }

    /** Consecutive keys. */
    private record Keys(int from, int to) {
    }

    /** Numbers that the runs of one list can need: eight cuts at most, and bits for the keys at the two edges of a window. */
    static long capacity(AttentionSpec spec) {
        Arrangement a = spec.arrangement();
        long named = a.lists() + a.columns();
        long mixed = a.listQueries() == 1 ? 0 : Math.min(2L * a.listQueries(), (long) a.lists() * a.listBlock() + a.columns());
        return 4 * (named + 8) + Math.min(a.listQueries(), spec.queries()) * (mixed / 32 + Math.min(named + 8, mixed));
    }

    /** @throws IllegalArgumentException if a list names a block or key that is not there */
    Listing listing(String name) {
        int maps = Math.max(arrangement.listHeads(), spec.mask().maps());
        for (int batch = 0; batch < spec.batch(); batch++) {
            for (int map = 0; map < maps; map++) {
                int listHead = map / (maps / arrangement.listHeads());
                int[] columns = named("keyColumns", batch * arrangement.listHeads() + listHead, arrangement.columns(), spec.keys());
                for (int first = 0; first < spec.queries(); first += arrangement.listQueries()) {
                    int rows = Math.min(arrangement.listQueries(), spec.queries() - first);
                    Cut cut = new Cut(spec, spec.mask().window(map / (maps / spec.mask().maps())), sequences.ownPosition(batch, first), rows,
                            sequences.keys(batch), runs);
                    keys(batch, first / arrangement.listQueries(), listHead, columns).forEach(keys -> cut.add(keys.from, keys.to));
                    runs.endList();
                }
            }
        }
        return new Listing(name, arrangement.listQueries(), maps, spec.batch(), runs);
    }

    /** What a list names, joined where it touches. */
    private List<Keys> keys(int batch, int blockRow, int listHead, int[] columns) {
        int size = arrangement.listBlock();
        int list = (batch * Math.ceilDiv(spec.queries(), arrangement.listQueries()) + blockRow) * arrangement.listHeads() + listHead;
        int[] blocks = named("keyBlocks", list, arrangement.lists(), Math.ceilDiv(spec.keys(), size));
        List<Keys> all = new ArrayList<>();
        for (int block : blocks) {
            join(all, block * size, Math.min(spec.keys(), (block + 1) * size));
        }
        List<Keys> single = new ArrayList<>();
        for (int key : columns) {
            if (Arrays.binarySearch(blocks, key / size) < 0) {
                join(single, key, key + 1);
            }
        }
        all.addAll(single);
        return all;
    }

    private static void join(List<Keys> all, int from, int to) {
        boolean touches = !all.isEmpty() && all.getLast().to == from;
        all.add(new Keys(touches ? all.removeLast().from : from, to));
    }

    /** What one of the lists of an input names, ascending and each once; the first there are if there is no input yet. */
    private int[] named(String input, int list, int size, int count) {
        Tensor given = inputs.get(input);
        int[] named = new int[size];
        int some = 0;
        for (int n = 0; n < size; n++) {
            int one = given != null ? (int) given.get(list * size + n) : Math.min(n, count - 1);
            if (one < -1 || one >= count) {
                int[] dims = given.shape().dims();
                throw new IllegalArgumentException(input + index(list * size + n, dims) + " must be between -1 and " + (count - 1) + ", got " + one);
            }
            if (one >= 0) {
                named[some++] = one;
            }
        }
        Arrays.sort(named, 0, some);
        int kept = 0;
        for (int n = 0; n < some; n++) {
            if (n == 0 || named[n] != named[n - 1]) {
                named[kept++] = named[n];
            }
        }
        return Arrays.copyOf(named, kept);
    }

    private static String index(int element, int[] dims) {
        int[] index = new int[dims.length];
        for (int axis = dims.length - 1, rest = element; axis >= 0; rest /= dims[axis--]) {
            index[axis] = rest % dims[axis];
        }
        return Arrays.toString(index);
    }
}
