package tessera.planner;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import tessera.AttentionSpec;
import tessera.CodedAttentionSpec;
import tessera.DType;
import tessera.FastWeightSpec;
import tessera.PermuteSpec;
import tessera.PoolSpec;
import tessera.QuantSpec;
import tessera.QuantisedAttentionSpec;
import tessera.RecurrenceSpec;
import tessera.RotarySpec;
import tessera.SelectSpec;
import tessera.Spec;
import tessera.Tensor;
import tessera.TesseraException;
import tessera.UpdateRule;
import tessera.engine.Device;
import tessera.engine.Engines;
import tessera.engine.Program;
import tessera.operators.Storage;
import tessera.operators.Operators;
import tessera.reference.Accuracy;
import tessera.reference.Expected;
import tessera.reference.Sample;

/** The first use of a plan on a device is checked against the reference on a small problem of the same kind. */
public final class SelfCheck {

    private record Key(String device, String plan, Spec miniature) {
    }

    private static final Map<Key, Accuracy> DONE = new ConcurrentHashMap<>();

    private SelfCheck() {
    }

    /**
     * Accuracy of the plan on the spec's miniature; remembered for the life of the process.
     *
     * @throws TesseraException if the result is wrong
     */
    public static Accuracy of(Spec spec, Plan plan, Device device) {
        Spec miniature = spec.miniature();
        return DONE.computeIfAbsent(new Key(device.id(), plan.summary(), miniature), _ -> check(miniature, plan, device));
    }

    private static Accuracy check(Spec miniature, Plan plan, Device device) {
        Map<String, Tensor> tensors = inputs(miniature, 7);
        Map<String, Tensor> stored = new LinkedHashMap<>();
        tensors.forEach((name, tensor) -> stored.put(name, tensor.to(Storage.type(miniature, plan, name))));
        Map<String, Tensor> all = new LinkedHashMap<>(stored);
        miniature.outputs().forEach((name, shape) -> all.put(name, Tensor.zeros(miniature.computedType(name), shape).poison()));
        Expected expected = Operators.of(miniature).reference(miniature, stored, Sample.ALL);
        return run("the plan " + plan, Storage.bind(miniature, plan, all), device, all, expected, plan.operands());
    }

    /**
     * Runs a program once and compares its outputs.
     *
     * @param what names the program in the error message
     * @param tensors the tensors the program writes, by the names used in {@code expected}
     * @param operands type of the factors that the program's products take
     * @throws TesseraException if the program does not run there or the result is wrong
     */
    public static Accuracy run(String what, Program program, Device device, Map<String, Tensor> tensors, Expected expected, DType operands) {
        try (var session = Engines.of(device).prepare(device, program)) {
            session.run();
        }
        Accuracy accuracy = expected.compare(tensors);
        if (!accuracy.within(operands.tolerance())) {
            throw new TesseraException(what + " gives wrong results on " + device.id() + " (" + accuracy
                    + "); choose another variant or device");
        }
        return accuracy;
    }

    /**
     * Random inputs of a spec: standard normal; gates as logarithms of decays between 0 and 1; what a normaliser sums is
     * positive, as it is by definition of the method; small slopes; some keys excluded by bias, mask and lengths;
     * sequences, pages and blocks that are there; positions lie in their cache, indices and segments in their sequence.
     */
    public static Map<String, Tensor> inputs(Spec spec, long seed) {
        Map<String, Tensor> inputs = new LinkedHashMap<>();
        for (String name : List.copyOf(spec.inputs().keySet())) {
            Tensor tensor = Tensor.random(spec.inputs().get(name), seed + inputs.size());
            if (spec instanceof AttentionSpec attention) {
                tensor = scores(attention, name, tensor);
            }
            if (spec instanceof CodedAttentionSpec && !name.equals("v")) {
                tensor = codes(spec, name, tensor);
            }
            if (spec instanceof RecurrenceSpec recurrence) {
                tensor = recurrence(recurrence, name, tensor);
            }
            if (spec instanceof FastWeightSpec memory) {
                tensor = FastWeightInputs.of(memory, name, tensor);
            }
            if (spec instanceof SelectSpec select) {
                tensor = SelectInputs.of(select, name, tensor);
            }
            if (spec instanceof RotarySpec rotary && name.equals("positions")) {
                tensor = positions(rotary);
            }
            if (spec instanceof PermuteSpec permutation && name.equals("index")) {
                tensor = order(permutation);
            }
            if (spec instanceof PoolSpec pooling && name.equals("starts")) {
                tensor = starts(pooling);
            }
            if (spec instanceof QuantSpec || spec instanceof QuantisedAttentionSpec) {
                tensor = QuantInputs.of(spec, name, tensor);
            }
            inputs.put(name, tensor);
        }
        return inputs;
    }

    /** Codes of blocks whose largest magnitude has the code that it should, more or less; and scales that go with it. */
    private static Tensor codes(Spec spec, String name, Tensor normal) {
        boolean scales = name.endsWith("Scales");
        Tensor codes = Tensor.zeros(spec.type(name), normal.shape());
        for (int i = 0; i < normal.shape().elements(); i++) {
            float x = normal.get(i);
            codes.set(i, scales ? (3 + 0.1f * x) / 127 : (byte) (127 + Math.clamp(Math.round(42 * x), -127, 127)));
        }
        return codes;
    }

    /** Rows of the cache, in no order. */
    private static Tensor positions(RotarySpec spec) {
        Tensor positions = Tensor.zeros(DType.I32, spec.inputs().get("positions"));
        for (int i = 0; i < positions.shape().elements(); i++) {
            positions.set(i, (31L * i + 7) % spec.positions());
        }
        return positions;
    }

    /** Backwards from a place of its own in each row, with some padding; no place twice while there are others. */
    private static Tensor order(PermuteSpec spec) {
        Tensor index = Tensor.zeros(DType.I32, spec.inputs().get("index"));
        for (int i = 0; i < index.shape().elements(); i++) {
            int place = i % spec.indices();
            boolean left = place % 7 == 3 || spec.direction() == PermuteSpec.Direction.SCATTER && place >= spec.limit();
            index.set(i, left ? -1 : Math.floorMod(3 * (i / spec.indices()) + 5 - place, spec.limit()));
        }
        return index;
    }

    /** Segments that grow in length, the first one empty; the first and last token belong to none. */
    private static Tensor starts(PoolSpec spec) {
        Tensor starts = Tensor.zeros(DType.I32, spec.inputs().get("starts"));
        for (int i = 0; i < starts.shape().elements(); i++) {
            long s = Math.max(0, i % (spec.segments() + 1) - 1);
            starts.set(i, Math.min(1, spec.length() - 1) + s * s * Math.max(0, spec.length() - 2) / ((long) spec.segments() * spec.segments()));
        }
        return starts;
    }

    /** What the inputs to an attention's scores mean, made of standard normal values. */
    private static Tensor scores(AttentionSpec spec, String name, Tensor normal) {
        Tensor values = Tensor.zeros(spec.type(name).isFloat() ? DType.F32 : spec.type(name), normal.shape());
        for (int i = 0; i < normal.shape().elements(); i++) {
            float x = normal.get(i);
            values.set(i, switch (name) {
                case "cuSeqlensQ" -> start(i, spec.arrangement().sequences(), spec.queries());
                case "cuSeqlensK" -> start(i, spec.arrangement().sequences(), spec.keys());
                case "pageTable" -> (31L * i + 7) % spec.arrangement().pages();
                case "keyBlocks" -> x < -1 ? -1 : (31L * i + 7) % Math.ceilDiv(spec.keys(), spec.arrangement().listBlock());
                case "keyColumns" -> x < -1 ? -1 : (31L * i + 7) % spec.keys();
                case "slopes" -> 0.1f * Math.abs(x);
                case "bias" -> x < -1.5f ? Float.NEGATIVE_INFINITY : x;
                case "mask" -> x < -0.5f ? 0 : 1;
                case "keyLengths" -> Math.max(0, spec.keys() - Math.round(Math.abs(x) * spec.keys() / 2));
                default -> x;
            });
        }
        return values;
    }

    /** Sequences that grow in length, the first one empty; a few tokens at the end belong to none. */
    private static float start(int sequence, int sequences, int tokens) {
        return sequence < 2 ? 0 : (long) sequence * sequence * (tokens - tokens / 8) / ((long) sequences * sequences);
    }

    /** What the inputs of a recurrence mean, made of standard normal values, such that its state neither vanishes nor explodes. */
    private static Tensor recurrence(RecurrenceSpec spec, String name, Tensor normal) {
        boolean summed = spec.normalised() && spec.featureMap() == RecurrenceSpec.FeatureMap.IDENTITY;
        float shortened = (float) (1 / Math.sqrt(spec.keyDim()));
        Tensor values = Tensor.zeros(name.equals("cuSeqlens") ? DType.I32 : DType.F32, normal.shape());
        for (int i = 0; i < normal.shape().elements(); i++) {
            float x = normal.get(i);
            float size = Math.abs(x);
            values.set(i, switch (name) {
                case "gate", "valueGate" -> -0.1f * size;
                case "delta" -> 0.1f * size;
                case "rate" -> -size;
                case "epsilon" -> 0.1f * size / spec.keyDim();
                case "beta" -> 1 / (1 + size);
                case "a", "b" -> 0.3f * shortened * x;
                case "c" -> 0.5f * size;
                case "z0", "weights" -> size;
                case "cuSeqlens" -> i == spec.sequences() ? spec.length() : start(i, spec.sequences(), spec.length());
                case "u" -> spec.normalised() ? size : x;
                case "q" -> summed ? size : x;
                case "k" -> summed ? size : spec.rule().correction() == UpdateRule.Correction.DELTA ? shortened * x : x;
                default -> x;
            });
        }
        return values;
    }
}
