package tessera.cli;

import java.io.PrintWriter;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;
import tessera.experiments.CacheLoad;
import tessera.experiments.CacheTrials;

@Command(name = "kvcache", mixinStandardHelpOptions = true,
        description = "Puts the same sequences into caches of every kind, on the host by one thread; gives the bytes allocated, taken by pages, used by "
                + "tokens and what they would be without sharing, and the time of appending a token for the first and the last quarter of the "
                + "decoded ones. First and last tokens are verified.",
        footer = {"", "Example: tessera kvcache --sequences 8 --prompt 1k --shared 768 --decoded 1k", "Exit code 1 if a token is wrong."})
final class KvCacheCommand implements Callable<Integer> {
    @Option(names = "--kv-heads", paramLabel = "N", defaultValue = "8", description = "Key/value heads (default: ${DEFAULT-VALUE}).")
    private int kvHeads;

    @Option(names = "--dim", paramLabel = "D", defaultValue = "128", description = "Elements of a key and of a value (default: ${DEFAULT-VALUE}).")
    private int dim;

    @Option(names = "--page-size", paramLabel = "N", defaultValue = "16", description = "Tokens in a page (default: ${DEFAULT-VALUE}).")
    private int pageSize;

    @Option(names = "--sequences", paramLabel = "N", defaultValue = "8", description = "Sequences (default: ${DEFAULT-VALUE}).")
    private int sequences;

    @Option(names = "--prompt", paramLabel = "N", defaultValue = "1000", converter = LengthConverter.class,
            description = "Tokens with which each begins (default: ${DEFAULT-VALUE}).")
    private int prompt;

    @Option(names = "--shared", paramLabel = "N", defaultValue = "750", converter = LengthConverter.class,
            description = "Tokens of these that are shared where that is possible (default: ${DEFAULT-VALUE}).")
    private int shared;

    @Option(names = "--decoded", paramLabel = "N", defaultValue = "1000", converter = LengthConverter.class,
            description = "Tokens that follow one by one (default: ${DEFAULT-VALUE}).")
    private int decoded;

    @Option(names = "--window", paramLabel = "N", defaultValue = "256", converter = LengthConverter.class,
            description = "Recent tokens of a ring, and those beside integers (default: ${DEFAULT-VALUE}).")
    private int window;

    @Option(names = "--format", paramLabel = "FORMAT", defaultValue = "TABLE", description = "table, json or csv (default: table).")
    private CommonOptions.Format format;

    @Spec
    private CommandSpec command;

    @Override
    public Integer call() {
        CacheTrials trials = CacheTrials.run(new CacheLoad(kvHeads, dim, pageSize, sequences, prompt, shared, decoded, window));
        PrintWriter out = command.commandLine().getOut();
        switch (format) {
            case JSON -> Rows.json(out, trials.document());
            case CSV -> Rows.csv(out, trials.table());
            case TABLE -> {
                out.println(trials.machineLine());
                out.println();
                out.println(sequences + " sequences of " + prompt + " + " + decoded + " tokens, " + kvHeads + " key/value heads of " + dim
                        + " float32 elements, pages of " + pageSize);
                Rows.table(out, trials.table());
            }
        }
        out.flush();
        return trials.passed() ? 0 : 1;
    }
}
