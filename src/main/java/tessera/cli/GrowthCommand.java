package tessera.cli;

import java.io.PrintWriter;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;
import tessera.experiments.Growth;
import tessera.experiments.GrowthChart;
import tessera.experiments.GrowthProblem;
import tessera.experiments.GrowthReport;
import tessera.experiments.GrowthResult;
import tessera.experiments.GrowthRule;
import tessera.experiments.GrowthTables;
import tessera.experiments.Protocol;

@Command(name = "growth", mixinStandardHelpOptions = true,
        description = {"Measures how linear attention grows with the length beside dense attention, on every device: sequences, decode steps, "
            + "the best chunk length, and where chunks overtake dense attention.",
            "Every result is verified against a float64 reference before it is timed."},
        footer = {"", "Example: tessera growth --lengths 1k,2k,4k,8k --heads 4 --device jvm --output growth",
            "Exit code 1 if a result is wrong or nothing could be measured."})
final class GrowthCommand implements Callable<Integer> {
    private static final List<Integer> LENGTHS = List.of(1 << 10, 2 << 10, 4 << 10, 8 << 10, 16 << 10, 32 << 10, 64 << 10);
    private static final List<Integer> CONTEXTS = List.of(1 << 10, 2 << 10, 4 << 10, 8 << 10, 16 << 10, 32 << 10, 64 << 10, 128 << 10);
    private static final List<Integer> QUICK = List.of(512, 1 << 10, 2 << 10, 4 << 10);

    @Mixin
    private CommonOptions common;

    @Option(names = "--gate", paramLabel = "KIND", defaultValue = "head-token", converter = RuleName.class,
            description = "Decay of the state: none, head-token, key-token, or delta for the gated delta rule (default: ${DEFAULT-VALUE}).")
    private GrowthRule rule;

    @Option(names = "--batch", paramLabel = "B", defaultValue = "1", description = "Batch size (default: ${DEFAULT-VALUE}).")
    private int batch;

    @Option(names = "--heads", paramLabel = "N", defaultValue = "16", description = "Heads (default: ${DEFAULT-VALUE}).")
    private int heads;

    @Option(names = "--head-dim", paramLabel = "D", defaultValue = "64", description = "Size of a query, key and value (default: ${DEFAULT-VALUE}).")
    private int headDim;

    @Option(names = "--lengths", paramLabel = "N", split = ",", converter = LengthConverter.class,
            description = "Numbers of tokens (default: 1k to 64k; --quick: 512 to 4k). Shorter ones are added, by halves down to twice the head "
                    + "dimension, to find where chunks overtake dense attention.")
    private List<Integer> lengths = List.of();

    @Option(names = "--contexts", paramLabel = "N", split = ",", converter = LengthConverter.class,
            description = "Numbers of tokens before a decode step (default: 1k to 128k; --quick: 512 to 4k).")
    private List<Integer> contexts = List.of();

    @Option(names = "--chunk-length", paramLabel = "N", converter = LengthConverter.class,
            description = "Tokens of the sequence that is cut into chunks of 16 to 256 (default: 8k; --quick: 2k).")
    private Integer chunkLength;

    @Option(names = "--slope-from", paramLabel = "N", converter = LengthConverter.class,
            description = "First length or context that slopes are fitted to (default: 4k; --quick: 1k).")
    private Integer slopeFrom;

    @Option(names = "--limit", paramLabel = "SECONDS", description = "A point whose runs are predicted to take longer is left out (default: 60; --quick: 10).")
    private Double limit;

    @Option(names = "--budget", paramLabel = "SECONDS",
            description = "Time for the timed runs of one point, of which there are 5 to 30 (default: 0.5; --quick: 0.2).")
    private Double budget;

    @Option(names = "--quick", description = "A rougher picture sooner, for a CPU: shorter lengths, less time for each point.")
    private boolean quick;

    @Option(names = "--seed", paramLabel = "S", defaultValue = "7", description = "Seed of the drawn inputs (default: ${DEFAULT-VALUE}).")
    private long seed;

    @Option(names = {"--output", "--out"}, paramLabel = "DIR", description = "Where growth.png, growth.json and growth.csv go (default: nowhere).")
    private Path output;

    @Spec
    private CommandSpec command;

    @Override
    public Integer call() {
        Growth growth = growth();
        ReportFolder reports = output == null ? null : ReportFolder.of(output, "growth.png", "growth.json", "growth.csv");
        GrowthResult result;
        try (Progress progress = new Progress("growth", growth.size())) {
            result = growth.run(progress::step);
        }
        Map<String, Object> document = GrowthReport.document(result);
        if (reports != null) {
            reports.write("growth.json", out -> Rows.json(out, document));
            reports.write("growth.csv", out -> Rows.csv(out, GrowthReport.csv(result)));
            chart(reports, result);
        }
        PrintWriter out = command.commandLine().getOut();
        switch (common.format) {
            case JSON -> Rows.json(out, document);
            case CSV -> Rows.csv(out, GrowthReport.csv(result));
            case TABLE -> {
                result.machine().devices().forEach(device -> out.println(result.machine().line(device)));
                GrowthTables.of(result).forEach((title, rows) -> {
                    out.println();
                    out.println(title);
                    if (rows.isEmpty()) {
                        out.println("nothing to compare");
                    } else {
                        Rows.table(out, rows);
                    }
                });
                if (reports != null) {
                    out.println();
                    reports.list(out);
                }
            }
        }
        out.flush();
        return result.passed() ? 0 : 1;
    }

    /** Java draws no text where the system has no fonts at all; the figures are there without the picture. */
    private void chart(ReportFolder reports, GrowthResult result) {
        byte[] png;
        try {
            png = GrowthChart.png(result);
        } catch (RuntimeException | InternalError | LinkageError e) {
            command.commandLine().getErr().println("no chart (" + e.getMessage() + "); growth.json has what it would show");
            return;
        }
        reports.write("growth.png", ByteBuffer.wrap(png));
    }

    private Growth growth() {
        CompareCommand.atLeastOne("--batch", batch, 1);
        CompareCommand.atLeastOne("--heads", heads, 1);
        CompareCommand.atLeastOne("--head-dim", headDim, 1);
        GrowthProblem problem = new GrowthProblem(rule, batch, heads, headDim, seed);
        Protocol protocol = Protocol.of(budget != null ? budget : quick ? 0.2 : 0.5);
        return new Growth(problem, sizes("--lengths", lengths, LENGTHS), sizes("--contexts", contexts, CONTEXTS),
                CompareCommand.atLeastOne("--chunk-length", chunkLength, quick ? 2 << 10 : 8 << 10),
                CompareCommand.atLeastOne("--slope-from", slopeFrom, quick ? 1 << 10 : 4 << 10), common.devices(), protocol,
                limit != null ? limit : quick ? 10 : 60);
    }

    private List<Integer> sizes(String option, List<Integer> given, List<Integer> usual) {
        given.forEach(size -> CompareCommand.atLeastOne(option, size, 1));
        return given.isEmpty() ? quick ? QUICK : usual : given;
    }

    static final class RuleName implements ITypeConverter<GrowthRule> {
        @Override
        public GrowthRule convert(String text) {
            return SpecOptions.named(GrowthRule.class, text);
        }
    }
}
