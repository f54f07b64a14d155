package tessera.masks;

/** Every query sees every key. */
public record Full() implements Mask {

    @Override
    public boolean allows(int head, int query, int position, int key) {
        return true;
    }

    @Override
    public String toString() {
        return "full";
    }
}
