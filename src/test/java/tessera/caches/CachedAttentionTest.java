package tessera.caches;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import tessera.AttentionSpec;
import tessera.DType;
import tessera.MergeSpec;
import tessera.Shape;
import tessera.Tensor;
import tessera.Tessera;
import tessera.engine.Device;

/** Attention over a cache is softmax over the tokens that are in it, and reads them where they lie. */
class CachedAttentionTest {
    private static final int HEADS = 4;
    private static final int KV_HEADS = 2;
    private static final int DIM = 12;
    private static final int VALUE_DIM = 10;
    private long seed = 1;

    private KvCache cache(CacheSpec spec) {
        KvCache cache = new KvCache(spec.withValueDim(VALUE_DIM));
        if (spec.dtype().isFloat()) {
            cache.keys().fill(Float.NaN);
            cache.values().fill(Float.NaN);
        }
        return cache;
    }

    private void append(KvSequence sequence, int count) {
        sequence.append(random(KV_HEADS, count, DIM), random(KV_HEADS, count, VALUE_DIM));
    }

    private Tensor random(int heads, int count, int dim) {
        return Tensor.random(Shape.of(1, heads, count, dim), seed++);
    }

    /** One query of each sequence, of q [sequences, heads, 1, dim]. */
    private static void assertSees(List<Tokens> tokens, Tensor q, Tensor out, double tolerance) {
        for (int row = 0; row < tokens.size() * HEADS; row++) {
            Tensor k = tokens.get(row / HEADS).k();
            Tensor v = tokens.get(row / HEADS).v();
            int n = k.shape().dim(2);
            int head = row % HEADS / (HEADS / KV_HEADS);
            double sum = 0;
            double[] expected = new double[VALUE_DIM];
            for (int j = 0; j < n; j++) {
                double score = 0;
                for (int c = 0; c < DIM; c++) {
                    score += q.get(row * DIM + c) * k.get((head * n + j) * DIM + c) / Math.sqrt(DIM);
                }
                sum += Math.exp(score);
                for (int c = 0; c < VALUE_DIM; c++) {
                    expected[c] += Math.exp(score) * v.get((head * n + j) * VALUE_DIM + c);
                }
            }
            for (int c = 0; c < VALUE_DIM; c++) {
                assertEquals(expected[c] / sum, out.get(row * VALUE_DIM + c), tolerance);
            }
        }
    }

    /** One plan for every step, while sequences grow, are shared, go round and lose tokens. */
    @ParameterizedTest
    @MethodSource("tessera.Tessera#devices")
    void decodingOverPages(Device device) {
        KvCache cache = cache(CacheSpec.paged(KV_HEADS, DIM, 40, 8));
        KvSequence long1 = cache.sequence();
        append(long1, 37);
        List<KvSequence> batch = List.of(long1, cache.sequence(Retention.ring(3, 10)), long1.fork(), long1.fork(19));
        append(batch.get(1), 9);
        CacheView view = cache.view(63, batch);
        Tensor q = Tensor.random(Shape.of(4, HEADS, 1, DIM), 99);
        try (var plan = Tessera.plan(view.attention(HEADS, 1).causal().columnMass().build(), device)) {
            for (int step = 0; step < 9; step++) {
                batch.forEach(sequence -> append(sequence, 1));
                view.refresh();
                Map<String, Tensor> outputs = plan.run(view.inputs(q)).outputs();
                assertSees(batch.stream().map(sequence -> sequence.read(0, sequence.length())).toList(), q, outputs.get("out"), 1e-5);
                for (int b = 0; b < batch.size(); b++) {
                    batch.get(b).weigh(outputs.get("columnMass"), b);
                }
                batch.get(2).evict(20, 4);
            }
        }
        assertEquals(13, batch.get(1).length());
        assertEquals(20, batch.get(2).length());
        batch.forEach(KvSequence::free);
        assertEquals(0, cache.usage().taken());
        assertThrows(IllegalStateException.class, view::refresh);
    }

    @ParameterizedTest
    @MethodSource("tessera.Tessera#devices")
    void promptsInOneRaggedBatch(Device device) {
        KvCache cache = cache(CacheSpec.paged(KV_HEADS, DIM, 20, 8));
        List<KvSequence> batch = List.of(cache.sequence(), cache.sequence());
        append(batch.get(0), 21);
        append(batch.get(1), 5);
        CacheView view = cache.view(24, batch);
        Tensor q = Tensor.random(Shape.of(1, HEADS, 26, DIM), 99);
        Map<String, Tensor> inputs = view.inputs(q);
        Tensor starts = Tensor.zeros(DType.I32, Shape.of(3));
        starts.set(1, 21);
        starts.set(2, 26);
        inputs.put("cuSeqlensQ", starts);
        try (var plan = Tessera.plan(view.ragged(HEADS, 26).causal().build(), device)) {
            Tensor out = plan.run(inputs).outputs().get("out");
            for (int i = 0; i < 26; i++) {
                int sequence = i < 21 ? 0 : 1;
                assertSees(List.of(batch.get(sequence).read(0, i - sequence * 21 + 1)), token(q, i), token(out, i), 1e-5);
            }
        }
    }

    private static Tensor token(Tensor x, int token) {
        int dim = x.shape().dim(3);
        Tensor y = Tensor.zeros(1, HEADS, 1, dim);
        for (int e = 0; e < y.shape().elements(); e++) {
            y.set(e, x.get((e / dim * x.shape().dim(2) + token) * dim + e % dim));
        }
        return y;
    }

    @ParameterizedTest
    @MethodSource("tessera.Tessera#devices")
    void contiguousSequencesGoWithoutATable(Device device) {
        KvCache cache = cache(CacheSpec.contiguous(KV_HEADS, DIM, 3, 20));
        List<KvSequence> batch = List.of(cache.sequence(), cache.sequence(), cache.sequence());
        batch.forEach(sequence -> append(sequence, 1));
        append(batch.get(1), 19);
        append(batch.get(2), 6);
        Tensor q = Tensor.random(Shape.of(3, HEADS, 1, DIM), 99);
        AttentionSpec spec = AttentionSpec.of(3, HEADS, 1, DIM).kvHeads(KV_HEADS).keys(20).valueDim(VALUE_DIM).keyLengths().causal().build();
        try (var plan = Tessera.plan(spec, device)) {
            Tensor out = plan.run(q, cache.keys(), cache.values(), cache.lengths()).outputs().get("out");
            assertSees(batch.stream().map(sequence -> sequence.read(0, sequence.length())).toList(), q, out, 1e-5);
        }
    }

    @ParameterizedTest
    @MethodSource("tessera.Tessera#devices")
    void olderTokensAsIntegersAndRecentOnesAsTheyCame(Device device) {
        CacheSpec spec = CacheSpec.paged(KV_HEADS, DIM, 20, 8);
        KvCache older = cache(spec.withDType(DType.I8));
        KvCache recent = cache(spec.withDType(DType.F32));
        QuantisedSequence sequence = new QuantisedSequence(older, recent, 16);
        List<Tensor> outs = new ArrayList<>();
        List<Tensor> lses = new ArrayList<>();
        sequence.append(random(KV_HEADS, 63, DIM), random(KV_HEADS, 63, VALUE_DIM));
        assertEquals(40, sequence.older().length());
        Tensor q = random(HEADS, 1, DIM);
        for (KvSequence part : List.of(sequence.older(), sequence.recent())) {
            CacheView view = part.cache().view(part.length(), List.of(part));
            try (var plan = Tessera.plan(view.attention(HEADS, 1).lse().build(), device)) {
                Map<String, Tensor> outputs = plan.run(view.inputs(q)).outputs();
                outs.add(outputs.get("out"));
                lses.add(outputs.get("lse"));
            }
        }
        Tensor parts = Tensor.zeros(2, 1, HEADS, 1, VALUE_DIM);
        Tensor partLses = Tensor.zeros(2, 1, HEADS, 1);
        for (int part = 0; part < 2; part++) {
            outs.get(part).copyTo(0, parts, part * HEADS * VALUE_DIM, HEADS * VALUE_DIM);
            lses.get(part).copyTo(0, partLses, part * HEADS, HEADS);
        }
        Tokens stored = both(sequence);
        try (var plan = Tessera.plan(MergeSpec.of(2, 1, HEADS, 1, VALUE_DIM), device)) {
            assertSees(List.of(stored), q, plan.run(parts, partLses).outputs().get("out"), 1e-5);
        }
        assertTrue(older.usage().used() < 40L * KV_HEADS * (DIM + VALUE_DIM) * 4 / 2);
        assertArrayEquals(new float[] {40}, older.view(40, List.of(sequence.older())).keyLengths().toArray());
    }

    private static Tokens both(QuantisedSequence sequence) {
        Tokens a = sequence.older().read(0, sequence.older().length());
        Tokens b = sequence.recent().read(0, sequence.recent().length());
        return new Tokens(joined(a.k(), b.k()), joined(a.v(), b.v()));
    }

    private static Tensor joined(Tensor a, Tensor b) {
        int dim = a.shape().dim(3);
        int n = a.shape().dim(2);
        int m = b.shape().dim(2);
        Tensor both = Tensor.zeros(1, KV_HEADS, n + m, dim);
        for (int head = 0; head < KV_HEADS; head++) {
            a.copyTo(head * n * dim, both, head * (n + m) * dim, n * dim);
            b.copyTo(head * m * dim, both, (head * (n + m) + n) * dim, m * dim);
        }
        return both;
    }
}
