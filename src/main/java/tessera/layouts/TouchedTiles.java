package tessera.layouts;

import java.util.Arrays;

/** The tiles of keys that the rows of one tile touch after the other, each with the number of keys that their lists see without bits. */
final class TouchedTiles {
    private final RunList runs;
    private final int tileK;
    private final int[] tiles;
    private final int[] whole;
    private final int[] round;
    private int rounds;
    private int count;
    private int all;
    private int begin = -1;
    private int stop = -1;

    /** @param keyTiles tiles of {@code tileK} keys that there are */
    TouchedTiles(RunList runs, int keyTiles, int tileK) {
        this.runs = runs;
        this.tileK = tileK;
        this.tiles = new int[keyTiles];
        this.whole = new int[keyTiles];
        this.round = new int[keyTiles];
    }

    /** Looks at the lists of a tile of rows; several small ones have the same. */
    void find(int firstList, int lastList) {
        all = tileK * (lastList - firstList + 1);
        int before = begin;
        int until = stop;
        begin = runs.start(firstList);
        stop = runs.start(lastList + 1);
        if (begin == before && stop == until) {
            return;
        }
        rounds++;
        count = 0;
        for (int run = begin; run < stop; run++) {
            int end = runs.key(run) + runs.length(run);
            for (int k = runs.key(run) / tileK; k * tileK < end; k++) {
                if (round[k] != rounds) {
                    round[k] = rounds;
                    whole[k] = 0;
                    tiles[count++] = k;
                }
                whole[k] += runs.isMixed(run) ? 0 : Math.min(end, (k + 1) * tileK) - Math.max(runs.key(run), k * tileK);
            }
        }
    }

    int count() {
        return count;
    }

    int[] sorted() {
        return Arrays.stream(tiles, 0, count).sorted().toArray();
    }

    boolean isMixed(int k) {
        return whole[k] < all;
    }

    int mixed() {
        int mixed = 0;
        for (int n = 0; n < count; n++) {
            mixed += isMixed(tiles[n]) ? 1 : 0;
        }
        return mixed;
    }
}
