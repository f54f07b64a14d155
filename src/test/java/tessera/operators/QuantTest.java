package tessera.operators;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static tessera.operators.PermuteTest.assertRefused;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import tessera.AttentionSpec;
import tessera.DType;
import tessera.NumberFormat;
import tessera.NumberFormat.Floats;
import tessera.NumberFormat.Integers;
import tessera.QuantSpec;
import tessera.QuantisedAttentionSpec;
import tessera.Shape;
import tessera.Spec;
import tessera.Tensor;
import tessera.Tessera;
import tessera.engine.Device;
import tessera.masks.Mask;
import tessera.planner.Planner;

/** Quantisation by hand, there and back, and what its forms take; attention over codes beside attention over what they stand for. */
class QuantTest {
    private static final Integers TWO_BITS = new Integers(2, false);
    private static final Integers INT8 = new Integers(8, true);

    private static Map<String, Tensor> run(Device device, Spec spec, Map<String, Tensor> inputs) {
        try (var plan = Tessera.plan(spec, device)) {
            return plan.run(inputs).outputs();
        }
    }

    private static float[] rounded(Device device, QuantSpec spec, float... x) {
        Shape shape = Shape.of(spec.batch(), spec.heads(), spec.length(), spec.dim());
        return run(device, spec.round(), Map.of("x", Tensor.of(shape, x))).get("out").toArray();
    }

    @ParameterizedTest
    @MethodSource("tessera.Tessera#devices")
    void codesByHand(Device device) {
        Tensor x = Tensor.of(Shape.of(1, 1, 2, 5), 10, 11, 12, 13, 10, -1, 5, 0.9f, 1.1f, 3);
        Map<String, Tensor> byToken = run(device, QuantSpec.of(1, 1, 2, 5, TWO_BITS).groups(1, 5), Map.of("x", x));
        assertArrayEquals(new float[] {(byte) 0b11_10_01_00, 0, (byte) 0b01_01_11_00, 2}, byToken.get("codes").toArray());
        assertArrayEquals(new float[] {1, 10, 2, -1}, byToken.get("scales").toArray(), 1e-6f);
        Map<String, Tensor> symmetric = run(device, QuantSpec.of(1, 1, 1, 3, INT8), Map.of("x", Tensor.of(Shape.of(1, 1, 1, 3), -254, 0, 3)));
        assertArrayEquals(new float[] {0, 127, (byte) 129}, symmetric.get("codes").toArray());
        assertArrayEquals(new float[] {2}, symmetric.get("scales").toArray(), 1e-6f);
    }

    @ParameterizedTest
    @MethodSource("tessera.Tessera#devices")
    void ofTwoCodesTheUpperOneAndOfTwoNumbersTheFurtherOne(Device device) {
        assertArrayEquals(new float[] {0, 2, 3, 1}, rounded(device, QuantSpec.of(1, 1, 1, 4, TWO_BITS), 0, 1.5f, 3, 1.4999f), 1e-6f);
        assertArrayEquals(new float[] {448, 18, -18, 16, 0.0625f, -0.001953125f, 0},
                rounded(device, QuantSpec.of(1, 1, 1, 7, Floats.FP8), 448, 17, -17, 16.99f, 0.063f, -0.00098f, 0.00097f), 1e-4f);
        assertArrayEquals(new float[] {6, 4, -3, 1.5f, 0.5f, 0, 6}, rounded(device, QuantSpec.of(1, 1, 1, 7, Floats.FP4), 6, 3.5f, -2.5f, 1.3f, 0.25f, 0.24f, 5), 1e-6f);
        assertArrayEquals(new float[] {0, 0}, rounded(device, QuantSpec.of(1, 1, 1, 2, INT8), 0, 0), 1e-6f);
        assertArrayEquals(new float[] {7, 7}, rounded(device, QuantSpec.of(1, 1, 1, 2, TWO_BITS), 7, 7));
    }

    @ParameterizedTest
    @MethodSource("tessera.Tessera#devices")
    void thereAndBackIsWithinHalfAStepAndAsRounded(Device device) {
        for (QuantSpec spec : List.of(QuantSpec.of(2, 1, 63, 60, TWO_BITS).groups(32, 1), QuantSpec.of(1, 2, 17, 13, new Integers(4, false)).groups(1, 5),
                QuantSpec.of(1, 2, 40, 12, INT8).groups(16, 12))) {
            Tensor x = Tensor.random(Shape.of(spec.batch(), spec.heads(), spec.length(), spec.dim()), 3);
            Map<String, Tensor> packed = run(device, spec, Map.of("x", x));
            float[] back = run(device, spec.dequantise(), packed).get("out").toArray();
            assertArrayEquals(run(device, spec.round(), Map.of("x", x)).get("out").toArray(), back);
            Shape scales = spec.scales();
            for (int e = 0; e < back.length; e++) {
                int token = e / spec.dim();
                int group = token / spec.length() * scales.dim(2) + token % spec.length() / spec.groupTokens();
                float step = packed.get("scales").get((group * scales.dim(3) + e % spec.dim() / spec.groupChannels()) * scales.dim(4));
                assertTrue(Math.abs(x.get(e) - back[e]) <= step / 2 + 1e-6, spec + " at " + e);
            }
        }
    }

    @ParameterizedTest
    @MethodSource("tessera.Tessera#devices")
    void attentionOverCodesIsThatOverWhatTheyStandFor(Device device) {
        AttentionSpec attention = AttentionSpec.of(2, 4, 50, 20).kvHeads(2).causal().build();
        QuantSpec keys = QuantSpec.of(2, 2, 50, 20, new Integers(4, false)).groups(16, 1);
        QuantSpec values = QuantSpec.of(2, 2, 50, 20, INT8).groups(1, 7);
        Tensor q = Tensor.random(Shape.of(2, 4, 50, 20), 1);
        Map<String, Tensor> k = run(device, keys, Map.of("x", Tensor.random(Shape.of(2, 2, 50, 20), 2)));
        Map<String, Tensor> v = run(device, values, Map.of("x", Tensor.random(Shape.of(2, 2, 50, 20), 3)));
        float[] whole = run(device, attention, Map.of("q", q, "k", run(device, keys.dequantise(), k).get("out"), "v",
                run(device, values.dequantise(), v).get("out"))).get("out").toArray();
        float[] packed = run(device, new QuantisedAttentionSpec(attention, keys, values), Map.of("q", q, "kCodes", k.get("codes"), "kScales", k.get("scales"),
                "vCodes", v.get("codes"), "vScales", v.get("scales"))).get("out").toArray();
        assertArrayEquals(whole, packed, 1e-5f);
    }

    @Test
    void bytesAreThoseOfTheTensors() {
        for (QuantSpec spec : List.of(QuantSpec.of(2, 3, 63, 60, TWO_BITS).groups(32, 1), QuantSpec.of(1, 1, 1, 1, INT8),
                QuantSpec.of(1, 2, 100, 13, new NumberFormat.Codebook(3)).groups(1, 5).withDType(DType.F16))) {
            assertEquals(stored(spec, spec.outputs()), spec.bytes());
        }
        QuantSpec kivi = QuantSpec.of(1, 1, 128, 64, TWO_BITS).withDType(DType.F16);
        assertEquals(128 * (64 * 2 / 8 + 64 * 4 / 32), kivi.groups(32, 1).bytes());
        assertEquals(128 * (64 * 2 / 8 + 2 * 4), kivi.groups(1, 32).bytes());
        assertEquals(128 * (64 * 4 / 8 + 4), QuantSpec.of(1, 1, 128, 64, Floats.FP4).groups(1, 16).bytes());
        AttentionSpec attention = AttentionSpec.of(1, 1, 160, 64).dtype(DType.F16).build();
        QuantisedAttentionSpec over = new QuantisedAttentionSpec(attention, kivi.groups(32, 1), kivi.groups(1, 32));
        assertEquals(128 * 48 + 32 * 256, over.cacheBytes());
        Map<String, Shape> cache = new LinkedHashMap<>(over.inputs());
        cache.remove("q");
        assertEquals(stored(over, cache), over.cacheBytes());
    }

    private static long stored(Spec spec, Map<String, Shape> tensors) {
        return tensors.entrySet().stream().mapToLong(t -> (long) t.getValue().elements()
                * (spec.inputs().containsKey(t.getKey()) ? spec.type(t.getKey()) : spec.outputType(t.getKey())).bytes()).sum();
    }

    @Test
    void whatDoesNotFitIsRefused() {
        QuantSpec spec = QuantSpec.of(1, 2, 8, 4, TWO_BITS);
        assertRefused("bits must be 2, 4 or 8, got 3", () -> new Integers(3, false));
        assertRefused("bits must be 2, 3, 4 or 8, got 5", () -> new NumberFormat.Codebook(5));
        assertRefused("largest must be a positive multiple of 1/2, at most 448, got 0.3", () -> Floats.FP8.upTo(0.3f));
        assertRefused("groupChannels must be at least 1, got 0", () -> spec.groups(1, 0));
        assertRefused("floating-point formats are rounded to and not packed", () -> QuantSpec.of(1, 2, 8, 4, Floats.FP8).dequantise());
        assertRefused("run must be 0 for none or at least 1", () -> spec.smooth(-1));
        AttentionSpec attention = AttentionSpec.of(1, 2, 8, 4).build();
        assertRefused("k must quantise [1, 2, at most 8, 4], got [1, 1, 8, 4]", () -> new QuantisedAttentionSpec(attention, QuantSpec.of(1, 1, 8, 4, INT8), spec));
        assertRefused("as many keys as values must be quantised, got 8 and 7", () -> new QuantisedAttentionSpec(attention, spec, QuantSpec.of(1, 2, 7, 4, INT8)));
        assertRefused("v must be packed, without outliers and with dtype F32", () -> new QuantisedAttentionSpec(attention, spec, spec.round()));
        assertRefused("takes plain scores", () -> new QuantisedAttentionSpec(attention.toBuilder().softcap(2).build(), spec, spec));
        Mask even = (_, _, _, key) -> key % 2 == 0;
        QuantisedAttentionSpec odd = new QuantisedAttentionSpec(attention.toBuilder().mask(even).build(), spec, spec);
        assertTrue(Stream.of(Tessera.device("jvm")).allMatch(device -> Planner.candidates(odd, device).toString().contains("dequantise first")));
    }
}
