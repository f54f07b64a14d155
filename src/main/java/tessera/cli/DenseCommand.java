package tessera.cli;

import java.util.List;
import java.util.concurrent.Callable;
import java.util.function.Predicate;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;
import tessera.AttentionBuilder;
import tessera.AttentionSpec;
import tessera.experiments.Dense;
import tessera.planner.Plan;

@Command(name = "dense", mixinStandardHelpOptions = true,
        description = "Measures dense attention on every device. TFLOP/s are the operations of the two products over the pairs that are "
                + "visible, over the median kernel time; every result is verified first, on sampled rows where it is large.",
        footer = {"", "Example: tessera dense --lengths 1k,2k --heads 8 --head-dim 64,128 --causal --variants registers,tiles",
            "Exit code 1 if a result is wrong or nothing could be measured."})
final class DenseCommand implements Callable<Integer> {
    @Mixin
    private CommonOptions common;

    @Mixin
    private MeasureOptions measure;

    @Option(names = "--heads", paramLabel = "H", defaultValue = "16", converter = LengthConverter.class, description = "Query heads (default: ${DEFAULT-VALUE}).")
    private int heads;

    @Option(names = "--kv-heads", paramLabel = "H", converter = LengthConverter.class, description = "Key/value heads (default: as many as query heads).")
    private Integer kvHeads;

    @Option(names = "--head-dim", paramLabel = "D", split = ",", defaultValue = "64", converter = LengthConverter.class,
            description = "Sizes of a query, key and value (default: ${DEFAULT-VALUE}).")
    private List<Integer> headDims;

    @Option(names = "--lengths", paramLabel = "N", split = ",", defaultValue = "1k,4k", converter = LengthConverter.class,
            description = "Numbers of tokens (default: ${DEFAULT-VALUE}).")
    private List<Integer> lengths;

    @Option(names = "--causal", description = "Each query sees the keys up to its own position.")
    private boolean causal;

    @Mixin
    private VariantOptions variants;

    @Spec
    private CommandSpec command;

    @Override
    public Integer call() {
        List<AttentionSpec> specs = headDims.stream().distinct().flatMap(dim -> lengths.stream().distinct().sorted().map(length -> spec(dim, length))).toList();
        Predicate<Plan> wanted = variants.wanted();
        Dense dense;
        try (Progress progress = new Progress("dense", Dense.size(specs, common.devices(), wanted))) {
            dense = Dense.run(specs, common.devices(), wanted, measure.protocol(), measure.seed, progress::step);
        }
        return common.print(command.commandLine().getOut(), dense);
    }

    private AttentionSpec spec(int dim, int length) {
        AttentionBuilder builder = AttentionSpec.of(measure.batch, heads, length, dim).kvHeads(kvHeads == null ? heads : kvHeads).dtype(measure.dtype);
        return (causal ? builder.causal() : builder).build();
    }
}
