package tessera.cli;

import java.io.PrintWriter;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;
import tessera.DType;
import tessera.engine.Device;
import tessera.experiments.Data;
import tessera.experiments.Machine;
import tessera.experiments.Quantisation;

@Command(name = "quant", mixinStandardHelpOptions = true,
        description = {"Shows what is lost and saved when keys and values are quantised: bytes of the cache for each token of a head beside float16, and the "
            + "errors of keys, values and output, by the axis along which numbers share a scale: some tokens of a channel, some channels of a "
            + "token, or (keys) a block of tokens; keys also less their mean (smoothed).",
            "Errors of keys and values are root mean squares beside a deviation of 1; output RMS is the ratio to float64 attention over what was "
                + "quantised, kernel RMS that to float64 attention over the same codes. The first of the devices computes."},
        footer = {"", "Example: tessera quant --data outliers --bits 2 --group 32 --residual 128", "Exit code 1 if a result of the device is wrong."})
final class QuantCommand implements Callable<Integer> {
    @Mixin
    private CommonOptions common;

    @Option(names = "--data", paramLabel = "KIND", defaultValue = "OUTLIERS",
            description = "How data is drawn: random, clustered, needle, outliers (some channels of the keys are large) or offset (each has a constant) "
                    + "(default: outliers).")
    private Data data;

    @Option(names = "--bits", paramLabel = "N", split = ",", defaultValue = "2,4,8", description = "2, 4 or 8 (default: ${DEFAULT-VALUE}).")
    private List<Integer> bits;

    @Option(names = "--symmetric", description = "Levels from -max to max, without a least value beside each scale.")
    private boolean symmetric;

    @Option(names = "--group", paramLabel = "N", defaultValue = "32", converter = LengthConverter.class,
            description = "Numbers that share a scale, and tokens of a block (default: ${DEFAULT-VALUE}).")
    private int group;

    @Option(names = "--residual", paramLabel = "N", defaultValue = "0", converter = LengthConverter.class,
            description = "Last tokens that are not quantised (default: ${DEFAULT-VALUE}).")
    private int residual;

    @Option(names = "--batch", paramLabel = "B", defaultValue = "1", description = "Batch size (default: ${DEFAULT-VALUE}).")
    private int batch;

    @Option(names = "--heads", paramLabel = "H", defaultValue = "4", description = "Heads (default: ${DEFAULT-VALUE}).")
    private int heads;

    @Option(names = "--length", paramLabel = "N", defaultValue = "1k", converter = LengthConverter.class, description = "Tokens (default: ${DEFAULT-VALUE}).")
    private int length;

    @Option(names = "--head-dim", paramLabel = "D", defaultValue = "64", description = "Size of a query, key and value (default: ${DEFAULT-VALUE}).")
    private int headDim;

    @Option(names = "--dtype", paramLabel = "TYPE", defaultValue = "F16", description = "f32, f16 or bf16: how scales and whole tokens are stored (default: f16).")
    private DType dtype;

    @Option(names = "--seed", paramLabel = "S", defaultValue = "7", description = "Seed of drawn data (default: ${DEFAULT-VALUE}).")
    private long seed;

    @Spec
    private CommandSpec command;

    @Override
    public Integer call() {
        CompareCommand.atLeastOne("--group", group, 1);
        CompareCommand.atLeastOne("--batch", batch, 1);
        CompareCommand.atLeastOne("--heads", heads, 1);
        CompareCommand.atLeastOne("--length", length, 1);
        CompareCommand.atLeastOne("--head-dim", headDim, 1);
        Device device = common.devices().getFirst();
        Quantisation quantisation = new Quantisation(data, batch, heads, length, headDim, bits, symmetric, group, residual, dtype, device, seed);
        List<Quantisation.Row> rows;
        try (Progress progress = new Progress("quant", quantisation.size())) {
            rows = quantisation.run(progress::step);
        }
        PrintWriter out = command.commandLine().getOut();
        if (common.format == CommonOptions.Format.TABLE) {
            out.println(Machine.here(List.of(device)).line(device));
            out.println();
        }
        common.print(out, rows.stream().map(Quantisation.Row::columns).toList());
        return rows.stream().allMatch(Quantisation.Row::passed) ? 0 : 1;
    }
}
