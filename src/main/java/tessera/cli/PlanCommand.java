package tessera.cli;

import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;
import tessera.AttentionSpec;
import tessera.DType;
import tessera.RecurrenceSpec;
import tessera.TesseraException;
import tessera.engine.Device;
import tessera.planner.DeviceProfile;
import tessera.planner.Explanation;
import tessera.planner.Planner;

@Command(name = "plan", aliases = "explain", mixinStandardHelpOptions = true,
        description = "Shows how an attention would be computed on each device, and why; runs nothing but the measurement of a new device.",
        footer = {"", "Example: tessera plan --length 2k --heads 8 --head-dim 64 --causal --window 255,0 --format json",
            "Example: tessera plan --operator recurrence --length 4k --gate head-token"})
final class PlanCommand implements Callable<Integer> {
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

    @Option(names = "--show-kernel", description = "Print also the specialised kernels of the chosen plans, and what TornadoVM makes of them.")
    private boolean showKernel;

    @Option(names = "--variant", paramLabel = "NAME", description = "With --show-kernel, of the first plan of this variant instead.")
    private String variant;

    @Override
    public Integer call() {
        tessera.Spec spec = spec();
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
            }
            case JSON -> Rows.json(out, explanations.stream().map(Explanation::tree).toList());
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

    private tessera.Spec spec() {
        int valueSize = valueDim == null ? headDim : valueDim;
        if (options.operator == SpecOptions.OperatorName.RECURRENCE) {
            if (kvHeads != null || keys != null) {
                throw new IllegalArgumentException("--kv-heads and --keys do not go with a recurrence, which has as many as queries");
            }
            return options.recurrence(RecurrenceSpec.of(batch, heads, length, headDim).valueDim(valueSize).dtype(dtype), null);
        }
        int keyCount = keys == null ? length : keys;
        return options.attention(AttentionSpec.of(batch, heads, length, headDim).kvHeads(kvHeads == null ? heads : kvHeads).keys(keyCount)
                .valueDim(valueSize).dtype(dtype), length, keyCount, null);
    }
}
