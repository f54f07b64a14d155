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
    public void requireFit(int queries, int keys) {
        long places = sizes.stream().mapToLong(Integer::longValue).reduce(1, Math::multiplyExact);
        if (places < keys) {
            throw new IllegalArgumentException("the neighbourhood has " + places + " places, too few for " + keys + " keys");
        }
    }

    @Override
    public String toString() {
        return "neighbourhood(" + windows + " of " + sizes + ")";
    }
}
