package tessera.layouts;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;
import tessera.Arrangement;
import tessera.AttentionSpec;

/**
 * The tiles of keys that each tile of rows of a kernel visits, as {@link tessera.tasks.dense.MatrixAttention} reads them. A tile that no
 * row sees is left out, one that all rows see whole needs no mask, the others have bits. Rows are the queries of the heads that share
 * their keys and a map; those of one position stand side by side.
 */
public final class TileLists {
    private final AttentionSpec spec;
    private final Listing listing;
    private final RunList runs;
    private final int tileQ;
    private final int tileK;
    private final int group;
    private final int keyTiles;
    private Visits visits;

    /** The keys of a tile, and a bit for each of them and each position; null where all see all. */
    private record Tile(int firstKey, int[] bits) {
    }

    public TileLists(AttentionSpec spec, Listing listing, int tileQ, int tileK) {
        this.spec = spec;
        this.listing = listing;
        this.runs = listing.runs();
        this.tileQ = tileQ;
        this.tileK = tileK;
        this.group = spec.kvHeads() % listing.maps() == 0 ? spec.heads() / spec.kvHeads() : 1;
        this.keyTiles = Math.ceilDiv(spec.keys(), tileK);
    }

    /** Heads whose queries lie side by side. */
    public int group() {
        return group;
    }

    /** Tiles of rows of a head or group of heads. */
    public int tilesOfHead() {
        return Math.ceilDiv(group * spec.queries(), tileQ);
    }

    /** Most positions in a tile of rows. */
    private int positions() {
        return tileQ % group == 0 ? tileQ / group : tileQ / group + 2;
    }

    private int words() {
        return Math.ceilDiv(tileK, 32);
    }

    private int firstPosition(int tile) {
        return tile * tileQ / group;
    }

    private int lastPosition(int tile) {
        return Math.min(spec.queries() - 1, ((tile + 1) * tileQ - 1) / group);
    }

    private int list(int map, int position) {
        return map * Math.ceilDiv(spec.queries(), listing.blockQ()) + (listing.blockQ() < spec.queries() ? position / listing.blockQ() : 0);
    }

    /** How many pairs the tiles hold, over all batches and heads; an estimate where a run's inputs name the blocks. */
    public double pairs() {
        double tiles = spec.arrangement().lists() > 0 ? IntStream.range(0, tilesOfHead()).mapToDouble(this::expected).sum()
                : (double) visits().tiles / (listing.maps() * listing.batches());
        return tiles * tileQ * tileK * spec.batch() * (spec.heads() / group);
    }

    /** Tiles that lists without order name together. */
    private double expected(int tile) {
        double named = spec.arrangement().lists() * Math.ceil((double) spec.arrangement().listBlock() / tileK) + spec.arrangement().columns();
        return keyTiles * (1 - Math.pow(1 - Math.min(1, named / keyTiles), lists(0, tile)));
    }

    /** Numbers that an array for the tiles needs, whatever a run's inputs say. */
    public long capacity() {
        long header = 4L * spec.batch() * (spec.heads() / group) * tilesOfHead() + 2;
        if (!spec.isDynamic()) {
            return header + 2 * visits().tiles + visits().mixed * positions() * words();
        }
        long lists = (long) listing.maps() * listing.batches() * tilesOfHead();
        Arrangement a = spec.arrangement();
        boolean aligned = a.lists() == 0 || a.listBlock() % tileK == 0 && tileQ % group == 0 && a.listQueries() % positions() == 0;
        long edges = 2L * (positions() / tileK + 2) + 3 + a.columns();
        long mixed = aligned && a.sequences() == 0 ? Math.min(keyTiles, edges) : keyTiles;
        return header + lists * (2L * keyTiles + mixed * positions() * words());
    }

    /** Tiles of keys that all tiles of rows touch, and those that may need bits: some may turn out to need none. */
    private record Visits(long tiles, long mixed) {
    }

    private Visits visits() {
        if (visits == null) {
            long tiles = 0;
            long mixed = 0;
            TouchedTiles touched = new TouchedTiles(runs, keyTiles, tileK);
            for (int n = 0; n < listing.maps() * listing.batches() * tilesOfHead(); n++) {
                find(touched, n / tilesOfHead(), n % tilesOfHead());
                tiles += touched.count();
                mixed += touched.mixed();
            }
            visits = new Visits(tiles, mixed);
        }
        return visits;
    }

    /** Number of lists that a tile of rows has a part in. */
    private int lists(int map, int tile) {
        return list(map, lastPosition(tile)) - list(map, firstPosition(tile)) + 1;
    }

    private void find(TouchedTiles touched, int map, int tile) {
        touched.find(list(map, firstPosition(tile)), list(map, lastPosition(tile)));
    }

    private List<Tile> tiles(int map, int tile) {
        int[][] bits = new int[keyTiles][];
        TouchedTiles touched = new TouchedTiles(runs, keyTiles, tileK);
        find(touched, map, tile);
        int[] keys = touched.sorted();
        int first = firstPosition(tile);
        int last = lastPosition(tile);
        Arrays.stream(keys).filter(touched::isMixed).forEach(k -> bits[k] = new int[positions() * words()]);
        for (int position = first; position <= last; position++) {
            int list = list(map, position);
            for (int run = runs.start(list); run < runs.start(list + 1); run++) {
                mark(run, position % listing.blockQ(), (position - first) * words(), bits);
            }
        }
        List<Tile> tiles = new ArrayList<>();
        for (int k : keys) {
            int seen = bits[k] == null ? -1 : Arrays.stream(bits[k]).map(Integer::bitCount).sum();
            if (seen != 0) {
                tiles.add(new Tile(k * tileK, seen == tileK * (last - first + 1) ? null : bits[k]));
            }
        }
        return tiles;
    }

    /** Sets the bits of a query for the keys of a run, in the tiles that have bits. */
    private void mark(int run, int query, int row, int[][] bits) {
        int end = runs.key(run) + runs.length(run);
        for (int k = runs.key(run) / tileK; k * tileK < end; k++) {
            for (int key = Math.max(runs.key(run), k * tileK); bits[k] != null && key < Math.min(end, (k + 1) * tileK); key++) {
                if (runs.sees(run, query, key - runs.key(run))) {
                    bits[k][row + key % tileK / 32] |= 1 << key % tileK % 32;
                }
            }
        }
    }

    /**
     * For each work-group four numbers: its tile of rows, its key/value head, begin and end of its tiles; two for each tile: its first
     * key, and where its bits begin or -1; the bits. The longest lists of a head come first, so that the last ones to end are short.
     */
    public int[] numbers() {
        List<Rows> lists = new ArrayList<>();
        for (int map = 0; map < listing.batches() * listing.maps(); map++) {
            int one = map;
            IntStream.range(0, tilesOfHead()).parallel().mapToObj(t -> new Rows(t, tiles(one, t)))
                    .sorted(Comparator.comparing(rows -> -rows.tiles.size())).forEachOrdered(lists::add);
        }
        int heads = spec.heads() / group;
        int header = 4 * spec.batch() * heads * tilesOfHead();
        int[] numbers = new int[Math.toIntExact(header + lists.stream().mapToLong(Rows::size).sum() + 2)];
        int at = header;
        int[] begins = new int[lists.size()];
        for (int n = 0; n < begins.length; n++) {
            begins[n] = at;
            lists.get(n).write(numbers, at);
            at += lists.get(n).size();
        }
        for (int place = 0; place < header; place += 4) {
            int head = place / 4 / tilesOfHead();
            int map = head / heads % listing.batches() * listing.maps() + head % heads / (heads / listing.maps());
            int n = map * tilesOfHead() + place / 4 % tilesOfHead();
            numbers[place] = lists.get(n).tile;
            numbers[place + 1] = head / (heads / spec.kvHeads());
            numbers[place + 2] = begins[n];
            numbers[place + 3] = begins[n] + 2 * lists.get(n).tiles.size();
        }
        return numbers;
    }

    /** A tile of rows with its tiles of keys. */
    private record Rows(int tile, List<Tile> tiles) {
        int size() {
            return tiles.stream().mapToInt(keys -> 2 + (keys.bits == null ? 0 : keys.bits.length)).sum();
        }

        void write(int[] numbers, int begin) {
            int bits = begin + 2 * tiles.size();
            for (int n = 0; n < tiles.size(); n++) {
                Tile keys = tiles.get(n);
                numbers[begin + 2 * n] = keys.firstKey;
                numbers[begin + 2 * n + 1] = keys.bits == null ? -1 : bits;
                if (keys.bits != null) {
                    System.arraycopy(keys.bits, 0, numbers, bits, keys.bits.length);
                    bits += keys.bits.length;
                }
            }
        }
    }
}
