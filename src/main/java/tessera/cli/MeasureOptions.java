package tessera.cli;

import picocli.CommandLine.Option;
import tessera.DType;
import tessera.experiments.Protocol;

/** Options of commands that measure attention. */
final class MeasureOptions {
    @Option(names = "--batch", paramLabel = "B", defaultValue = "1", converter = LengthConverter.class, description = "Sequences (default: ${DEFAULT-VALUE}).")
    int batch;

    @Option(names = "--dtype", paramLabel = "TYPE", defaultValue = "F32", description = "f32, f16 or bf16 (default: f32).")
    DType dtype;

    @Option(names = "--budget", paramLabel = "SECONDS", defaultValue = "0.5",
            description = "Time for the timed runs of one point, of which there are 5 to 30 (default: ${DEFAULT-VALUE}).")
    private double budget;

    @Option(names = "--seed", paramLabel = "S", defaultValue = "7", description = "Seed of the drawn inputs (default: ${DEFAULT-VALUE}).")
    long seed;

    Protocol protocol() {
        return Protocol.of(budget);
    }

    /** With up to that many runs of each point. */
    Protocol protocol(int most) {
        Protocol usual = protocol();
        return new Protocol(budget, usual.fewest(), most);
    }
}
