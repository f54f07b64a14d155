package tessera.cli;

import java.util.List;
import java.util.stream.Stream;
import picocli.CommandLine.Option;
import tessera.Tessera;
import tessera.engine.Device;

/** Options that most commands share. */
final class CommonOptions {

    /** How results are printed. */
    enum Format { TABLE, JSON, CSV }

    @Option(names = "--device", paramLabel = "ID", split = ",", description = "Devices to use, for example jvm,opencl:0; all present ones unless given.")
    private List<String> devices = List.of();

    @Option(names = "--format", paramLabel = "FORMAT", defaultValue = "TABLE", description = "table, json or csv (default: table).")
    Format format;

    @Option(names = "--verbose", description = "Show more, and stack traces of errors.")
    boolean verbose;

    /** The chosen devices, in the order given. */
    List<Device> devices() {
        Stream<Device> chosen = devices.isEmpty() ? Tessera.devices().stream() : devices.stream().distinct().map(Tessera::device);
        return chosen.toList();
    }
}
