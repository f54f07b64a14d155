package tessera.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import tessera.TesseraException;

/** The command line. Exit codes: 0 done, 1 a check failed, 2 bad input or something that cannot be done here. */
@Command(name = "tessera", version = "tessera 0.1.0", mixinStandardHelpOptions = true, synopsisSubcommandLabel = "COMMAND",
        description = "Attention for Java, tiled for every device.",
        subcommands = {DevicesCommand.class, CommandLine.HelpCommand.class},
        footer = {"", "Example: tessera compare --lengths 512,1k,2k", "TornadoVM's devices appear when TORNADOVM_HOME is set."})
public final class Main {

    public static void main(String[] arguments) {
        System.exit(commandLine().execute(arguments));
    }

    /** The command line as the program and the tests use it. */
    public static CommandLine commandLine() {
        CommandLine commandLine = new CommandLine(new Main());
        commandLine.setCaseInsensitiveEnumValuesAllowed(true);
        commandLine.setExecutionExceptionHandler(Main::report);
        return commandLine;
    }

    private static int report(Exception e, CommandLine command, CommandLine.ParseResult parsed) throws Exception {
        boolean expected = e instanceof IllegalArgumentException || e instanceof TesseraException || e instanceof IOException
                || e instanceof UncheckedIOException;
        PrintWriter err = command.getErr();
        boolean verbose = parsed.originalArgs().contains("--verbose");
        err.println("tessera: " + (expected || e.getMessage() != null ? e.getMessage() : e.toString()));
        if (verbose) {
            e.printStackTrace(err);
        } else if (!expected) {
            err.println("This is a defect of tessera; --verbose shows where.");
        }
        err.flush();
        return CommandLine.ExitCode.USAGE;
    }
}
