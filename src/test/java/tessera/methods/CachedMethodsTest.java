package tessera.methods;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import tessera.AttentionSpec;
import tessera.SelectSpec;
import tessera.Shape;
import tessera.Tensor;
import tessera.Tessera;
import tessera.caches.CacheSpec;
import tessera.caches.CacheView;
import tessera.caches.KvCache;
import tessera.caches.KvSequence;
import tessera.caches.Retention;
import tessera.engine.Device;
import tessera.reference.Accuracy;
import tessera.reference.Expected;

/** Methods that keep, drop or rewrite tokens of a cache, decoded over a real one, give what their twins give. */
class CachedMethodsTest {
    private static final int BATCH = 2;
    private static final int HEADS = 4;
    private static final int N = 99;
    private static final int DIM = 12;
    private static final Shape SHAPE = Shape.of(BATCH, HEADS, N, DIM);

    private static Case on(String id) {
        return Methods.of(id).on(Tensor.random(SHAPE, 1), Tensor.random(SHAPE, 2), Tensor.random(SHAPE, 3), 4);
    }

    private static KvCache cache(int pages) {
        KvCache cache = new KvCache(CacheSpec.paged(HEADS, DIM, pages, 8));
        cache.keys().fill(Float.NaN);
        cache.values().fill(Float.NaN);
        return cache;
    }

    private static List<KvSequence> sequences(KvCache cache, Retention retention) {
        return IntStream.range(0, BATCH).mapToObj(_ -> cache.sequence(retention)).toList();
    }

    private static void append(List<KvSequence> sequences, Tensor k, Tensor v, int from, int end) {
        IntStream.range(0, BATCH).forEach(b -> sequences.get(b).append(k, v, b, from, end));
    }

    /** Of a method whose twin's rows are [batch, heads, rows]. */
    private static void assertRow(double[] twin, int rows, int row, Tensor out) {
        int[] at = IntStream.range(0, BATCH * HEADS * DIM).toArray();
        double[] expected = Arrays.stream(at).mapToDouble(e -> twin[(e / DIM * rows + row) * DIM + e % DIM]).toArray();
        Accuracy accuracy = Accuracy.of(out, new Expected.Values(at, expected));
        assertTrue(accuracy.within(1e-5), "row " + row + ": " + accuracy);
    }

    @ParameterizedTest
    @MethodSource("tessera.Tessera#devices")
    void aRingHoldsWhatStreamingLlmSees(Device device) {
        Map<String, Tensor> in = on("P08").inputs();
        double[] twin = Methods.of("P08").twin().of(in);
        KvCache cache = cache(6);
        List<KvSequence> sequences = sequences(cache, Retention.ring(Setup.SINKS, Setup.window(N) + 1));
        CacheView view = cache.view(Setup.SINKS + Setup.window(N) + 1, sequences);
        try (var plan = Tessera.plan(view.attention(HEADS, 1).causal().build(), device)) {
            for (int i = 0; i < N; i++) {
                append(sequences, in.get("k"), in.get("v"), i, i + 1);
                view.refresh();
                assertRow(twin, N, i, plan.run(view.inputs(CacheMethods.tokens(in.get("q"), i, i + 1))).outputs().get("out"));
            }
        }
    }

    /** Tokens that H2O evicts leave memory, and their pages are given back. */
    @ParameterizedTest
    @MethodSource("tessera.Tessera#devices")
    void theLightestTokensLeaveTheCache(Device device) {
        Map<String, Tensor> in = on("D02").inputs();
        double[] twin = Methods.of("D02").twin().of(in);
        KvCache cache = cache(40);
        List<KvSequence> sequences = sequences(cache, Retention.ALL);
        append(sequences, in.get("k"), in.get("v"), 0, N);
        CacheView view = cache.view(N, sequences);
        try (var plan = Tessera.plan(view.attention(HEADS, N).causal().columnMass().build(), device)) {
            weigh(sequences, plan.run(view.inputs(in.get("q"))).outputs());
        }
        int kept = 2 * Setup.window(N);
        Tensor out = null;
        try (var plan = Tessera.plan(view.attention(HEADS, 1).causal().columnMass().build(), device)) {
            for (int t = 0; t < Setup.length(in.get("newQ")); t++) {
                sequences.forEach(sequence -> sequence.evict(kept, Setup.window(N)));
                assertEquals(40 - BATCH * Math.ceilDiv(kept, 8), cache.usage().freePages());
                append(sequences, in.get("allK"), in.get("allV"), N + t, N + t + 1);
                view.refresh();
                Map<String, Tensor> outputs = plan.run(view.inputs(CacheMethods.tokens(in.get("newQ"), t, t + 1))).outputs();
                weigh(sequences, outputs);
                out = outputs.get("out");
            }
        }
        assertRow(twin, 1, 0, out);
    }

    private static void weigh(List<KvSequence> sequences, Map<String, Tensor> outputs) {
        IntStream.range(0, BATCH).forEach(b -> sequences.get(b).weigh(outputs.get("columnMass"), b));
    }

    /** The lists that SELECT gives are those that the cache keeps. */
    @ParameterizedTest
    @MethodSource("tessera.Tessera#devices")
    void whatTheLastQueriesVoteForStays(Device device) {
        Case snap = on("D33");
        Map<String, Tensor> there = snap.inputs();
        double[] twin = Methods.of("D33").twin().of(there);
        KvCache cache = cache(40);
        List<KvSequence> sequences = sequences(cache, Retention.ALL);
        append(sequences, there.get("k"), there.get("v"), 0, N);
        for (Step step : snap.steps().subList(0, 2)) {
            try (var plan = Tessera.plan(step.spec(), device)) {
                plan.run(step.arguments(there)).outputs().forEach((name, tensor) -> there.put(step.name() + "." + name, tensor));
            }
        }
        IntStream.range(0, BATCH).forEach(b -> sequences.get(b).compact(there.get("keep.keyBlocks"), b));
        int kept = ((SelectSpec) snap.steps().get(1).spec()).lists();
        assertEquals(kept, sequences.getFirst().length());
        assertEquals(40 - BATCH * Math.ceilDiv(kept, 8), cache.usage().freePages());
        int decoded = Setup.length(there.get("newQ"));
        CacheView view = cache.view(kept + decoded, sequences);
        try (var plan = Tessera.plan(view.attention(HEADS, 1).causal().build(), device)) {
            for (int i = 0; i < decoded; i++) {
                append(sequences, there.get("newK"), there.get("newV"), i, i + 1);
                view.refresh();
                assertRow(twin, decoded, i, plan.run(view.inputs(CacheMethods.tokens(there.get("newQ"), i, i + 1))).outputs().get("out"));
            }
        }
    }

    /** Token by token over two contiguous caches, the second one written again after every frame; the blocks are those of the twin. */
    @ParameterizedTest
    @MethodSource("tessera.Tessera#devices")
    void framesAreWrittenAgain(Device device) {
        Map<String, Tensor> in = on("D26").inputs();
        double[] twin = Methods.of("D26").twin().of(in);
        List<BlockChoice> choices = new RectifiedTwin(in).choices();
        int kvHeads = in.get("k").shape().dim(1);
        int frame = RectifiedMethods.RECENT * Setup.block(N);
        int lists = Math.ceilDiv(N, Setup.block(N));
        List<KvCache> caches = new ArrayList<>();
        List<List<KvSequence>> layers = new ArrayList<>();
        for (int layer = 0; layer < 2; layer++) {
            caches.add(new KvCache(CacheSpec.contiguous(kvHeads, DIM, BATCH, N)));
            layers.add(sequences(caches.getLast(), Retention.ALL));
        }
        AttentionSpec sparse = AttentionSpec.of(BATCH, HEADS, 1, DIM).kvHeads(kvHeads).keys(N).keyLengths().listed(kvHeads, lists, Setup.block(N)).causal().build();
        AttentionSpec dense = AttentionSpec.of(BATCH, HEADS, frame, DIM).kvHeads(kvHeads).keys(N).keyLengths().causal().build();
        try (var one = Tessera.plan(sparse, device); var all = Tessera.plan(dense, device)) {
            for (int t = 0; t < N; t++) {
                append(layers.getFirst(), in.get("k"), in.get("v"), t, t + 1);
                Tensor first = one.run(CacheMethods.tokens(in.get("q"), t, t + 1), caches.getFirst().keys(), caches.getFirst().values(),
                        caches.getFirst().lengths(), blocks(choices.getFirst(), kvHeads, t, lists)).outputs().get("out");
                append(layers.getLast(), project(first, in.get("weightK")), project(first, in.get("weightV")), 0, 1);
                Tensor out = one.run(project(first, in.get("weightQ")), caches.getLast().keys(), caches.getLast().values(),
                        caches.getLast().lengths(), blocks(choices.getLast(), kvHeads, t, lists)).outputs().get("out");
                assertRow(twin, N, t, out);
                if ((t + 1) % frame == 0) {
                    Tensor again = all.run(CacheMethods.tokens(in.get("q"), t + 1 - frame, t + 1), caches.getFirst().keys(),
                            caches.getFirst().values(), caches.getFirst().lengths()).outputs().get("out");
                    for (int b = 0; b < BATCH; b++) {
                        layers.getLast().get(b).rewrite(t + 1 - frame, batch(project(again, in.get("weightK")), b), batch(project(again, in.get("weightV")), b));
                    }
                }
            }
        }
    }

    /** {@code keyBlocks [batch, 1, kvHeads, lists]} of one token. */
    private static Tensor blocks(BlockChoice choice, int kvHeads, int token, int lists) {
        return Groups.numbers(Shape.of(BATCH, 1, kvHeads, lists), e -> choice.sees(e / lists, token, e % lists) ? e % lists : -1);
    }

    /** Of all heads' results of each token, {@code [batch, toHeads, tokens, dim]}. */
    private static Tensor project(Tensor x, Tensor weight) {
        int toHeads = weight.shape().dim(0);
        int n = x.shape().dim(2);
        Tensor y = Tensor.zeros(BATCH, toHeads, n, DIM);
        for (int e = 0; e < y.shape().elements(); e++) {
            int head = e / DIM / n;
            double sum = 0;
            for (int c = 0; c < HEADS * DIM; c++) {
                sum += x.get(((head / toHeads * HEADS + c / DIM) * n + e / DIM % n) * DIM + c % DIM)
                        * (double) weight.get((head % toHeads * HEADS * DIM + c) * DIM + e % DIM);
            }
            y.set(e, (float) sum);
        }
        return y;
    }

    private static Tensor batch(Tensor x, int batch) {
        int size = x.shape().elements() / BATCH;
        Tensor y = Tensor.zeros(1, x.shape().dim(1), x.shape().dim(2), x.shape().dim(3));
        x.copyTo(batch * size, y, 0, size);
        return y;
    }
}
