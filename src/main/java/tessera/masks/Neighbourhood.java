package tessera.masks;

import java.util.Arrays;
import java.util.List;

/**
 * Neighbourhood attention on a line, plane or volume (arXiv:2204.07143): along every axis of size n, the query at x sees the
 * {@code window} places from {@code clamp(x - window / 2, 0, n - window)} on. Tokens are numbered row-major.
 *
 * @param sizes places along each axis, outermost first
 * @param windows places seen along each axis
 */
public record Neighbourhood(List<Integer> sizes, List<Integer> windows) implements Mask {

    /** @throws IllegalArgumentException if the axes are not 1 to 3 or a window is not between 1 and its axis */
    public Neighbourhood {
        sizes = List.copyOf(sizes);
        windows = List.copyOf(windows);
        boolean fits = !sizes.isEmpty() && sizes.size() <= 3 && sizes.size() == windows.size();
        for (int axis = 0; fits && axis < sizes.size(); axis++) {
            fits = windows.get(axis) >= 1 && windows.get(axis) <= sizes.get(axis);
        }
        if (!fits) {
            throw new IllegalArgumentException("a neighbourhood needs 1 to 3 axes and a window of 1 to its size along each, got sizes "
                    + sizes + ", windows " + windows);
        }
    }

    /** For example {@code of(new int[] {8, 8}, 3, 5)}. */
    public static Neighbourhood of(int[] sizes, int... windows) {
        return new Neighbourhood(Arrays.stream(sizes).boxed().toList(), Arrays.stream(windows).boxed().toList());
    }

    @Override
    public boolean allows(int map, int query, int position, int key) {
        int at = position;
        int to = key;
        for (int axis = sizes.size() - 1; axis >= 0; axis--) {
            int size = sizes.get(axis);
            int window = windows.get(axis);
            int start = Math.clamp(Math.floorMod(at, size) - window / 2, 0, size - window);
            int place = to % size;
            if (place < start || place >= start + window) {
                return false;
            }
            at = Math.floorDiv(at, size);
            to /= size;
        }
        return true;
    }

    @Override
    public Coverage coverage(int map, QueryBlock queries, int firstKey, int endKey) {
        boolean inside = queries.firstPosition() >= 0 && queries.lastPosition() < places();
        return inside ? coverage(sizes.size() - 1, queries.firstPosition(), queries.lastPosition(), firstKey, endKey - 1)
                : Mask.super.coverage(map, queries, firstKey, endKey);
    }

    /** Of places that are numbered over the axes up to this one, the last of each range included. */
    private Coverage coverage(int axis, int firstQuery, int lastQuery, int firstKey, int lastKey) {
        if (axis == 0) {
            return line(0, firstQuery, lastQuery, firstKey, lastKey);
        }
        int size = sizes.get(axis);
        boolean some = false;
        boolean all = true;
        for (int query = firstQuery; query <= lastQuery && (all || !some); ) {
            int endQuery = product(query, lastQuery, size);
            for (int key = firstKey; key <= lastKey; ) {
                int endKey = product(key, lastKey, size);
                Coverage outer = coverage(axis - 1, query / size, endQuery / size, key / size, endKey / size);
                Coverage inner = line(axis, query % size, endQuery % size, key % size, endKey % size);
                some |= outer != Coverage.EMPTY && inner != Coverage.EMPTY;
                all &= outer == Coverage.FULL && inner == Coverage.FULL;
                key = endKey + 1;
            }
            query = endQuery + 1;
        }
        return Coverage.of(some, all);
    }

    /** The last of the places from {@code first} on that are all pairs of a range of the outer axes and a range of this one. */
    private static int product(int first, int last, int size) {
        int endOfLine = first - first % size + size - 1;
        return first % size != 0 || last <= endOfLine ? Math.min(last, endOfLine) : last - (last + 1) % size;
    }

    /** Along one axis: the places seen begin no earlier for a later query, and leave no gap between one query's and the next one's. */
    private Coverage line(int axis, int firstQuery, int lastQuery, int firstKey, int lastKey) {
        int size = sizes.get(axis);
        int window = windows.get(axis);
        int first = Math.clamp(firstQuery - window / 2, 0, size - window);
        int last = Math.clamp(lastQuery - window / 2, 0, size - window);
        return Coverage.of(lastKey >= first && firstKey < last + window, firstKey >= last && lastKey < first + window);
    }

    /** {@inheritDoc} Only the outermost axis tells. */
    @Override
    public int nextKey(int map, QueryBlock queries, int key) {
        if (queries.firstPosition() < 0 || queries.lastPosition() >= places()) {
            return key;
        }
        int inner = (int) (places() / sizes.getFirst());
        int window = windows.getFirst();
        int most = sizes.getFirst() - window;
        int first = Math.clamp(queries.firstPosition() / inner - window / 2, 0, most) * inner;
        long end = (Math.clamp(queries.lastPosition() / inner - window / 2, 0, most) + window) * (long) inner;
        return key >= end ? NONE : Math.max(key, first);
    }

    private long places() {
        long places = 1;
        for (int size : sizes) {
            places = Math.multiplyExact(places, (long) size);
        }
        return places;
    }

    @Override
    public void requireFit(int queries, int keys) {
        if (places() < keys) {
            throw new IllegalArgumentException("the neighbourhood has " + places() + " places, too few for " + keys + " keys");
        }
    }

    @Override
    public String toString() {
        return "neighbourhood(" + windows + " of " + sizes + ")";
    }
}
