package tessera.cli;

import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;
import tessera.AttentionSpec;
import tessera.experiments.Overhead;

@Command(name = "overhead", mixinStandardHelpOptions = true,
        description = "Measures what a run of a prepared plan costs outside of its kernels. Wall times are those of Prepared.run on the plan's own "
                + "tensors, not measuring kernels; overhead is what they have above the median kernel time, copies to and from the device "
                + "included. 'copied' is the overhead with the caller's tensors, 'timed' with every kernel measured; 'first' prepares a plan "
                + "and runs it once, compiling, 'again' a second one. A second start of the program finds its own kernels, and those "
                + "that the driver keeps, in their caches: run the command twice to see what that saves.",
        footer = {"", "Example: tessera overhead --lengths 128 --heads 16 --head-dim 64 --format json",
            "Exit code 1 if a result is wrong or nothing could be measured."})
final class OverheadCommand implements Callable<Integer> {
    /** Runs of a small problem take so little time that there may be many. */
    private static final int MOST_RUNS = 1000;

    @Mixin
    private CommonOptions common;

    @Mixin
    private MeasureOptions measure;

    @Option(names = "--heads", paramLabel = "H", defaultValue = "16", converter = LengthConverter.class, description = "Heads (default: ${DEFAULT-VALUE}).")
    private int heads;

    @Option(names = "--head-dim", paramLabel = "D", defaultValue = "64", converter = LengthConverter.class,
            description = "Size of a query, key and value (default: ${DEFAULT-VALUE}).")
    private int headDim;

    @Option(names = "--lengths", paramLabel = "N", split = ",", defaultValue = "128", converter = LengthConverter.class,
            description = "Numbers of tokens (default: ${DEFAULT-VALUE}).")
    private List<Integer> lengths;

    @Spec
    private CommandSpec command;

    @Override
    public Integer call() {
        List<AttentionSpec> specs = lengths.stream().distinct().sorted()
                .map(length -> AttentionSpec.of(measure.batch, heads, length, headDim).dtype(measure.dtype).build()).toList();
        Overhead overhead;
        try (Progress progress = new Progress("overhead", (long) specs.size() * common.devices().size())) {
            overhead = Overhead.run(specs, common.devices(), measure.protocol(MOST_RUNS), measure.seed, progress::step);
        }
        return common.print(command.commandLine().getOut(), overhead);
    }
}
