package tessera.stacks;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import tessera.AttentionSpec;
import tessera.DType;
import tessera.Shape;
import tessera.Spec;
import tessera.methods.Catalogue;
import tessera.stacks.LayerKind.Attention;
import tessera.stacks.LayerKind.Span;

class StackTest {
    private static final StackShape HALF = new StackShape(1, 32, 8, 128, DType.F16);

    private static List<Integer> full(String name) {
        List<Layer> layers = Stack.of(name).layers();
        return IntStream.range(0, layers.size()).filter(n -> layers.get(n).kind() instanceof Attention a && a.span() == Span.FULL).boxed().toList();
    }

    private static List<Integer> every(int step, int first, int layers) {
        return IntStream.range(0, layers).filter(n -> n % step == first).boxed().toList();
    }

    @Test
    void schedulesAreThoseOfTheModels() {
        Map<String, Integer> sizes = Stack.all().stream().collect(Collectors.toMap(Stack::name, stack -> stack.layers().size()));
        assertEquals(Map.ofEntries(Map.entry("dense", 32), Map.entry("rwkv7", 32), Map.entry("rwkv6", 24), Map.entry("rwkv5", 32), Map.entry("falcon-mamba", 64),
                Map.entry("codestral-mamba", 64), Map.entry("minicpm-4", 32), Map.entry("gpt-3", 96), Map.entry("jamba", 32), Map.entry("minimax-01", 80),
                Map.entry("gemma3", 62), Map.entry("command-a", 64), Map.entry("llama-4", 48), Map.entry("character-ai", 36), Map.entry("yoco", 26),
                Map.entry("phi-4-mini-flash", 32)), sizes);
        assertEquals(every(8, 4, 32), full("jamba"));
        assertEquals(every(6, 5, 60), full("gemma3"));
        assertEquals(every(4, 3, 64), full("command-a"));
        assertEquals(every(4, 3, 48), full("llama-4"));
        assertEquals(every(8, 7, 80), full("minimax-01"));
        assertEquals(every(6, 5, 36), full("character-ai"));
        assertEquals(every(2, 0, 96), full("gpt-3"));
        assertEquals(IntStream.range(13, 26).boxed().toList(), full("yoco"));
        assertEquals(List.of(17, 19, 21, 23, 25, 27, 29, 31), full("phi-4-mini-flash"));
    }

    @Test
    void everyStackHasItsRowAndEveryRowAStack() {
        for (Stack stack : Stack.all()) {
            assertTrue(List.of("stack", "compact").contains(Catalogue.row(stack.row()).family()), stack.name());
            assertFalse(stack.source().isBlank() || stack.note().isBlank() || stack.title().isBlank(), stack.name());
            assertEquals(0, stack.heads() % stack.kvHeads(), stack.name());
        }
        Catalogue.rows().stream().filter(row -> row.family().equals("stack")).forEach(row -> assertEquals(row.id(), Stack.of(row.id()).row()));
    }

    /** By hand: keys and values of 8 heads of 128 in two bytes are 4 KiB a token. */
    @Test
    void cachesAreExact() {
        long token = 4096;
        assertEquals(32 * token * 65536, Stack.of("dense").cacheBytes(HALF, 65536));
        assertEquals(4 * token * 65536 + 28L * 64 * 128 * 16 * 4, Stack.of("jamba").cacheBytes(HALF, 65536));
        assertEquals((10 * 65536 + 52 * 1024) * token, Stack.of("gemma3").cacheBytes(HALF, 65536));
        assertEquals(62 * 1000 * token, Stack.of("gemma3").cacheBytes(HALF, 1000));
        assertEquals((16 * 65536 + 48 * 4096) * token, Stack.of("command-a").cacheBytes(HALF, 65536));
        assertEquals((65536 + 6 * 3 * 1024) * token, Stack.of("character-ai").cacheBytes(HALF, 65536));
        assertEquals(65536 * token + 13L * 32 * 128 * 128 * 4, Stack.of("yoco").cacheBytes(HALF, 65536));
        assertEquals(65536 * token + 8 * 512 * token + 9L * 64 * 128 * 16 * 4, Stack.of("phi-4-mini-flash").cacheBytes(HALF, 65536));
        assertEquals(64L * 64 * 128 * 128 * 4, Stack.of("codestral-mamba").cacheBytes(HALF, 65536));
        assertEquals(Stack.of("rwkv7").cacheBytes(HALF, 1), Stack.of("rwkv7").cacheBytes(HALF, 1 << 20));
        assertEquals(2 * Stack.of("jamba").cacheBytes(HALF, 999), Stack.of("jamba").cacheBytes(new StackShape(2, 32, 8, 128, DType.F16), 999));
    }

    /** A state of H dk dv numbers is as large as the cache of dk dv H / (2 hkv d) tokens. */
    @Test
    void aStateIsAsLargeAsTheCacheOfSomeTokens() {
        StackShape shape = new StackShape(1, 8, 8, 64, DType.F32);
        assertEquals(Stack.of("full").cacheBytes(shape, 32), Stack.of("lightning").cacheBytes(shape, 1));
        StackShape grouped = new StackShape(1, 8, 1, 64, DType.F32);
        assertEquals(Stack.of("full").cacheBytes(grouped, 256), Stack.of("lightning").cacheBytes(grouped, 1));
    }

    @Test
    void aTokenReadsWhatItsLayerKeeps() {
        StackShape shape = new StackShape(1, 4, 2, 8, DType.F32);
        assertEquals(100, keys("full", shape, 100));
        assertEquals(30, keys("window:30", shape, 100));
        assertEquals(20, keys("window:30", shape, 20));
        assertEquals(10, keys("chunk:30", shape, 100));
        assertEquals(30, keys("chunk:30", shape, 90));
        assertEquals(1, keys("chunk:30", shape, 91));
        Spec step = Schedule.of("mamba:16").layers().getFirst().decode(shape, 100).get("recurrence");
        assertEquals(Shape.of(1, 8, 16, 8), step.inputs().get("s0"));
        assertEquals(step.inputs().get("s0"), step.outputs().get("s"));
    }

    private static int keys(String layer, StackShape shape, int context) {
        return ((AttentionSpec) Schedule.of(layer).layers().getFirst().decode(shape, context).get("attention")).keys();
    }

    @Test
    void onlyNewKeysAreRotated() {
        StackShape shape = new StackShape(1, 4, 2, 8, DType.F32);
        List<Layer> layers = Schedule.of("full~10000 + full~10000@-1 + full").layers();
        assertEquals(List.of("rotateQ", "rotateK", "attention"), List.copyOf(layers.get(0).prefill(shape, 5).keySet()));
        assertEquals(List.of("rotateQ", "attention"), List.copyOf(layers.get(1).decode(shape, 5).keySet()));
        assertEquals(List.of("attention"), List.copyOf(layers.get(2).decode(shape, 5).keySet()));
    }

    @Test
    void ratiosSpreadFullLayers() {
        assertEquals(List.of(7), places(1));
        assertEquals(List.of(3, 7), places(2));
        assertEquals(List.of(1, 3, 5, 7), places(4));
        assertEquals(List.of(), places(0));
        assertEquals(8, places(8).size());
        assertThrows(IllegalArgumentException.class, () -> Stack.ratio(9, "lightning"));
    }

    private static List<Integer> places(int full) {
        List<Layer> layers = Stack.ratio(full, "lightning").layers();
        return IntStream.range(0, 8).filter(n -> layers.get(n).kind() instanceof Attention).boxed().toList();
    }

    @Test
    void anUnknownNameGivesThoseThatExist() {
        String message = assertThrows(IllegalArgumentException.class, () -> Stack.of("jmba")).getMessage();
        assertTrue(message.contains("'jmba'") && message.contains("jamba, minimax-01") && message.contains("a layer 'jmba'"), message);
        assertEquals("jamba", Stack.of(" Y05 ").name());
        assertEquals(12, Stack.of("4(2 delta + full)").layers().size());
    }
}
