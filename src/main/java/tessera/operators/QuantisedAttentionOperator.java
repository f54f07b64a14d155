package tessera.operators;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import tessera.AttentionSpec;
import tessera.DType;
import tessera.QuantSpec;
import tessera.QuantisedAttentionSpec;
import tessera.Tensor;
import tessera.engine.Device;
import tessera.engine.Kernel;
import tessera.engine.Program;
import tessera.engine.Task;
import tessera.layouts.Layout;
import tessera.layouts.Range;
import tessera.planner.Candidates;
import tessera.planner.Cost;
import tessera.planner.Plan;
import tessera.reference.Expected;
import tessera.reference.QuantisedAttentionReference;
import tessera.reference.Sample;
import tessera.tasks.compact.QuantisedAttention;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;
import uk.ac.manchester.tornado.api.types.arrays.TornadoNativeArray;

/** ATTN over quantised keys and values. */
public final class QuantisedAttentionOperator implements Operator<QuantisedAttentionSpec> {
    private static final Kernel ROWS = Kernel.of(QuantisedAttention.class, "rows");

    @Override
    public Candidates plans(QuantisedAttentionSpec spec, Device device) {
        AttentionSpec attention = spec.attention();
        Candidates candidates = new Candidates();
        if (!(Layout.simple(attention) instanceof Range range)) {
            candidates.ruleOut("ATTN rows", "quantised keys need one window for all heads, not the mask " + attention.mask() + "; dequantise first");
            return candidates;
        }
        long pairs = range.pairs(attention);
        long all = (long) attention.batch() * attention.heads() * attention.queries() * attention.keys();
        long whole = 4L * attention.batch() * attention.heads() * attention.queries() * (attention.headDim() + attention.valueDim());
        Cost cost = new Cost(pairs * 4 * (attention.headDim() + attention.valueDim()), whole + spec.cacheBytes(), whole + spec.cacheBytes(), (double) pairs / all);
        candidates.add(new Plan("ATTN", "rows", range.name(), Map.of(), DType.F32, cost, "one row of the result for each work-item, which restores keys and values as it reads them"));
        return candidates;
    }

    @Override
    public Program bind(QuantisedAttentionSpec spec, Plan plan, Map<String, Tensor> tensors) {
        AttentionSpec attention = spec.attention();
        Range range = (Range) Layout.simple(attention);
        List<TornadoNativeArray> constants = new ArrayList<>();
        FloatArray keyBook = QuantOperator.book(spec.k().format(), tensors.get("kCodebook"));
        FloatArray valueBook = QuantOperator.book(spec.v().format(), tensors.get("vCodebook"));
        FloatArray books = new FloatArray(keyBook.getSize() + valueBook.getSize());
        FloatArray out = (FloatArray) tensors.get("out").data();
        int rows = attention.batch() * attention.heads() * attention.queries();
        FloatArray lse = attention.lse() ? (FloatArray) tensors.get("lse").data() : new FloatArray(rows);
        IntArray geometry = geometry(spec, range);
        Tensor none = Tensor.zeros(1);
        if (spec.rest() == 0) {
            constants.add(none.data());
        }
        constants.add(geometry);
        Task task = Task.rows("attention", ROWS, rows, tensors.get("q").data(), tensors.get("kCodes").data(), tensors.get("kScales").data(),
                tensors.get("vCodes").data(), tensors.get("vScales").data(), books, tensors.getOrDefault("k", none).data(), tensors.getOrDefault("v", none).data(),
                out, lse, geometry, attention.heads(), attention.kvHeads(), attention.queries(), attention.headDim(), attention.valueDim(), attention.scale());
        List<TornadoNativeArray> inputs = new ArrayList<>(List.of(books));
        spec.inputs().keySet().stream().filter(name -> !name.endsWith("Codebook")).forEach(name -> inputs.add(tensors.get(name).data()));
        List<FloatArray> outputs = attention.lse() ? List.of(out, lse) : List.of(out);
        return new Program(List.of(task), inputs, constants, List.copyOf(outputs), () -> join(keyBook, valueBook, books),
                () -> outputs.stream().skip(1).forEach(Lse::markEmpty));
    }

    private static void join(FloatArray first, FloatArray second, FloatArray both) {
        for (int n = 0; n < both.getSize(); n++) {
            both.set(n, n < first.getSize() ? first.get(n) : second.get(n - first.getSize()));
        }
    }

    private static IntArray geometry(QuantisedAttentionSpec spec, Range range) {
        List<Integer> numbers = new ArrayList<>(List.of(spec.packed(), spec.rest(), range.sink(), range.first(), range.last(), range.diagonal()));
        for (QuantSpec packed : List.of(spec.k(), spec.v())) {
            int bits = packed.format().bits();
            numbers.addAll(List.of(bits, bits == 2 ? 2 : bits == 8 ? 0 : 1, packed.format().parts(), packed.scales().dim(2), packed.groupTokens(),
                    packed.scales().dim(3), packed.groupChannels()));
        }
        IntArray geometry = new IntArray(numbers.size());
        for (int n = 0; n < numbers.size(); n++) {
            geometry.set(n, numbers.get(n));
        }
        return geometry;
    }

    @Override
    public Expected reference(QuantisedAttentionSpec spec, Map<String, Tensor> inputs, Sample sample) {
        return QuantisedAttentionReference.compute(spec, inputs, sample);
    }
}
