package tessera.cli;

import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;
import tessera.AttentionSpec;
import tessera.experiments.Decode;
import tessera.experiments.Decoding;

@Command(name = "decode", mixinStandardHelpOptions = true,
        description = "Measures decoding: one query for each sequence against a cache of keys and values, on every device. GB/s are the "
                + "bytes of queries, keys and values read once and of the output written once, over the median kernel time; they stand "
                + "beside the bandwidth of a copy on that device, measured in the same run.",
        footer = {"", "Example: tessera decode --keys 16k,64k --heads 32 --kv-heads 8 --device jvm --all-plans",
            "Exit code 1 if a result is wrong or nothing could be measured."})
final class DecodeCommand implements Callable<Integer> {
    @Mixin
    private CommonOptions common;

    @Mixin
    private MeasureOptions measure;

    @Option(names = "--heads", paramLabel = "H", defaultValue = "32", converter = LengthConverter.class, description = "Query heads (default: ${DEFAULT-VALUE}).")
    private int heads;

    @Option(names = "--kv-heads", paramLabel = "H", defaultValue = "8", converter = LengthConverter.class,
            description = "Key/value heads (default: ${DEFAULT-VALUE}).")
    private int kvHeads;

    @Option(names = "--head-dim", paramLabel = "D", defaultValue = "128", converter = LengthConverter.class,
            description = "Size of a query, key and value (default: ${DEFAULT-VALUE}).")
    private int headDim;

    @Option(names = "--keys", paramLabel = "N", split = ",", defaultValue = "16k,64k", converter = LengthConverter.class,
            description = "Keys in the cache of each sequence (default: ${DEFAULT-VALUE}).")
    private List<Integer> keys;

    @Option(names = "--all-plans", description = "Measure every legal plan, not only the planner's choice.")
    private boolean allPlans;

    @Spec
    private CommandSpec command;

    @Override
    public Integer call() {
        List<AttentionSpec> specs = keys.stream().distinct().sorted().map(this::spec).toList();
        Decode decode = new Decode(specs, common.devices(), allPlans, measure.protocol(), measure.seed);
        Decoding decoding;
        try (Progress progress = new Progress("decode", decode.size())) {
            decoding = decode.run(progress::step);
        }
        return common.print(command.commandLine().getOut(), decoding);
    }

    private AttentionSpec spec(int length) {
        return AttentionSpec.of(measure.batch, heads, 1, headDim).kvHeads(kvHeads).keys(length).dtype(measure.dtype).build();
    }
}
