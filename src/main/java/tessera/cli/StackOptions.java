package tessera.cli;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import picocli.CommandLine.Option;
import tessera.DType;
import tessera.engine.Device;
import tessera.experiments.Protocol;
import tessera.experiments.StackComparison;
import tessera.stacks.Stack;
import tessera.stacks.StackShape;

/** Options of {@code compare} for stacks of layers. */
final class StackOptions {
    private static final List<Integer> LENGTHS = List.of(1 << 10, 4 << 10);

    @Option(names = "--stack", paramLabel = "NAME", split = ",",
            description = "Compare models' stacks of layers instead of methods: jamba, gemma3, command-a, dense, ...; their rows Y01 to Y12; 'all'; or a "
                    + "schedule such as '4(4 mamba + full + 3 mamba)'.")
    private List<String> names = List.of();

    @Option(names = "--ratio", paramLabel = "F:L", split = ",", arity = "0..1", fallbackValue = "all",
            description = "Compare stacks of eight layers, F full and L linear ones, for example 1:7,4:4; all nine unless given.")
    private List<String> ratios = List.of();

    @Option(names = "--linear", paramLabel = "LAYER", defaultValue = "lightning",
            description = "Linear layers of --ratio, for example mamba:16, delta or window:1024 (default: ${DEFAULT-VALUE}).")
    private String linear;

    @Option(names = "--layers", paramLabel = "N", description = "Only the first N layers of each stack, so that all are equally deep.")
    private Integer layers;

    @Option(names = "--kv-heads", paramLabel = "N", description = "Key/value heads of stacks (default: a quarter of the heads).")
    private Integer kvHeads;

    @Option(names = "--dtype", paramLabel = "TYPE", defaultValue = "F32", description = "Storage of stacks' caches: f32, f16 or bf16 (default: f32).")
    private DType dtype;

    @Option(names = "--limit", paramLabel = "SECONDS", defaultValue = "20",
            description = "A stack's layer whose runs are predicted to take longer is left out (default: ${DEFAULT-VALUE}).")
    private double limit;

    boolean given() {
        return !names.isEmpty() || !ratios.isEmpty();
    }

    /** Sizes that are not given are small ones, the same for all stacks. */
    StackComparison comparison(Integer batch, Integer heads, Integer headDim, List<Integer> lengths, List<Device> devices, Protocol protocol, long seed) {
        int drawnHeads = CompareCommand.atLeastOne("--heads", heads, 8);
        StackShape shape = new StackShape(CompareCommand.atLeastOne("--batch", batch, 1), drawnHeads,
                CompareCommand.atLeastOne("--kv-heads", kvHeads, drawnHeads % 4 == 0 ? drawnHeads / 4 : drawnHeads),
                CompareCommand.atLeastOne("--head-dim", headDim, 64), dtype);
        return new StackComparison(stacks(), shape, lengths.isEmpty() ? LENGTHS : lengths, devices, protocol, limit, seed);
    }

    private List<Stack> stacks() {
        List<Stack> stacks = new ArrayList<>();
        for (String name : names) {
            stacks.addAll(name.equals("all") ? Stack.all() : List.of(Stack.of(name)));
        }
        boolean all = ratios.contains("all");
        for (String ratio : all ? IntStream.rangeClosed(0, 8).mapToObj(full -> full + ":" + (8 - full)).toList() : ratios) {
            if (!ratio.matches("[0-8]:[0-8]") || ratio.charAt(0) - '0' + ratio.charAt(2) - '0' != 8) {
                throw new IllegalArgumentException("--ratio must be full : linear layers of eight, for example 1:7, got '" + ratio + "'");
            }
            stacks.add(Stack.ratio(ratio.charAt(0) - '0', linear));
        }
        return stacks.stream().distinct().map(stack -> layers == null ? stack : stack.with(stack.schedule().first(layers))).toList();
    }
}
