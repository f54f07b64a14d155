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
import tessera.experiments.Sparse;
import tessera.planner.Plan;

@Command(name = "sparse", mixinStandardHelpOptions = true,
        description = "Measures sparse attention beside dense attention on every device: drawn blocks, lists of tokens, windows. Efficiency is the "
                + "speed-up times the density, 1 where a visible pair costs what it costs in dense attention; the break-even density is that at "
                + "which a line through the times meets the dense one. TFLOP/s count visible pairs. Every result is verified first, on sampled "
                + "rows where it is large.",
        footer = {"", "Example: tessera sparse --length 2k --heads 4 --block-size 16,64 --density 0.1,0.25,0.5 --window 256",
            "Exit code 1 if a result is wrong or nothing could be measured."})
final class SparseCommand implements Callable<Integer> {
    @Mixin
    private CommonOptions common;

    @Mixin
    private MeasureOptions measure;

    @Option(names = "--length", paramLabel = "N", defaultValue = "4k", converter = LengthConverter.class, description = "Tokens (default: ${DEFAULT-VALUE}).")
    private int length;

    @Option(names = "--heads", paramLabel = "H", defaultValue = "16", converter = LengthConverter.class, description = "Query heads (default: ${DEFAULT-VALUE}).")
    private int heads;

    @Option(names = "--kv-heads", paramLabel = "H", converter = LengthConverter.class, description = "Key/value heads (default: as many as query heads).")
    private Integer kvHeads;

    @Option(names = "--head-dim", paramLabel = "D", defaultValue = "64", converter = LengthConverter.class,
            description = "Size of a query, key and value (default: ${DEFAULT-VALUE}).")
    private int headDim;

    @Option(names = "--causal", description = "Each query sees only keys up to its own position, in dense attention too.")
    private boolean causal;

    @Option(names = "--block-size", paramLabel = "B", split = ",", converter = LengthConverter.class,
            description = "Queries and keys in a block; with each density (default: 128 unless there are windows).")
    private List<Integer> blockSizes;

    @Option(names = "--density", paramLabel = "X", split = ",", defaultValue = "0.125", description = "Shares of blocks or tokens that are drawn (default: ${DEFAULT-VALUE}).")
    private List<Double> densities;

    @Option(names = "--maps", paramLabel = "M", defaultValue = "1", description = "Patterns of their own for so many runs of heads (default: ${DEFAULT-VALUE}).")
    private int maps;

    @Option(names = "--token-lists", description = "Also draw tokens for each query, with each density.")
    private boolean tokens;

    @Option(names = "--window", paramLabel = "W", split = ",", converter = LengthConverter.class, description = "Keys in a causal window, the query's own among them.")
    private List<Integer> windows = List.of();

    @Option(names = "--sink", paramLabel = "S", defaultValue = "0", converter = LengthConverter.class, description = "First keys that windows see too (default: ${DEFAULT-VALUE}).")
    private int sinks;

    @Mixin
    private VariantOptions variants;

    @Spec
    private CommandSpec command;

    @Override
    public Integer call() {
        Predicate<Plan> wanted = variants.wanted();
        Sparse sparse;
        Sparse.Sweep sweep = sweep();
        try (Progress progress = new Progress("sparse", Sparse.size(sweep, common.devices()))) {
            sparse = Sparse.run(sweep, common.devices(), wanted, measure.protocol(), measure.seed, progress::step);
        }
        return common.print(command.commandLine().getOut(), sparse);
    }

    private Sparse.Sweep sweep() {
        for (double density : densities) {
            if (!(density > 0) || density > 1) {
                throw new IllegalArgumentException("--density must be above 0 and at most 1, got " + density);
            }
        }
        AttentionBuilder builder = AttentionSpec.of(measure.batch, heads, length, headDim).kvHeads(kvHeads == null ? heads : kvHeads).dtype(measure.dtype);
        List<Integer> sizes = blockSizes != null ? blockSizes : windows.isEmpty() ? List.of(128) : List.of();
        return new Sparse.Sweep((causal ? builder.causal() : builder).build(), maps, sizes, densities, tokens, windows, sinks);
    }
}
