package tessera.experiments.claims;

import static tessera.experiments.claims.Finding.row;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.IntStream;
import tessera.AttentionSpec;
import tessera.experiments.Curves;
import tessera.experiments.Workload;
import tessera.layouts.BlockMap;
import tessera.masks.Blocks;
import tessera.masks.Mask;
import tessera.masks.Stride;
import tessera.methods.Methods;

/** Claims about who sees whom, decided by counting. */
final class MaskClaims {
    private static final int LENGTH = 1024;
    private static final int SIDE = 8;
    private static final int BLOCKS = 64;

    static final List<Claim> ALL = List.of(
            Claim.exact("Q21", "Dilation widens the receptive field of a window at the same cost", "arXiv:2004.05150, arXiv:1904.10509",
                    "tokens that reach the middle one of " + LENGTH + " through layers of a window of " + (2 * SIDE + 1)
                    + " keys, with and without gaps; confirmed if more tokens do, conditional if they only lie farther away", _ -> dilation()),
            Claim.exact("Q24", "Random blocks keep distant tokens connected", "arXiv:2007.14062",
                    "longest of the shortest ways between " + BLOCKS + " blocks of which each sees its neighbours, with random blocks and without, over "
                    + "ten seeds; conditional if they shorten it only where there are no global blocks", _ -> connections()),
            Claim.exact("V09", "The radial mask of video models has O(N log N) pairs", "arXiv:2506.19852",
                    "pairs of the mask of P17; confirmed if a token gains about as many with each doubling of the length", _ -> radial()),
            Claim.exact("V17", "Log-linear attention keeps O(log N) states", "arXiv:2506.04761",
                    "buckets into which a token's past falls, over all tokens; confirmed if there are never more than log2 N + 1", _ -> states()));

    private MaskClaims() {
    }

    /** Tokens that reach the one in the middle through some layers. */
    private static BitSet reached(List<? extends Mask> layers) {
        BitSet reached = new BitSet();
        reached.set(LENGTH / 2);
        for (Mask layer : layers) {
            BitSet next = new BitSet();
            reached.stream().forEach(i -> IntStream.range(0, LENGTH).filter(j -> layer.allows(0, i, i, j)).forEach(next::set));
            reached = next;
        }
        return reached;
    }

    private static Finding dilation() {
        List<Map<String, Object>> rows = new ArrayList<>();
        Map<String, Map<Integer, Double>> lines = new LinkedHashMap<>();
        BitSet plain = null;
        BitSet dilated = null;
        BitSet mixed = null;
        for (int depth = 1; depth <= 4; depth++) {
            plain = reached(IntStream.range(0, depth).mapToObj(_ -> new Stride(1, SIDE)).toList());
            dilated = reached(IntStream.range(0, depth).mapToObj(_ -> new Stride(4, SIDE)).toList());
            mixed = reached(IntStream.range(0, depth).mapToObj(layer -> new Stride(layer % 2 == 0 ? 1 : 4, SIDE)).toList());
            for (Map.Entry<String, BitSet> field : Map.of("window", plain, "every 4th", dilated, "in turn", mixed).entrySet()) {
                lines.computeIfAbsent(field.getKey(), _ -> new TreeMap<>()).put(depth, (double) field.getValue().cardinality());
                rows.add(row("layers", depth, "window", field.getKey(), "tokens reached", field.getValue().cardinality(), "span", span(field.getValue())));
            }
        }
        return dilation(plain.cardinality(), span(plain), dilated.cardinality(), span(dilated), mixed.cardinality(), span(mixed)).with(rows)
                .with(new Curves("Receptive field", "layers", "tokens reached", lines));
    }

    private static int span(BitSet tokens) {
        return tokens.length() - tokens.nextSetBit(0);
    }

    /** Tokens and span, after four layers of as many pairs each. */
    static Finding dilation(int plain, int plainSpan, int dilated, int dilatedSpan, int mixed, int mixedSpan) {
        Verdict verdict = dilatedSpan <= plainSpan ? Verdict.REFUTED : dilated > plain ? Verdict.CONFIRMED : Verdict.CONDITIONAL;
        return Finding.of(verdict, "after four layers a window reaches %d tokens over a span of %d, one of every 4th token %d over %d, both in turn %d "
                + "over %d: gaps alone reach farther, not more", plain, plainSpan, dilated, dilatedSpan, mixed, mixedSpan);
    }

    private static Finding connections() {
        List<Map<String, Object>> rows = new ArrayList<>();
        Map<Integer, Double> longest = new TreeMap<>();
        for (int random = 0; random <= 3; random++) {
            int count = random;
            int[] diameters = IntStream.range(0, 10).map(seed -> diameter(count, seed, false)).sorted().toArray();
            int withGlobal = IntStream.range(0, 10).map(seed -> diameter(count, seed, true)).max().orElseThrow();
            longest.put(random, (double) diameters[9]);
            rows.add(row("random blocks", random, "diameter, least", diameters[0], "median", diameters[5], "most", diameters[9], "with a global block",
                    withGlobal));
        }
        return connections((int) (double) longest.get(0), (int) (double) longest.get(3), (int) rows.getFirst().get("with a global block"),
                (int) rows.getLast().get("with a global block")).with(rows);
    }

    private static int diameter(int count, int seed, boolean global) {
        Blocks random = Blocks.random(1, BLOCKS, BLOCKS, 1, 1, Math.max(1, count), seed);
        return IntStream.range(0, BLOCKS).map(start -> {
            int[] distance = new int[BLOCKS];
            Arrays.fill(distance, Integer.MAX_VALUE);
            distance[start] = 0;
            Deque<Integer> open = new ArrayDeque<>(List.of(start));
            while (!open.isEmpty()) {
                int i = open.poll();
                for (int j = 0; j < BLOCKS; j++) {
                    boolean sees = Math.abs(i - j) <= 1 || global && (i == 0 || j == 0) || count > 0 && random.block(0, i, j);
                    if (sees && distance[j] == Integer.MAX_VALUE) {
                        distance[j] = distance[i] + 1;
                        open.add(j);
                    }
                }
            }
            return Arrays.stream(distance).max().orElseThrow();
        }).max().orElseThrow();
    }

    static Finding connections(int none, int three, int globalNone, int globalThree) {
        Verdict verdict = three >= none ? Verdict.REFUTED : globalThree < globalNone ? Verdict.CONFIRMED : Verdict.CONDITIONAL;
        return Finding.of(verdict, "the longest way is %d layers with neighbours alone and at most %d with three random blocks in any of ten seeds; with "
                + "one global block it is %d without random blocks and %d with them", none, three, globalNone, globalThree);
    }

    private static Finding states() {
        Map<Integer, Integer> most = new TreeMap<>();
        for (int length = 64; length <= 2048; length *= 2) {
            int n = length;
            most.put(length, IntStream.range(0, n).map(t -> (int) IntStream.rangeClosed(0, t).map(s -> Integer.SIZE - Integer.numberOfLeadingZeros(t ^ s))
                    .distinct().count()).max().orElseThrow());
        }
        return states(most).with(most.keySet().stream().map(length -> row("tokens", length, "states at most", most.get(length))).toList());
    }

    static Finding states(Map<Integer, Integer> most) {
        boolean logarithmic = most.entrySet().stream().allMatch(e -> e.getValue() <= Math.log(e.getKey()) / Math.log(2) + 1 + 1e-9);
        int longest = most.keySet().stream().max(Integer::compare).orElseThrow();
        return Finding.of(logarithmic ? Verdict.CONFIRMED : Verdict.REFUTED, "among %d tokens none has more than %d states", longest, most.get(longest));
    }

    private static Finding radial() {
        Map<Integer, Double> pairs = new TreeMap<>();
        List<Map<String, Object>> rows = new ArrayList<>();
        for (int length : new int[] {1024, 2048, 4096, 8192}) {
            Workload drawn = Workload.drawn(1, 1, length, 1, 1);
            AttentionSpec spec = (AttentionSpec) Methods.of("P17").on(drawn.q(), drawn.k(), drawn.v(), 1).spec();
            pairs.put(length, (double) BlockMap.of(spec, 64, 64).statistics(spec).allowedPairs());
            rows.add(row("tokens", length, "pairs", pairs.get(length), "density", pairs.get(length) / length / length));
        }
        return radial(pairs).with(rows).with(new Curves("Pairs of the radial mask", "tokens", "pairs", Map.of("radial", pairs)));
    }

    /** Of N log N pairs each token gains as many when the length doubles, whatever it is; of N^2 twice as many as before. */
    static Finding radial(Map<Integer, Double> pairs) {
        List<Double> ofToken = new TreeMap<>(pairs).entrySet().stream().map(e -> e.getValue() / e.getKey()).toList();
        double first = ofToken.get(1) - ofToken.get(0);
        double last = ofToken.getLast() - ofToken.get(ofToken.size() - 2);
        return Finding.of(last <= 1.25 * first ? Verdict.CONFIRMED : Verdict.REFUTED, "a token has %.0f more pairs when the shortest length doubles and "
                + "%.0f more when the last one does: as many each time is N log N, twice as many each time N^2", first, last);
    }
}
