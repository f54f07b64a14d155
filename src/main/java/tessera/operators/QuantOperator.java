package tessera.operators;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import tessera.DType;
import tessera.NumberFormat;
import tessera.QuantSpec;
import tessera.QuantSpec.Direction;
import tessera.Shape;
import tessera.Tensor;
import tessera.engine.Device;
import tessera.engine.Kernel;
import tessera.engine.Program;
import tessera.engine.Task;
import tessera.planner.Candidates;
import tessera.planner.Cost;
import tessera.planner.Plan;
import tessera.reference.Expected;
import tessera.reference.QuantReference;
import tessera.reference.Sample;
import tessera.tasks.compact.CentreTokens;
import tessera.tasks.compact.GroupRanges;
import tessera.tasks.compact.PackCodes;
import tessera.tasks.compact.RoundNumbers;
import tessera.tasks.compact.UnpackCodes;
import uk.ac.manchester.tornado.api.types.arrays.ByteArray;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;
import uk.ac.manchester.tornado.api.types.arrays.TornadoNativeArray;

/** QUANT: tokens in fewer bits, and back. */
public final class QuantOperator implements Operator<QuantSpec> {
    private static final Kernel CENTRE = Kernel.of(CentreTokens.class, "rows");
    private static final Kernel RANGES = Kernel.of(GroupRanges.class, "rows");
    private static final Kernel PACK = Kernel.of(PackCodes.class, "rows");
    private static final Kernel UNPACK = Kernel.of(UnpackCodes.class, "rows");
    private static final Kernel ROUND = Kernel.of(RoundNumbers.class, "rows");

    @Override
    public Candidates plans(QuantSpec spec, Device device) {
        long elements = (long) spec.batch() * spec.heads() * spec.length() * spec.dim();
        long bytes = 4 * elements + spec.bytes();
        Candidates candidates = new Candidates();
        candidates.add(new Plan("QUANT", "rows", "-", Map.of(), DType.F32, new Cost(4 * elements, bytes, bytes, 1), "a group, a byte or a channel for each work-item"));
        return candidates;
    }

    @Override
    public Program bind(QuantSpec spec, Plan plan, Map<String, Tensor> tensors) {
        List<Task> tasks = new ArrayList<>();
        List<TornadoNativeArray> constants = new ArrayList<>();
        FloatArray book = book(spec.format(), tensors.get("codebook"));
        if (!tensors.containsKey("codebook")) {
            constants.add(book);
        }
        boolean there = spec.direction() == Direction.QUANTISE;
        ByteArray codes = tensors.containsKey("codes") ? (ByteArray) tensors.get("codes").data() : new ByteArray(spec.codes().elements());
        FloatArray scales = tensors.containsKey("scales") ? (FloatArray) tensors.get("scales").data() : new FloatArray(spec.scales().elements());
        if (spec.direction() != Direction.DEQUANTISE) {
            FloatArray ranges = new FloatArray(spec.scales().elements() / spec.format().parts() * 3);
            FloatArray x = centred(spec, tensors, tasks);
            tasks.add(ranges(spec, x, ranges, scales));
            tasks.add(spec.format() instanceof NumberFormat.Floats floats ? rounding(spec, floats, x, ranges, (FloatArray) tensors.get("out").data())
                    : Task.rows("pack", PACK, codes.getSize(), x, ranges, book, codes, spec.length(), spec.dim(), spec.groupTokens(),
                            spec.groupChannels(), spec.format().bits(), steps(spec.format())));
        }
        if (!there && !(spec.format() instanceof NumberFormat.Floats)) {
            tasks.add(unpack(spec, codes, scales, book, tensors, constants));
        }
        return new Program(tasks, arrays(tensors, spec.inputs()), constants, arrays(tensors, spec.outputs()));
    }

    /** What a code stands for, in steps: the given codebook, or whole numbers. */
    static FloatArray book(NumberFormat format, Tensor given) {
        if (given != null) {
            return (FloatArray) given.data();
        }
        FloatArray book = new FloatArray(1 << format.bits());
        for (int code = 0; code < book.getSize(); code++) {
            book.set(code, format instanceof NumberFormat.Integers integers ? code - integers.middle() : 0);
        }
        return book;
    }

    private static List<TornadoNativeArray> arrays(Map<String, Tensor> tensors, Map<String, Shape> names) {
        return names.keySet().stream().map(name -> tensors.get(name).data()).toList();
    }

    private static int steps(NumberFormat format) {
        return format instanceof NumberFormat.Integers integers ? integers.steps() : 0;
    }

    private static FloatArray centred(QuantSpec spec, Map<String, Tensor> tensors, List<Task> tasks) {
        FloatArray x = (FloatArray) tensors.get("x").data();
        if (spec.run() == 0) {
            return x;
        }
        FloatArray centred = new FloatArray(x.getSize());
        FloatArray mean = (FloatArray) tensors.get("mean").data();
        tasks.add(Task.rows("centre", CENTRE, mean.getSize(), x, centred, mean, spec.length(), spec.dim(), spec.run()));
        return centred;
    }

    private static Task ranges(QuantSpec spec, FloatArray x, FloatArray ranges, FloatArray scales) {
        boolean microscaled = spec.format() instanceof NumberFormat.Floats floats && floats.microscaled();
        return Task.rows("ranges", RANGES, ranges.getSize() / 3, x, ranges, scales, spec.length(), spec.dim(), spec.groupTokens(), spec.groupChannels(),
                spec.format().parts(), Math.max(1, steps(spec.format())), microscaled ? 1 : 0);
    }

    private static Task rounding(QuantSpec spec, NumberFormat.Floats floats, FloatArray x, FloatArray ranges, FloatArray out) {
        return Task.rows("round", ROUND, out.getSize(), x, ranges, out, spec.length(), spec.dim(), spec.groupTokens(), spec.groupChannels(),
                (int) (2 * floats.largest()), 1 << floats.fraction(), 1 << -floats.least());
    }

    private static Task unpack(QuantSpec spec, ByteArray codes, FloatArray scales, FloatArray book, Map<String, Tensor> tensors,
            List<TornadoNativeArray> constants) {
        FloatArray out = (FloatArray) tensors.get("out").data();
        IntArray channels = new IntArray(1);
        FloatArray added = new FloatArray(1);
        if (spec.outliers() > 0) {
            channels = (IntArray) tensors.get("outlierChannels").data();
            added = (FloatArray) tensors.get("outliers").data();
        } else {
            constants.addAll(List.of(channels, added));
        }
        return Task.rows("unpack", UNPACK, out.getSize(), codes, scales, book, channels, added, out, spec.length(), spec.dim(), spec.groupTokens(),
                spec.groupChannels(), spec.format().parts(), spec.format().bits(), spec.outliers());
    }

    @Override
    public Expected reference(QuantSpec spec, Map<String, Tensor> inputs, Sample sample) {
        return QuantReference.compute(spec, inputs, sample);
    }
}
