package tessera.operators;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import tessera.AttentionBuilder;
import tessera.AttentionSpec;
import tessera.DType;
import tessera.MergeSpec;
import tessera.Shape;
import tessera.Tensor;
import tessera.TensorLayout;
import tessera.Tessera;
import tessera.engine.Device;
import tessera.masks.Blocks;
import tessera.masks.Mask;
import tessera.reference.Accuracy;
import tessera.reference.Expected;

/** The same attention in different arrangements: ragged, paged, listed, with past tokens, in another order. */
class ArrangementTest {
    private static final int DIM = 8;

    static List<Device> devices() {
        return Tessera.devices();
    }

    private static Map<String, Tensor> run(Device device, AttentionSpec spec, Tensor... inputs) {
        try (var plan = Tessera.plan(spec, device)) {
            return plan.run(inputs).outputs();
        }
    }

    private static AttentionBuilder attention(int batch, int queries, int keys) {
        return AttentionSpec.of(batch, 4, queries, DIM).kvHeads(2).keys(keys).causal().lse();
    }

    private static Tensor integers(int... values) {
        Tensor tensor = Tensor.zeros(DType.I32, Shape.of(values.length));
        IntStream.range(0, values.length).forEach(n -> tensor.set(n, values[n]));
        return tensor;
    }

    /** Tokens of every head of one batch of [batch, heads, length, dim]. */
    private static Tensor tokens(Tensor from, int batch, int start, int count) {
        Shape shape = from.shape();
        Tensor to = Tensor.zeros(1, shape.dim(1), count, shape.dim(3));
        for (int n = 0; n < to.shape().elements(); n++) {
            int row = n / shape.dim(3);
            int token = (batch * shape.dim(1) + row / count) * shape.dim(2) + start + row % count;
            to.set(n, from.get(token * shape.dim(3) + n % shape.dim(3)));
        }
        return to;
    }

    private static void assertSame(Tensor expected, Tensor actual) {
        int[] all = IntStream.range(0, expected.shape().elements()).toArray();
        Accuracy accuracy = Accuracy.of(actual, new Expected.Values(all, IntStream.of(all).mapToDouble(expected::get).toArray()));
        assertTrue(accuracy.within(1e-5), accuracy::toString);
    }

    @ParameterizedTest
    @MethodSource("devices")
    void aRaggedBatchIsItsSequencesOneByOne(Device device) {
        int[] q = {0, 3, 3, 20, 33};
        int[] k = {0, 10, 12, 29, 29};
        Tensor queries = Tensor.random(Shape.of(1, 4, 35, DIM), 1);
        Tensor keys = Tensor.random(Shape.of(1, 2, 31, DIM), 2);
        Tensor values = Tensor.random(Shape.of(1, 2, 31, DIM), 3);
        AttentionSpec ragged = attention(1, 35, 31).ragged(4).mask(Mask.streaming(2, 7)).build();
        Map<String, Tensor> together = run(device, ragged, queries, keys, values, integers(q), integers(k));
        for (int s : new int[] {0, 2}) {
            AttentionSpec alone = attention(1, q[s + 1] - q[s], k[s + 1] - k[s]).mask(Mask.streaming(2, 7)).build();
            Tensor out = run(device, alone, tokens(queries, 0, q[s], q[s + 1] - q[s]), tokens(keys, 0, k[s], k[s + 1] - k[s]),
                    tokens(values, 0, k[s], k[s + 1] - k[s])).get("out");
            assertSame(out, tokens(together.get("out"), 0, q[s], q[s + 1] - q[s]));
        }
        for (int empty = 20; empty < 35; empty++) {
            assertEquals(Float.NEGATIVE_INFINITY, together.get("lse").get(empty), "a sequence without keys, or no sequence");
        }
    }

    @ParameterizedTest
    @MethodSource("devices")
    void pagesAreTheKeysThatTheyHold(Device device) {
        int[] lengths = {13, 24};
        int[][] table = {{6, 2, -1}, {0, 5, 3}};
        Tensor queries = Tensor.random(Shape.of(2, 4, 5, DIM), 1);
        Tensor keyPages = Tensor.random(Shape.of(7, 2, 8, DIM), 2);
        Tensor valuePages = Tensor.random(Shape.of(7, 2, 8, DIM), 3);
        Tensor pageTable = integers(6, 2, -1, 0, 5, 3).reshape(2, 3);
        AttentionSpec paged = attention(2, 5, 24).paged(7, 8).build();
        Tensor together = run(device, paged, queries, keyPages, valuePages, integers(lengths), pageTable).get("out");
        for (int s = 0; s < 2; s++) {
            Tensor keys = Tensor.zeros(1, 2, lengths[s], DIM);
            Tensor values = Tensor.zeros(1, 2, lengths[s], DIM);
            for (int n = 0; n < keys.shape().elements(); n++) {
                int key = n / DIM % lengths[s];
                int at = ((table[s][key / 8] * 2 + n / DIM / lengths[s]) * 8 + key % 8) * DIM + n % DIM;
                keys.set(n, keyPages.get(at));
                values.set(n, valuePages.get(at));
            }
            Tensor alone = run(device, attention(1, 5, lengths[s]).build(), tokens(queries, s, 0, 5), keys, values).get("out");
            assertSame(alone, tokens(together, s, 0, 5));
        }
    }

    @ParameterizedTest
    @MethodSource("devices")
    void listsNameTheBlocksThatABlockMaskHas(Device device) {
        Tensor q = Tensor.random(Shape.of(1, 4, 16, DIM), 1);
        Tensor k = Tensor.random(Shape.of(1, 2, 20, DIM), 2);
        Tensor v = Tensor.random(Shape.of(1, 2, 20, DIM), 3);
        int[][] listed = {{4, 0, -1}, {1, 1, 3}, {2, -1, -1}, {-1, -1, -1}};
        Tensor blocks = Tensor.zeros(DType.I32, Shape.of(1, 16, 1, 3));
        IntStream.range(0, 48).forEach(n -> blocks.set(n, listed[n / 3 / 4][n % 3]));
        Blocks mask = new Blocks(1, 16, 20, 4, 4, (_, qb, kb) -> IntStream.of(listed[qb]).anyMatch(b -> b == kb));
        AttentionSpec byList = AttentionSpec.of(1, 4, 16, DIM).kvHeads(2).keys(20).lse().listed(1, 3, 4).build();
        AttentionSpec byMask = AttentionSpec.of(1, 4, 16, DIM).kvHeads(2).keys(20).lse().mask(mask).build();
        AttentionSpec byBlock = byMask.toBuilder().mask(Mask.FULL).listed(1, 3, 4, 4).build();
        Map<String, Tensor> lists = run(device, byList, q, k, v, blocks);
        assertSame(run(device, byMask, q, k, v).get("out"), lists.get("out"));
        assertSame(lists.get("out"), run(device, byBlock, q, k, v, integers(4, 0, -1, 1, 1, 3, 2, -1, -1, -1, -1, -1).reshape(1, 4, 1, 3)).get("out"));
        assertEquals(0, lists.get("out").get(15 * DIM), "a query without keys");
    }

    /** Vertical lines and blocks on the diagonal, as MInference has them; the lines cross some of the blocks. */
    @ParameterizedTest
    @MethodSource("devices")
    void columnsBesideBlocksCountOnce(Device device) {
        Tensor q = Tensor.random(Shape.of(1, 4, 21, DIM), 1);
        Tensor k = Tensor.random(Shape.of(1, 2, 21, DIM), 2);
        Tensor v = Tensor.random(Shape.of(1, 2, 21, DIM), 3);
        AttentionSpec byList = AttentionSpec.of(1, 4, 21, DIM).kvHeads(2).causal().lse().listed(1, 1, 8, 8).keyColumns(4).build();
        AttentionSpec byMask = AttentionSpec.of(1, 4, 21, DIM).kvHeads(2).causal().lse()
                .mask((map, query, position, key) -> query / 8 == key / 8 || key == 3 || key == 4 || key == 13).build();
        Map<String, Tensor> lists = run(device, byList, q, k, v, integers(0, 1, 2).reshape(1, 3, 1, 1), integers(4, 13, -1, 3).reshape(1, 1, 4));
        Map<String, Tensor> masked = run(device, byMask, q, k, v);
        assertSame(masked.get("out"), lists.get("out"));
        assertSame(masked.get("lse"), lists.get("lse"));
    }

    @ParameterizedTest
    @MethodSource("devices")
    void pastAndNewTokensInAnyOrderAreAllTokens(Device device) {
        Tensor q = Tensor.random(Shape.of(2, 4, 3, DIM), 1);
        Tensor k = Tensor.random(Shape.of(2, 2, 9, DIM), 2);
        Tensor v = Tensor.random(Shape.of(2, 2, 9, DIM), 3);
        Tensor whole = run(device, attention(2, 3, 9).build(), q, k, v).get("out");
        AttentionSpec spec = attention(2, 3, 9).past(6).layout(TensorLayout.BLHD).build();
        Map<String, Tensor> outputs = run(device, spec, lengthFirst(q, 0, 3).reshape(2, 3, 4 * DIM), lengthFirst(k, 6, 9), lengthFirst(v, 6, 9),
                lengthFirst(k, 0, 6), lengthFirst(v, 0, 6));
        assertSame(lengthFirst(whole, 0, 3), outputs.get("out"));
        assertSame(lengthFirst(k, 0, 9), outputs.get("presentK"));
        assertSame(lengthFirst(v, 0, 9), outputs.get("presentV"));
    }

    /** Tokens [from, to) of [batch, heads, length, dim] as [batch, tokens, heads, dim]. */
    private static Tensor lengthFirst(Tensor tensor, int from, int to) {
        Shape shape = tensor.shape();
        Tensor result = Tensor.zeros(shape.dim(0), to - from, shape.dim(1), DIM);
        for (int n = 0; n < result.shape().elements(); n++) {
            int head = n / DIM % shape.dim(1);
            int token = n / DIM / shape.dim(1);
            int row = (token / (to - from) * shape.dim(1) + head) * shape.dim(2) + from + token % (to - from);
            result.set(n, tensor.get(row * DIM + n % DIM));
        }
        return result;
    }

    /** Cascade: all sequences attend to one prefix, each to its own suffix, and the two are merged (arXiv:2501.01005). */
    @ParameterizedTest
    @MethodSource("devices")
    void aSharedPrefixMergesWithEachSuffix(Device device) {
        Tensor q = Tensor.random(Shape.of(3, 4, 1, DIM), 1);
        Tensor k = Tensor.random(Shape.of(3, 2, 20, DIM), 2);
        Tensor v = Tensor.random(Shape.of(3, 2, 20, DIM), 3);
        for (int n = 0; n < k.shape().elements(); n++) {
            int shared = n / DIM % 20 < 15 ? n % (2 * 20 * DIM) : n;
            k.set(n, k.get(shared));
            v.set(n, v.get(shared));
        }
        Map<String, Tensor> whole = run(device, attention(3, 1, 20).build(), q, k, v);
        Tensor parts = Tensor.zeros(2, 3, 4, 1, DIM);
        Tensor lses = Tensor.zeros(2, 3, 4, 1);
        AttentionSpec prefix = AttentionSpec.of(1, 4, 3, DIM).kvHeads(2).keys(15).lse().layout(TensorLayout.BLHD).build();
        Map<String, Tensor> first = run(device, prefix, q.reshape(1, 3, 4, DIM), lengthFirst(tokens(k, 0, 0, 15), 0, 15),
                lengthFirst(tokens(v, 0, 0, 15), 0, 15));
        for (int s = 0; s < 3; s++) {
            Map<String, Tensor> second = run(device, attention(1, 1, 5).build(), tokens(q, s, 0, 1), tokens(k, s, 15, 5), tokens(v, s, 15, 5));
            for (int h = 0; h < 4; h++) {
                lses.set(s * 4 + h, first.get("lse").get(h * 3 + s));
                lses.set(12 + s * 4 + h, second.get("lse").get(h));
                for (int c = 0; c < DIM; c++) {
                    parts.set((s * 4 + h) * DIM + c, first.get("out").get((s * 4 + h) * DIM + c));
                    parts.set((12 + s * 4 + h) * DIM + c, second.get("out").get(h * DIM + c));
                }
            }
        }
        try (var merge = Tessera.plan(MergeSpec.of(2, 3, 4, 1, DIM), device)) {
            Map<String, Tensor> merged = merge.run(parts, lses).outputs();
            assertSame(whole.get("out"), merged.get("out"));
            assertSame(whole.get("lse"), merged.get("lse"));
        }
    }

    @Test
    void numbersOutsideOfTheirBoundsAreRefused() {
        AttentionSpec paged = attention(2, 1, 24).paged(7, 8).build();
        refused(paged, "keyLengths[1] must be between 0 and keys = 24, got 25", Map.of("keyLengths", integers(3, 25)));
        refused(paged, "pageTable[1, 2] must be between 0 and 6, got 7", Map.of("keyLengths", integers(3, 24), "pageTable",
                integers(0, -1, -1, 1, 2, 7).reshape(2, 3)));
        AttentionSpec ragged = attention(1, 10, 10).ragged(2).build();
        refused(ragged, "cuSeqlensQ must begin at 0", Map.of("cuSeqlensQ", integers(1, 2, 3)));
        refused(ragged, "cuSeqlensK must begin at 0, never fall and end at most at 10, got 11", Map.of("cuSeqlensK", integers(0, 2, 11)));
        AttentionSpec listed = attention(1, 2, 10).listed(1, 1, 4).build();
        refused(listed, "keyBlocks[0, 1, 0, 0] must be between -1 and 2, got 3", Map.of("keyBlocks", integers(0, 3).reshape(1, 2, 1, 1)));
        AttentionSpec shared = attention(1, 9, 10).listed(1, 1, 4, 4).keyColumns(2).build();
        refused(shared, "keyBlocks[0, 2, 0, 0] must be between -1 and 2, got -2", Map.of("keyBlocks", integers(0, 1, -2).reshape(1, 3, 1, 1)));
        refused(shared, "keyColumns[0, 0, 1] must be between -1 and 9, got 10", Map.of("keyColumns", integers(0, 10).reshape(1, 1, 2)));
        var alone = assertThrows(IllegalArgumentException.class, () -> attention(1, 9, 10).keyColumns(2).build());
        assertTrue(alone.getMessage().contains("stand beside listed blocks"), alone::getMessage);
    }

    private static void refused(AttentionSpec spec, String words, Map<String, Tensor> wrong) {
        Map<String, Tensor> inputs = new java.util.HashMap<>();
        spec.inputs().forEach((name, shape) -> inputs.put(name, Tensor.zeros(spec.type(name), shape)));
        inputs.putAll(wrong);
        try (var plan = Tessera.plan(spec, Tessera.device(Device.JVM))) {
            var error = assertThrows(IllegalArgumentException.class, () -> plan.run(inputs));
            assertTrue(error.getMessage().contains(words), error::getMessage);
        }
    }
}
