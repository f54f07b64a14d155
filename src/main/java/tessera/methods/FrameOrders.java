package tessera.methods;

/**
 * Two orders of a video with a block of tokens in each frame (Sparse VideoGen, arXiv:2502.01776). Sorted by frame, a spatial head
 * sees near frames and the first one; sorted by place in the frame, a temporal head sees near places. In both orders these are
 * whole blocks, as frames or places are padded to such.
 */
record FrameOrders(int n) {

    /** Frames that a spatial head sees on each side. */
    static final int FRAMES = 1;

    int block() {
        return Setup.block(n);
    }

    int frames() {
        return Math.ceilDiv(n, block());
    }

    /** Blocks that hold one place of all frames. */
    int blocksOfPlace() {
        return Math.ceilDiv(frames(), block());
    }

    /** Places that a temporal head sees on each side. */
    int places() {
        return block() / 8;
    }

    /** Length of either order, with padding. */
    int padded() {
        return block() * block() * blocksOfPlace();
    }

    /** Key blocks of a query in either order, at most. */
    int lists() {
        return Math.max(2 * FRAMES + 2, (2 * places() + 1) * blocksOfPlace());
    }

    boolean seesSpatially(int i, int j) {
        return j / block() == 0 || Math.abs(i / block() - j / block()) <= FRAMES;
    }

    boolean seesTemporally(int i, int j) {
        return Math.abs(i % block() - j % block()) <= places();
    }

    /** The token at a place of an order, -1 for padding. */
    int token(boolean temporal, int at) {
        int place = at / (block() * blocksOfPlace());
        int frame = at % (block() * blocksOfPlace());
        int token = temporal ? frame * block() + place : at;
        return token < n ? token : -1;
    }

    /** The l-th key block of the query at a place of an order, -1 if it has none. */
    int keyBlock(boolean temporal, int at, int l) {
        if (!temporal) {
            int frame = at / block();
            int first = Math.max(0, frame - FRAMES);
            int key = first > 0 ? l == 0 ? 0 : first + l - 1 : l;
            return key <= frame + FRAMES && key < padded() / block() ? key : -1;
        }
        int place = at / block() / blocksOfPlace();
        int key = (place - places()) * blocksOfPlace() + l;
        return key >= 0 && key < (place + places() + 1) * blocksOfPlace() && key < padded() / block() ? key : -1;
    }
}
