package tessera.layouts;

import java.util.Arrays;

/** Numbers one behind the other, as they come. */
final class Ints {
    private int[] values = new int[64];
    private int size;

    void add(int value) {
        if (size == values.length) {
            values = Arrays.copyOf(values, 2 * size);
        }
        values[size++] = value;
    }

    int size() {
        return size;
    }

    /** Forgets what was added since there were so many. */
    void cut(int earlier) {
        size = earlier;
    }

    int[] toArray() {
        return Arrays.copyOf(values, size);
    }
}
