package tessera.cli;

import java.io.PrintWriter;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;
import tessera.experiments.LayoutTrials;

@Command(name = "layouts", mixinStandardHelpOptions = true,
        description = "Builds the block maps of masks of every kind, on the host by one thread; gives the time, the bytes that the thread allocated and "
                + "those of the result. Sampled blocks of every map are verified pair by pair first.",
        footer = {"", "Example: tessera layouts --length 128k --block-size 128", "Exit code 1 if a block is wrong."})
final class LayoutsCommand implements Callable<Integer> {
    private static final long SEED = 7;

    @Option(names = "--length", paramLabel = "N", defaultValue = "128k", converter = LengthConverter.class,
            description = "Queries and keys (default: ${DEFAULT-VALUE}).")
    private int length;

    @Option(names = "--block-size", paramLabel = "B", defaultValue = "128", converter = LengthConverter.class,
            description = "Queries and keys in a block (default: ${DEFAULT-VALUE}).")
    private int blockSize;

    @Option(names = "--runs", paramLabel = "N", defaultValue = "9", description = "Timed runs of each, after three others (default: ${DEFAULT-VALUE}).")
    private int runs;

    @Option(names = "--format", paramLabel = "FORMAT", defaultValue = "TABLE", description = "table, json or csv (default: table).")
    private CommonOptions.Format format;

    @Spec
    private CommandSpec command;

    @Override
    public Integer call() {
        CompareCommand.atLeastOne("--length", length, 1);
        CompareCommand.atLeastOne("--block-size", blockSize, 1);
        CompareCommand.atLeastOne("--runs", runs, 1);
        BlockReport.requireFew("--block-size", blockSize, length, length);
        LayoutTrials trials;
        try (Progress progress = new Progress("layouts", LayoutTrials.SIZE)) {
            trials = LayoutTrials.run(length, blockSize, runs, SEED, progress::step);
        }
        PrintWriter out = command.commandLine().getOut();
        switch (format) {
            case JSON -> Rows.json(out, trials.document());
            case CSV -> Rows.csv(out, trials.table());
            case TABLE -> {
                out.println(trials.machineLine());
                out.println();
                out.println("Block maps of " + length + " x " + length + " pairs in blocks of " + blockSize + " x " + blockSize + ", " + runs
                        + " runs, one thread");
                Rows.table(out, trials.table());
            }
        }
        out.flush();
        return trials.passed() ? 0 : 1;
    }
}
