package tessera.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.util.Arrays;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.UnmatchedArgumentException;
import tessera.TesseraException;
import tessera.experiments.Machine;

/** The command line. Exit codes: 0 done, 1 a check failed, 2 bad input or something that cannot be done here. */
@Command(name = "tessera", versionProvider = Main.Version.class, mixinStandardHelpOptions = true, synopsisSubcommandLabel = "COMMAND",
        description = "Attention for Java, tiled for every device.",
        subcommands = {
            DevicesCommand.class,
            MethodsCommand.class,
            PlanCommand.class,
            RunCommand.class,
            CompareCommand.class,
            DecodeCommand.class,
            DenseCommand.class,
            SparseCommand.class,
            GrowthCommand.class,
            ExperimentCommand.class,
            LayoutsCommand.class,
            KvCacheCommand.class,
            LinearCommand.class,
            OverheadCommand.class,
            QuantCommand.class,
            TuneCommand.class,
            CacheCommand.class,
            VerifyCommand.class,
            ConformanceCommand.class,
            CommandLine.HelpCommand.class
        },
        footer = {"", "Example: tessera compare --lengths 512,1k,2k", "TornadoVM's devices appear when TORNADOVM_HOME is set."})
public final class Main {

    static final class Version implements CommandLine.IVersionProvider {
        @Override
        public String[] getVersion() {
            return new String[] {"tessera " + Machine.version()};
        }
    }

    public static void main(String[] arguments) {
        if (Arrays.asList(arguments).contains("--verbose")) {
            System.setProperty("org.slf4j.simpleLogger.defaultLogLevel", "debug");
        }
        PrintWriter out = new PrintWriter(System.out, true);
        System.setOut(System.err); // TornadoVM prints remarks to it, which would spoil JSON and CSV
        int code = commandLine().setOut(out).execute(arguments);
        if (out.checkError()) {
            System.err.println("tessera: standard output is closed or full; not everything was written to it");
            code = CommandLine.ExitCode.USAGE;
        }
        System.exit(code);
    }

    /** The command line as the program and the tests use it. */
    public static CommandLine commandLine() {
        CommandLine commandLine = new CommandLine(new Main());
        commandLine.setCaseInsensitiveEnumValuesAllowed(true);
        commandLine.setExecutionStrategy(Main::run);
        commandLine.setExecutionExceptionHandler(Main::report);
        commandLine.setParameterExceptionHandler(Main::misused);
        return commandLine;
    }

    /** Runs the chosen command; picocli hands over exceptions, but no errors. */
    private static int run(CommandLine.ParseResult parsed) {
        try {
            return new CommandLine.RunLast().execute(parsed);
        } catch (OutOfMemoryError e) {
            throw failed(parsed, new TesseraException("not enough memory (" + e.getMessage()
                    + "); use smaller sizes, or give it more with TESSERA_OPTS=-Xmx…", e));
        } catch (Error e) {
            throw failed(parsed, new IllegalStateException(e.toString(), e));
        }
    }

    private static CommandLine.ExecutionException failed(CommandLine.ParseResult parsed, RuntimeException cause) {
        return new CommandLine.ExecutionException(parsed.commandSpec().commandLine(), cause.getMessage(), cause);
    }

    private static int report(Exception e, CommandLine command, CommandLine.ParseResult parsed) throws Exception {
        boolean expected = e instanceof IllegalArgumentException || e instanceof TesseraException || e instanceof IOException
                || e instanceof UncheckedIOException;
        PrintWriter err = command.getErr();
        boolean verbose = parsed.originalArgs().contains("--verbose");
        err.println("tessera: " + oneLine(expected || e.getMessage() != null ? e.getMessage() : e.toString()));
        if (verbose) {
            e.printStackTrace(err);
        } else if (!expected) {
            err.println("This is a defect of tessera; --verbose shows where.");
        }
        err.flush();
        return CommandLine.ExitCode.USAGE;
    }

    private static int misused(ParameterException e, String[] arguments) {
        CommandLine command = e.getCommandLine();
        String message = e.getMessage();
        if (e instanceof UnmatchedArgumentException unmatched && !unmatched.getUnmatched().isEmpty()) {
            String given = unmatched.getUnmatched().getFirst();
            message = given.startsWith("-") ? "unknown option '" + given + "'" + Nearest.hint(given, command.getCommandSpec().optionsMap().keySet())
                    : command.getParent() == null ? "unknown command '" + given + "'" + Nearest.hint(given, command.getSubcommands().keySet())
                    : "unexpected argument '" + given + "'";
        }
        PrintWriter err = command.getErr();
        err.println("tessera: " + oneLine(message) + "; see '" + command.getCommandSpec().qualifiedName() + " --help'");
        if (Arrays.asList(arguments).contains("--verbose")) {
            e.printStackTrace(err);
        }
        err.flush();
        return CommandLine.ExitCode.USAGE;
    }

    private static String oneLine(String message) {
        return String.valueOf(message).strip().replaceAll("\\s*\\R\\s*", " ");
    }
}
