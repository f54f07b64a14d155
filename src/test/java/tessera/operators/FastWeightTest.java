package tessera.operators;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.ToDoubleFunction;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import tessera.DType;
import tessera.FastWeightSpec;
import tessera.FastWeightSpec.Loss;
import tessera.FastWeightSpec.Model;
import tessera.FastWeightSpec.Optimiser;
import tessera.RecurrenceSpec;
import tessera.Shape;
import tessera.Spec;
import tessera.Tensor;
import tessera.Tessera;
import tessera.TesseraException;
import tessera.engine.Device;
import tessera.planner.Plan;
import tessera.planner.Planner;
import tessera.planner.SelfCheck;
import tessera.reference.Accuracy;
import tessera.reference.Sample;

/** Fast weights by every plan on every device, and what ties them to other operators and to gradient descent by hand. */
class FastWeightTest {
    private static final Device JVM = Tessera.device("jvm");

    @TestFactory
    Stream<DynamicTest> everyPlanOnEveryDeviceGivesTheTwinsResult() {
        return Tessera.devices().stream().flatMap(device -> ContractSpecs.ALL.stream().filter(FastWeightSpec.class::isInstance)
                .map(FastWeightSpec.class::cast).flatMap(spec -> Planner.candidates(spec, device).legal().stream()
                        .map(plan -> DynamicTest.dynamicTest(device.id() + " " + plan.summary() + " for " + spec, () -> check(spec, plan, device)))));
    }

    private static void check(FastWeightSpec spec, Plan plan, Device device) {
        Map<String, Tensor> inputs = new LinkedHashMap<>();
        SelfCheck.inputs(spec, 11).forEach((name, tensor) -> inputs.put(name, tensor.to(spec.type(name))));
        Accuracy accuracy = Operators.of(spec).reference(spec, inputs, Sample.ALL).compare(run(spec, plan, device, inputs));
        assertTrue(accuracy.within(DType.F32.tolerance()), accuracy::toString);
    }

    private static Map<String, Tensor> run(Spec spec, Plan plan, Device device, Map<String, Tensor> inputs) {
        Map<String, Tensor> tensors = new LinkedHashMap<>(inputs);
        spec.outputs().forEach((name, shape) -> tensors.put(name, Tensor.zeros(DType.F32, shape).fill(Float.NaN)));
        try (var prepared = Tessera.unchecked(spec, device, plan)) {
            return prepared.run(tensors).outputs();
        }
    }

    private static Map<String, Tensor> run(Spec spec, Map<String, Tensor> inputs) {
        return run(spec, Planner.plan(spec, JVM), JVM, inputs);
    }

    private static void assertEqualTensors(Tensor expected, Tensor actual) {
        for (int i = 0; i < expected.shape().elements(); i++) {
            assertEquals(expected.get(i), actual.get(i), 2e-5 * (1 + Math.abs(expected.get(i))), "at " + i);
        }
    }

    @Test
    void titansWithoutMomentumAndForgettingIsTheDeltaRule() {
        FastWeightSpec titans = FastWeightSpec.of(2, 3, 50, 8).valueDim(12).optimiser(Optimiser.MOMENTUM).chunk(1).finalWeights().build();
        RecurrenceSpec delta = RecurrenceSpec.of(2, 3, 50, 8).valueDim(12).delta().finalState().build();
        Map<String, Tensor> inputs = SelfCheck.inputs(titans, 3);
        inputs.get("momentum").fill(0);
        inputs.get("forget").fill(0);
        Map<String, Tensor> same = new LinkedHashMap<>(inputs);
        same.put("beta", same.remove("step"));
        same.keySet().retainAll(delta.inputs().keySet());
        Map<String, Tensor> expected = run(delta, same);
        for (Plan plan : Planner.candidates(titans, JVM).legal()) {
            Map<String, Tensor> actual = run(titans, plan, JVM, inputs);
            assertEqualTensors(expected.get("out"), actual.get("out"));
            assertEqualTensors(expected.get("s"), actual.get("w"));
        }
    }

    @Test
    void descentOnAProductIsLinearAttention() {
        FastWeightSpec memory = FastWeightSpec.of(1, 2, 40, 8).loss(Loss.DOT).chunk(16).build();
        Map<String, Tensor> inputs = SelfCheck.inputs(memory, 3);
        inputs.get("step").fill(0.5f);
        Map<String, Tensor> same = new LinkedHashMap<>(inputs);
        same.remove("step");
        Tensor expected = run(RecurrenceSpec.of(1, 2, 40, 8).scale(0.5f).build(), same).get("out");
        assertEqualTensors(expected, run(memory, inputs).get("out"));
    }

    /** {@code O = QW + b - tril(QKᵀ) Diag(η) G - tril(11ᵀ) Diag(η) G}, {@code W - (Diag(η) K)ᵀ G}, {@code b - Σ η_j G_j}, with G by differences. */
    @Test
    void tttLinearIsItsDualFormByHand() {
        int d = 6;
        FastWeightSpec spec = FastWeightSpec.of(1, 1, 32, d).model(Model.LINEAR_LN).loss(Loss.MSE_RESIDUAL).postNorm().initialWeights().finalWeights().build();
        Map<String, Tensor> in = SelfCheck.inputs(spec, 5);
        double[][] w = matrix(in.get("w0"), d);
        double[] b = matrix(in.get("b0"), d)[0];
        double[][] q = matrix(in.get("q"), d);
        double[][] k = matrix(in.get("k"), d);
        double[][] v = matrix(in.get("v"), d);
        double[] gamma = matrix(in.get("normWeight"), d)[0];
        double[] beta = matrix(in.get("normBias"), d)[0];
        double[] out = new double[32 * d];
        for (int start = 0; start < 32; start += 16) {
            double[][] g = new double[16][];
            for (int j = 0; j < 16; j++) {
                double[] key = k[start + j];
                double[] value = v[start + j];
                g[j] = slope(z -> IntStream.range(0, d).mapToDouble(e -> Math.pow(norm(z, gamma, beta)[e] + key[e] - value[e], 2) / 2).sum(),
                        plus(times(key, w), b, 1));
            }
            for (int i = 0; i < 16; i++) {
                double[] o = plus(times(q[start + i], w), b, 1);
                for (int j = 0; j <= i; j++) {
                    o = plus(o, g[j], -in.get("step").get(start + j) * (dot(q[start + i], k[start + j]) + 1));
                }
                System.arraycopy(plus(o, norm(o, gamma, beta), 1), 0, out, (start + i) * d, d);
            }
            for (int j = 0; j < 16; j++) {
                double step = in.get("step").get(start + j);
                b = plus(b, g[j], -step);
                for (int c = 0; c < d; c++) {
                    w[c] = plus(w[c], g[j], -step * k[start + j][c]);
                }
            }
        }
        assertEquals(List.of("dual", "primal"), Planner.candidates(spec, JVM).legal().stream().map(Plan::variant).toList());
        for (Plan plan : Planner.candidates(spec, JVM).legal()) {
            Map<String, Tensor> actual = run(spec, plan, JVM, in);
            assertEqualTensors(tensor(out), actual.get("out"));
            assertEqualTensors(tensor(Stream.of(w).flatMapToDouble(Arrays::stream).toArray()), actual.get("w"));
            assertEqualTensors(tensor(b), actual.get("b"));
        }
    }

    /** What comes out of the first whole chunks goes into the rest. */
    @TestFactory
    Stream<DynamicTest> aRunCanBeSplitBetweenChunks() {
        return ContractSpecs.ALL.stream().filter(FastWeightSpec.class::isInstance).map(FastWeightSpec.class::cast)
                .filter(s -> s.initialWeights() && s.finalWeights() && s.length() > 2 * s.chunk() && s.dtype() == DType.F32)
                .map(spec -> DynamicTest.dynamicTest(spec.toString(), () -> split(spec)));
    }

    private static void split(FastWeightSpec spec) {
        int cut = spec.length() / 2 / spec.chunk() * spec.chunk();
        Map<String, Tensor> inputs = SelfCheck.inputs(spec, 7);
        Map<String, Tensor> whole = run(spec, inputs);
        Map<String, Tensor> first = run(ofLength(spec, cut), tokens(spec, inputs, 0, cut));
        Map<String, Tensor> rest = tokens(spec, inputs, cut, spec.length());
        first.forEach((name, tensor) -> rest.replace(name + "0", tensor));
        Map<String, Tensor> second = run(ofLength(spec, spec.length() - cut), rest);
        assertEqualTensors(part(whole.get("out"), spec.length(), cut, spec.length()), second.get("out"));
        spec.weights().keySet().forEach(name -> assertEqualTensors(whole.get(name), second.get(name)));
    }

    private static FastWeightSpec ofLength(FastWeightSpec s, int length) {
        return new FastWeightSpec(s.batch(), s.heads(), length, s.keyDim(), s.valueDim(), s.hiddenDim(), s.model(), s.loss(), s.optimiser(), s.chunk(),
                s.postNorm(), s.queryStep(), s.epsilon(), true, true, s.dtype());
    }

    private static Map<String, Tensor> tokens(FastWeightSpec spec, Map<String, Tensor> inputs, int from, int to) {
        Map<String, Tensor> part = new LinkedHashMap<>(inputs);
        for (String name : List.of("q", "k", "v", "step", "queryStep", "momentum", "forget")) {
            part.computeIfPresent(name, (_, tensor) -> part(tensor, spec.length(), from, to));
        }
        return part;
    }

    private static Tensor part(Tensor tensor, int length, int from, int to) {
        int[] dims = tensor.shape().dims();
        int size = dims.length == 4 ? dims[3] : 1;
        dims[2] = to - from;
        Tensor part = Tensor.zeros(dims);
        int count = (to - from) * size;
        for (int n = 0; n < part.shape().elements(); n++) {
            part.set(n, tensor.get((n / count * length + from) * size + n % count));
        }
        return part;
    }

    @Test
    void whatHasNoKernelIsRefusedWithTheReason() {
        FastWeightSpec muon = FastWeightSpec.of(1, 1, 8, 4).optimiser(Optimiser.MUON).build();
        String message = assertThrows(TesseraException.class, () -> Tessera.plan(muon, JVM)).getMessage();
        assertTrue(message.contains("MUON") && message.contains("SWIGLU"), message);
    }

    @Test
    void weightsBeforeEachTokenMayNotFit() {
        FastWeightSpec spec = FastWeightSpec.of(8, 64, 4096, 64).chunk(1).build();
        var candidates = Planner.candidates(spec, JVM);
        assertTrue(candidates.ruledOut().stream().anyMatch(r -> r.plan().equals("dual") && r.limit().contains("longer chunks")), candidates::toString);
    }

    /** The tokens of a chunk are fewer than the rows of a matrix. */
    @Test
    void roundingGrowsAlongDirectionsWithoutSlope() {
        FastWeightSpec spec = FastWeightSpec.of(1, 2, 40, 12).valueDim(16).model(Model.SWIGLU, 24).loss(Loss.DOT).optimiser(Optimiser.MUON).chunk(5)
                .initialWeights().build();
        Map<String, Tensor> inputs = SelfCheck.inputs(spec, 11);
        Accuracy accuracy = Operators.of(spec).reference(spec, inputs, Sample.ALL).compare(run(spec, inputs));
        assertTrue(accuracy.within(500 * 1e-6), accuracy::toString);
    }

    @Test
    void tokensReadTheMemoryFromBeforeTheirChunkWithMuon() {
        FastWeightSpec spec = FastWeightSpec.of(1, 1, 32, 8).model(Model.SWIGLU, 8).loss(Loss.DOT).optimiser(Optimiser.MUON).chunk(16).initialWeights()
                .finalWeights().build();
        Map<String, Tensor> inputs = SelfCheck.inputs(spec, 11);
        Map<String, Tensor> before = run(spec, inputs);
        Tensor v = inputs.get("v");
        for (int n = 15 * 8; n < 16 * 8; n++) {
            v.set(n, -v.get(n));
        }
        Map<String, Tensor> after = run(spec, inputs);
        assertEqualTensors(part(before.get("out"), 32, 0, 16), part(after.get("out"), 32, 0, 16));
        assertTrue(Math.abs(before.get("out").get(16 * 8) - after.get("out").get(16 * 8)) > 1e-3, "the next chunk has learnt");
    }

    @Test
    void tokenByTokenNeedsNoDualForm() {
        FastWeightSpec spec = FastWeightSpec.of(1, 1, 8, 4).chunk(1).build();
        assertEquals("primal", Planner.plan(spec, JVM).variant());
    }

    private static double[] slope(ToDoubleFunction<double[]> loss, double[] at) {
        return IntStream.range(0, at.length).mapToDouble(e -> {
            double[] above = at.clone();
            double[] below = at.clone();
            above[e] += 1e-5;
            below[e] -= 1e-5;
            return (loss.applyAsDouble(above) - loss.applyAsDouble(below)) / 2e-5;
        }).toArray();
    }

    private static double[] norm(double[] z, double[] weight, double[] bias) {
        double mean = IntStream.range(0, z.length).mapToDouble(e -> z[e]).sum() / z.length;
        double variance = IntStream.range(0, z.length).mapToDouble(e -> Math.pow(z[e] - mean, 2)).sum() / z.length;
        return IntStream.range(0, z.length).mapToDouble(e -> (z[e] - mean) / Math.sqrt(variance + 1e-6) * weight[e] + bias[e]).toArray();
    }

    private static double dot(double[] a, double[] b) {
        return IntStream.range(0, a.length).mapToDouble(e -> a[e] * b[e]).sum();
    }

    private static double[] plus(double[] a, double[] b, double factor) {
        return IntStream.range(0, a.length).mapToDouble(e -> a[e] + factor * b[e]).toArray();
    }

    private static double[] times(double[] x, double[][] w) {
        return IntStream.range(0, w[0].length).mapToDouble(e -> IntStream.range(0, x.length).mapToDouble(c -> x[c] * w[c][e]).sum()).toArray();
    }

    private static double[][] matrix(Tensor tensor, int columns) {
        return IntStream.range(0, tensor.shape().elements() / columns)
                .mapToObj(c -> IntStream.range(0, columns).mapToDouble(e -> tensor.get(c * columns + e)).toArray()).toArray(double[][]::new);
    }

    private static Tensor tensor(double[] values) {
        Tensor tensor = Tensor.zeros(DType.F32, Shape.of(values.length));
        IntStream.range(0, values.length).forEach(i -> tensor.set(i, (float) values[i]));
        return tensor;
    }
}
