package tessera.cli;

import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;
import tessera.AttentionBuilder;
import tessera.AttentionSpec;
import tessera.DType;
import tessera.RecurrenceSpec;
import tessera.TesseraException;
import tessera.engine.Device;
import tessera.experiments.Summary;
import tessera.io.AtomicFile;
import tessera.planner.DeviceProfile;
import tessera.planner.Explanation;
import tessera.planner.Plan;
import tessera.planner.Planner;

@Command(name = "plan", aliases = "explain", mixinStandardHelpOptions = true,
        description = "Shows how an attention would be computed on each device, and why; runs nothing but the measurement of a new device.",
        footer = {"", "Example: tessera plan --length 2k --heads 8 --head-dim 64 --causal --window 255,0 --format json",
            "Example: tessera plan --length 8k --window 511,0 --global 64 --random 3 --block-size 64 --picture blocks.png",
            "Example: tessera plan --operator recurrence --length 4k --gate head-token",
            "Example: tessera plan --length 16k --window 511,0 --random 3 --block-size 64 --time"})
final class PlanCommand implements Callable<Integer> {
    /** Time for planning again and again; the first half lets Java compile the planner. */
    private static final long PLANNING_NANOS = 2_000_000_000L;

    @Mixin
    private CommonOptions common;

    @Mixin
    private SpecOptions options;

    @Spec
    private CommandSpec command;

    @Option(names = "--batch", paramLabel = "B", defaultValue = "1", converter = LengthConverter.class, description = "Batch size (default: 1).")
    private int batch;

    @Option(names = "--heads", paramLabel = "H", defaultValue = "8", converter = LengthConverter.class, description = "Query heads (default: 8).")
    private int heads;

    @Option(names = "--kv-heads", paramLabel = "H", converter = LengthConverter.class, description = "Key/value heads (default: as many as query heads).")
    private Integer kvHeads;

    @Option(names = "--length", paramLabel = "N", defaultValue = "1k", converter = LengthConverter.class, description = "Queries, for example 512 or 2k (default: 1k).")
    private int length;

    @Option(names = "--keys", paramLabel = "M", converter = LengthConverter.class, description = "Keys (default: as many as queries).")
    private Integer keys;

    @Option(names = "--head-dim", paramLabel = "D", defaultValue = "64", converter = LengthConverter.class, description = "Size of a query and key (default: 64).")
    private int headDim;

    @Option(names = "--value-dim", paramLabel = "D", converter = LengthConverter.class, description = "Size of a value (default: as a key).")
    private Integer valueDim;

    @Option(names = "--dtype", paramLabel = "TYPE", defaultValue = "F32", description = "f32, f16 or bf16 (default: f32).")
    private DType dtype;

    @Option(names = "--no-measure", description = "Do not measure devices; no predicted times.")
    private boolean noMeasure;

    @Option(names = "--time", description = "Print instead how long planning takes: the first time in this process, and again and again.")
    private boolean time;

    @Option(names = "--show-kernel", description = "Print also the specialised kernels of the chosen plans, and what TornadoVM makes of them.")
    private boolean showKernel;

    @Option(names = "--variant", paramLabel = "NAME", description = "With --show-kernel, of the first plan of this variant instead.")
    private String variant;

    @Option(names = "--map-block", paramLabel = "B", converter = LengthConverter.class,
            description = "Size of the blocks that the mask is described and drawn in (default: --block-size, else 128 or what gives at most 4 million).")
    private Integer mapBlock;

    @Option(names = "--picture", paramLabel = "FILE", description = "Draw the mask's empty, partial and full blocks as PNG; large maps are averaged.")
    private Path picture;

    @Override
    public Integer call() {
        tessera.Spec spec = spec();
        if (time) {
            common.print(command.commandLine().getOut(), common.devices().stream().map(device -> planningTime(spec, device)).toList());
            return 0;
        }
        BlockReport blocks = blocks();
        List<Explanation> explanations = new ArrayList<>();
        for (Device device : common.devices()) {
            explanations.add(Explanation.of(spec, device, noMeasure ? null : DeviceProfile.of(device)));
        }
        PrintWriter out = command.commandLine().getOut();
        switch (common.format) {
            case TABLE -> {
                explanations.forEach(out::println);
                if (!noMeasure && explanations.size() > 1) {
                    out.println("fastest by these predictions: " + Planner.fastest(spec, common.devices()));
                }
                if (blocks != null) {
                    blocks.print(out, picture);
                }
            }
            case JSON -> Rows.json(out, explanations.stream().map(explanation -> tree(explanation, blocks)).toList());
            case CSV -> Rows.csv(out, explanations.stream().flatMap(e -> e.rows().stream()).toList());
        }
        if (showKernel) {
            explanations.forEach(e -> e.legal().stream().filter(plan -> variant == null || plan.variant().equals(variant)).findFirst()
                    .ifPresentOrElse(plan -> out.println(SpecialisedKernels.text(spec, plan, e.device())),
                            () -> out.println(e.device().id() + ": no plan" + (variant == null ? "" : " of the variant " + variant))));
        }
        out.flush();
        if (explanations.stream().allMatch(e -> e.legal().isEmpty())) {
            throw new TesseraException("no device that was asked can compute this; the limits are listed above");
        }
        return 0;
    }

    /** The first time loads classes, unless another device came first. */
    private static Map<String, Object> planningTime(tessera.Spec spec, Device device) {
        List<Double> millis = new ArrayList<>();
        Plan plan = null;
        for (long start = System.nanoTime(); millis.size() < 3 || System.nanoTime() - start < PLANNING_NANOS; ) {
            long before = System.nanoTime();
            plan = Planner.plan(spec, device);
            millis.add((System.nanoTime() - before) / 1e6);
        }
        Summary again = Summary.of(millis.subList(millis.size() / 2, millis.size()).stream().mapToDouble(Double::doubleValue).toArray());
        Map<String, Object> row = new LinkedHashMap<>();
        row.put("device", device.id());
        row.put("plan", plan.summary());
        row.put("first ms", millis.getFirst());
        row.put("again ms", again.median());
        row.put("p90 ms", again.p90());
        return row;
    }

    private tessera.Spec spec() {
        if (options.operator == SpecOptions.OperatorName.RECURRENCE) {
            if (kvHeads != null || keys != null) {
                throw new IllegalArgumentException("--kv-heads and --keys do not go with a recurrence, which has as many as queries");
            }
            return options.recurrence(RecurrenceSpec.of(batch, heads, length, headDim).valueDim(valueDim == null ? headDim : valueDim).dtype(dtype), null);
        }
        return options.attention(attention(), length, keyCount(), null);
    }

    private AttentionBuilder attention() {
        return AttentionSpec.of(batch, heads, length, headDim).kvHeads(kvHeads == null ? heads : kvHeads).keys(keyCount())
                .valueDim(valueDim == null ? headDim : valueDim).dtype(dtype);
    }

    private int keyCount() {
        return keys == null ? length : keys;
    }

    /** What the mask, before it is rounded up to blocks, leaves of them; null for a recurrence. The picture is drawn here, before a device is measured. */
    private BlockReport blocks() {
        if (options.operator == SpecOptions.OperatorName.RECURRENCE) {
            if (mapBlock != null || picture != null) {
                throw new IllegalArgumentException((picture != null ? "--picture" : "--map-block") + " needs an attention; a recurrence has no mask with blocks");
            }
            return null;
        }
        if (picture != null) {
            AtomicFile.requireWritable(picture);
        }
        AttentionSpec spec = options.unrounded(attention(), length, keyCount());
        Integer size = mapBlock == null ? options.blockSize() : mapBlock;
        if (mapBlock != null) {
            CompareCommand.atLeastOne("--map-block", mapBlock, 1);
            BlockReport.requireFew("--map-block", mapBlock, length, keyCount());
        }
        BlockReport blocks = BlockReport.of(spec, size);
        if (picture != null) {
            blocks.draw(picture);
        }
        return blocks;
    }

    private static Map<String, Object> tree(Explanation explanation, BlockReport blocks) {
        Map<String, Object> tree = explanation.tree();
        if (blocks != null) {
            tree.put("blocks", blocks.tree());
        }
        return tree;
    }
}
