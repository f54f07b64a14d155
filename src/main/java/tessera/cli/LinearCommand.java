package tessera.cli;

import java.util.List;
import java.util.concurrent.Callable;
import java.util.function.Predicate;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;
import tessera.experiments.Linear;
import tessera.planner.Plan;

@Command(name = "linear", mixinStandardHelpOptions = true,
        description = "Measures linear attention with a gate on every device. GB/s are the bytes of inputs and outputs, TFLOP/s four operations for "
                + "each token and element of the state, over the median kernel time; every result is verified first, on sampled heads and, where "
                + "they are long, on their first and last tokens.",
        footer = {"", "Example: tessera linear --lengths 1k,4k --heads 8 --head-dim 64 --dtype f16 --gate scalar,delta",
            "Exit code 1 if a result is wrong or nothing could be measured."})
final class LinearCommand implements Callable<Integer> {
    @Mixin
    private CommonOptions common;

    @Mixin
    private MeasureOptions measure;

    @Option(names = "--gate", paramLabel = "GATE", split = ",", defaultValue = "SCALAR",
            description = "scalar (Mamba-2, RetNet), channel (GLA) or delta (Gated DeltaNet) (default: scalar).")
    private List<Linear.Form> forms;

    @Option(names = "--heads", paramLabel = "H", defaultValue = "16", converter = LengthConverter.class, description = "Heads (default: ${DEFAULT-VALUE}).")
    private int heads;

    @Option(names = "--head-dim", paramLabel = "D", defaultValue = "64", converter = LengthConverter.class,
            description = "Size of a query, key and value (default: ${DEFAULT-VALUE}).")
    private int headDim;

    @Option(names = "--lengths", paramLabel = "N", split = ",", defaultValue = "1k,4k", converter = LengthConverter.class,
            description = "Numbers of tokens (default: ${DEFAULT-VALUE}).")
    private List<Integer> lengths;

    @Mixin
    private VariantOptions variants;

    @Spec
    private CommandSpec command;

    @Override
    public Integer call() {
        Linear.Problems problems = new Linear.Problems(forms.stream().distinct().toList(), lengths.stream().distinct().sorted().toList(),
                measure.batch, heads, headDim, measure.dtype);
        Predicate<Plan> wanted = variants.wanted();
        Linear linear;
        try (Progress progress = new Progress("linear", problems.size(common.devices(), wanted))) {
            linear = Linear.run(problems, common.devices(), wanted, measure.protocol(), measure.seed, progress::step);
        }
        return common.print(command.commandLine().getOut(), linear);
    }
}
