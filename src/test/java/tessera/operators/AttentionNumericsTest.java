package tessera.operators;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import tessera.AttentionSpec;
import tessera.DType;
import tessera.Prepared;
import tessera.Shape;
import tessera.Tensor;
import tessera.Tessera;
import tessera.engine.Device;
import tessera.masks.Blocks;
import tessera.planner.Plan;
import tessera.planner.Planner;
import tessera.planner.SelfCheck;
import tessera.reference.Accuracy;
import tessera.reference.Sample;

/** Scores and masks at the edges of float32, on every device present and by one plan of each variant and mask. */
class AttentionNumericsTest {
    private static final AttentionSpec DENSE = AttentionSpec.of(1, 2, 33, 16).keys(21).valueDim(5).lse().build();
    private static final AttentionSpec CAUSAL = AttentionSpec.of(1, 2, 33, 16).keys(21).valueDim(5).causal().lse().build();
    private static final AttentionSpec SPARSE = AttentionSpec.of(1, 2, 33, 16).keys(21).valueDim(5).lse()
            .mask(new Blocks(2, 33, 21, 8, 4, (h, qb, kb) -> qb != 1 && kb % 2 == h)).build();

    /** Kept for all tests, since a device compiles each anew. */
    private static final Map<List<Object>, Prepared> PREPARED = new HashMap<>();

    @AfterAll
    static void close() {
        PREPARED.values().forEach(Prepared::close);
        PREPARED.clear();
    }

    static Stream<Arguments> plans() {
        return Tessera.devices().stream().flatMap(device -> Stream.of(DENSE, CAUSAL, SPARSE)
                .flatMap(spec -> plans(device, spec).map(plan -> Arguments.of(device, spec, plan))));
    }

    /** One plan of each variant; on devices that compile each anew, only the best guess if it is causal. */
    private static Stream<Plan> plans(Device device, AttentionSpec spec) {
        List<Plan> legal = Planner.candidates(spec, device).legal();
        if (!device.isJvm() && spec.causal()) {
            return Stream.of(legal.getFirst());
        }
        return legal.stream().map(Plan::variant).distinct()
                .map(variant -> legal.stream().filter(plan -> plan.variant().equals(variant)).findFirst().orElseThrow());
    }

    /** The outputs; every row is compared with the twin. */
    private static Map<String, Tensor> checked(Device device, AttentionSpec spec, Plan plan, Map<String, Tensor> inputs) {
        Map<String, Tensor> tensors = new LinkedHashMap<>(inputs);
        spec.outputs().forEach((name, shape) -> tensors.put(name, Tensor.zeros(DType.F32, shape).fill(Float.NaN)));
        PREPARED.computeIfAbsent(List.of(device.id(), spec, plan.summary()), _ -> Tessera.unchecked(spec, device, plan)).run(tensors);
        Accuracy accuracy = new AttentionOperator().reference(spec, inputs, Sample.ALL).compare(tensors);
        assertTrue(accuracy.within(1e-5), accuracy::toString);
        return tensors;
    }

    private static AttentionSpec scaled(AttentionSpec s, float scale) {
        return s.toBuilder().scale(scale).build();
    }

    /** Whole numbers between the bounds, whose inner products float32 holds exactly. */
    static Tensor integers(Shape shape, int from, int to, long seed) {
        Tensor tensor = Tensor.zeros(DType.F32, shape);
        SplittableRandom random = new SplittableRandom(seed);
        for (int i = 0; i < shape.elements(); i++) {
            tensor.set(i, random.nextInt(from, to + 1));
        }
        return tensor;
    }

    private static Map<String, Tensor> inputs(AttentionSpec spec, int fromK, int toK) {
        Map<String, Tensor> inputs = SelfCheck.inputs(spec, 21);
        inputs.put("q", integers(spec.inputs().get("q"), 1, 8, 4));
        inputs.put("k", integers(spec.inputs().get("k"), fromK, toK, 5));
        return inputs;
    }

    @ParameterizedTest
    @MethodSource("plans")
    void scoresOfTensOfThousands(Device device, AttentionSpec spec, Plan plan) {
        checked(device, scaled(spec, 64), plan, inputs(spec, -8, 8));
    }

    @ParameterizedTest
    @MethodSource("plans")
    void onlyNegativeScores(Device device, AttentionSpec spec, Plan plan) {
        checked(device, spec, plan, inputs(spec, -8, -1));
        checked(device, scaled(spec, 64), plan, inputs(spec, -8, -1));
    }

    @ParameterizedTest
    @MethodSource("plans")
    void rowsWithoutKeysGiveZeroAndMinusInfinity(Device device, AttentionSpec spec, Plan plan) {
        Map<String, Tensor> outputs = checked(device, spec, plan, SelfCheck.inputs(spec, 8));
        int empty = 0;
        for (int row = 0; row < spec.heads() * spec.queries(); row++) {
            if (visible(spec, row) == 0) {
                empty++;
                assertEquals(Float.NEGATIVE_INFINITY, outputs.get("lse").get(row));
                for (int c = 0; c < spec.valueDim(); c++) {
                    assertEquals(0, outputs.get("out").get(row * spec.valueDim() + c), 0);
                }
            }
        }
        assertEquals(spec.mask() instanceof Blocks ? 16 : spec.causal() ? 24 : 0, empty);
    }

    private static int visible(AttentionSpec spec, int row) {
        int count = 0;
        for (int j = 0; j < spec.keys(); j++) {
            count += spec.allows(row / spec.queries(), row % spec.queries(), j) ? 1 : 0;
        }
        return count;
    }

    @ParameterizedTest
    @MethodSource("plans")
    void constantValuesComeBack(Device device, AttentionSpec spec, Plan plan) {
        Map<String, Tensor> inputs = SelfCheck.inputs(spec, 8);
        inputs.get("v").fill(-3.5f);
        Tensor out = checked(device, spec, plan, inputs).get("out");
        for (int i = 0; i < out.shape().elements(); i++) {
            assertEquals(visible(spec, i / spec.valueDim()) == 0 ? 0 : -3.5f, out.get(i), 1e-5f);
        }
    }

    @ParameterizedTest
    @MethodSource("plans")
    void scaleZeroIsTheMeanOfTheVisibleValues(Device device, AttentionSpec spec, Plan plan) {
        Map<String, Tensor> inputs = SelfCheck.inputs(spec, 8);
        Map<String, Tensor> outputs = checked(device, scaled(spec, 0), plan, inputs);
        for (int row = 0; row < spec.heads() * spec.queries(); row++) {
            int count = visible(spec, row);
            double mean = 0;
            for (int j = 0; j < spec.keys(); j++) {
                int at = (row / spec.queries() * spec.keys() + j) * spec.valueDim();
                mean += spec.allows(row / spec.queries(), row % spec.queries(), j) ? inputs.get("v").get(at) / count : 0;
            }
            assertEquals(mean, outputs.get("out").get(row * spec.valueDim()), 1e-5);
            assertEquals((float) Math.log(count), outputs.get("lse").get(row), 1e-5f);
        }
    }

    @ParameterizedTest
    @MethodSource("plans")
    void oneKeyFarAboveTheOthersTakesAll(Device device, AttentionSpec spec, Plan plan) {
        Map<String, Tensor> inputs = inputs(spec, -1, -1);
        int firstKeyOfHead = 3 * spec.headDim();
        for (int c = 0; c < spec.headDim(); c++) {
            inputs.get("k").set(firstKeyOfHead + c, 1000);
        }
        Tensor out = checked(device, scaled(spec, 64), plan, inputs).get("out");
        int lastRow = spec.queries() - 1;
        assertTrue(spec.allows(0, lastRow, 3));
        assertEquals(inputs.get("v").get(3 * spec.valueDim()), out.get(lastRow * spec.valueDim()));
    }
}
