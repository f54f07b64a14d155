package tessera.masks;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.SplittableRandom;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import net.jqwik.api.EdgeCasesMode;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;

/** What masks say of blocks, against a look at each pair. */
class CoverageTest {

    /** A mask of every kind for so many queries and keys. */
    static final class Drawn {
        private final SplittableRandom random;
        private final int queries;
        private final int keys;

        Drawn(int queries, int keys, long seed) {
            this.random = new SplittableRandom(seed);
            this.queries = queries;
            this.keys = keys;
        }

        List<Mask> simple() {
            List<Supplier<Mask>> kinds = List.of(() -> Mask.FULL, this::window, this::stride, this::blocks, this::global, this::line, this::neighbourhood,
                    this::buckets, this::original, this::packed);
            return kinds.stream().map(Supplier::get).toList();
        }

        List<Mask> all() {
            List<Mask> simple = simple();
            Mask a = simple.get(random.nextInt(simple.size()));
            Mask b = simple.get(random.nextInt(simple.size()));
            return Stream.concat(simple.stream(), Stream.of(a.and(b), a.or(b), a.not(), a.and(b.not()).or(window()),
                    a.and(Mask.CAUSAL), Mask.perHead(a, b, Mask.FULL), Mask.perHead(a, b).and(Mask.perHead(b, window(), a, stride())),
                    Mask.of(2, (map, query, position, key) -> (position + key) % 3 == map))).toList();
        }

        private Mask window() {
            return new Window(random.nextInt(6), random.nextInt(-1, 20), random.nextInt(-1, 20));
        }

        private Mask stride() {
            return new Stride(random.nextInt(1, 9), random.nextInt(-1, 6));
        }

        private Mask blocks() {
            double density = random.nextDouble();
            return new Blocks(1, queries, keys, random.nextInt(1, 12), random.nextInt(1, 12), (_, _, _) -> random.nextDouble() < density);
        }

        private Mask global() {
            double density = random.nextDouble();
            return GlobalTokens.of(IntStream.range(0, keys + 5).filter(_ -> random.nextDouble() < density).toArray());
        }

        private Mask line() {
            int size = keys + random.nextInt(4);
            return Neighbourhood.of(new int[] {size}, random.nextInt(1, size + 1));
        }

        private Mask neighbourhood() {
            int b = random.nextInt(1, 6);
            int c = random.nextInt(1, 4);
            int[] sizes = random.nextBoolean() ? new int[] {Math.ceilDiv(keys, b), b} : new int[] {Math.ceilDiv(keys, b * c), b, c};
            return Neighbourhood.of(sizes, IntStream.of(sizes).map(size -> random.nextInt(1, size + 1)).toArray());
        }

        private Mask buckets() {
            int count = random.nextInt(1, 5);
            int run = random.nextInt(1, 9);
            return new Buckets(IntStream.range(0, queries).map(i -> (i / run) % count).toArray(), random.ints(keys, 0, count).toArray());
        }

        private Mask original() {
            int most = random.nextInt(1, 40);
            return new OriginalCausal(random.ints(queries, 0, most).toArray(), random.ints(keys, 0, most).toArray());
        }

        private Mask packed() {
            int sequences = random.nextInt(0, 6);
            return new Packed(starts(sequences, queries), starts(sequences, keys));
        }

        private int[] starts(int sequences, int tokens) {
            int[] drawn = random.ints(sequences, 0, tokens + 2).sorted().toArray();
            return IntStream.concat(IntStream.of(0), IntStream.of(drawn)).toArray();
        }
    }

    @Property(tries = 600, edgeCases = EdgeCasesMode.NONE)
    void asALookAtEachPairSays(@ForAll @IntRange(min = 1, max = 40) int queries, @ForAll @IntRange(min = 1, max = 40) int keys,
            @ForAll @IntRange(min = -25, max = 25) int offset, @ForAll long seed) {
        Drawn drawn = new Drawn(queries, keys, seed);
        SplittableRandom random = new SplittableRandom(seed);
        for (Mask mask : drawn.all()) {
            Mask plain = mask::allows;
            for (int n = 0; n < 12; n++) {
                int first = random.nextInt(queries);
                QueryBlock block = new QueryBlock(first, random.nextInt(first + 1, queries + 1), offset);
                int firstKey = random.nextInt(keys);
                int endKey = random.nextInt(firstKey + 1, keys + 1);
                int map = random.nextInt(mask.maps());
                assertEquals(plain.coverage(map, block, firstKey, endKey), mask.coverage(map, block, firstKey, endKey),
                        () -> mask + " " + block + " keys " + firstKey + " to " + endKey);
                int next = mask.nextKey(map, block, firstKey);
                assertTrue(next >= firstKey, () -> mask + " goes back to " + next);
                if (firstKey < Math.min(next, keys)) {
                    assertEquals(Coverage.EMPTY, plain.coverage(map, block, firstKey, Math.min(next, keys)), () -> mask + " " + block + " skips to " + next);
                }
            }
        }
    }

    /** Each of them meets all three answers, so that the property above is no empty one. */
    @Example
    void everyKindMeetsEveryAnswer() {
        boolean[][] met = new boolean[10][3];
        SplittableRandom random = new SplittableRandom(5);
        for (int n = 0; n < 400; n++) {
            List<Mask> kinds = new Drawn(24, 30, n).simple();
            for (int kind = 0; kind < kinds.size(); kind++) {
                int first = random.nextInt(24);
                int key = random.nextInt(30);
                Coverage coverage = kinds.get(kind).coverage(0, new QueryBlock(first, Math.min(24, first + 3), 2), key, Math.min(30, key + 3));
                met[kind][coverage.ordinal()] = true;
            }
        }
        for (int kind = 0; kind < met.length; kind++) {
            for (Coverage coverage : Coverage.values()) {
                assertEquals(kind != 0 || coverage == Coverage.FULL, met[kind][coverage.ordinal()], "kind " + kind + " and " + coverage);
            }
        }
    }

    @Example
    void sidesAsWideAsNumbersGo() {
        QueryBlock block = new QueryBlock(0, 7, 0);
        int far = Integer.MAX_VALUE;
        assertEquals(Coverage.FULL, new Window(0, far, far).coverage(0, block, 0, 1 << 30));
        assertEquals(Coverage.PARTIAL, new Stride(2, far).coverage(0, block, 1 << 30, (1 << 30) + 1));
        assertEquals(Mask.NONE, new Window(0, -1, 4).nextKey(0, block, 1 << 30));
        assertEquals(Mask.NONE, new Stride(3, 2).nextKey(0, block, 1 << 30));
    }

    @Example
    void keysOutOfReachAreSkipped() {
        QueryBlock block = new QueryBlock(100, 110, 0);
        assertEquals(90, new Window(0, 10, 0).nextKey(0, block, 0));
        assertEquals(Mask.NONE, new Window(0, 10, 0).nextKey(0, block, 110));
        assertEquals(2, new Window(3, 10, 0).nextKey(0, block, 2));
        assertEquals(80, new Stride(10, 2).nextKey(0, block, 0));
        assertEquals(100, new Stride(50, -1).nextKey(0, block, 60));
        assertEquals(40, GlobalTokens.of(7, 40).nextKey(0, block, 8));
        assertEquals(96, new Blocks(1, 160, 160, 16, 16, (_, qb, kb) -> qb == kb).nextKey(0, block, 0));
        assertEquals(95, Packed.of(95, 20, 45).nextKey(0, block, 0));
        assertEquals(80, Neighbourhood.of(new int[] {20, 10}, 5, 3).nextKey(0, block, 0));
        assertEquals(98, Mask.window(10, 0).and(Mask.window(2, 0)).nextKey(0, block, 0));
        assertEquals(90, Mask.window(10, 0).or(Mask.window(2, 0)).nextKey(0, block, 0));
    }

    @Example
    void aBlockHasAQuery() {
        String message = assertThrows(IllegalArgumentException.class, () -> new QueryBlock(4, 4, 0)).getMessage();
        assertTrue(message.contains("first < end"), message);
    }

    @Example
    void randomBlocksAreDrawnApartForEveryRow() {
        Blocks blocks = Blocks.random(2, 64, 96, 8, 8, 3, 7);
        assertEquals(2 * 8 * 3, blocks.count());
        assertEquals(blocks, Blocks.random(2, 64, 96, 8, 8, 3, 7));
        assertFalse(blocks.equals(Blocks.random(2, 64, 96, 8, 8, 3, 8)));
        assertEquals(4, Blocks.random(1, 16, 16, 8, 8, 3, 7).count());
    }
}
