package tessera.masks;

/** Every query sees every key. */
public record Full() implements Mask {

    @Override
    public boolean allows(int map, int query, int position, int key) {
        return true;
    }

    @Override
    public Coverage coverage(int map, QueryBlock queries, int firstKey, int endKey) {
        return Coverage.FULL;
    }

    @Override
    public Window window(int map) {
        return new Window(0, -1, -1);
    }

    @Override
    public String toString() {
        return "full";
    }
}
