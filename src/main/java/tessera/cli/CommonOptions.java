package tessera.cli;

import java.io.PrintWriter;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import picocli.CommandLine.Option;
import tessera.Spec;
import tessera.Tessera;
import tessera.TesseraException;
import tessera.engine.Device;
import tessera.experiments.Measured;
import tessera.planner.Planner;

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

    boolean namesDevices() {
        return !devices.isEmpty();
    }

    /**
     * The chosen devices, in the order given.
     *
     * @throws TesseraException for an id that is not present, naming those that are
     */
    List<Device> devices() {
        List<Device> present = Tessera.devices();
        return devices.isEmpty() ? present : devices.stream().distinct().map(id -> device(id, present)).toList();
    }

    /**
     * The one chosen device, the JVM unless one is given; for {@code fastest} the one on which a spec should take the least time.
     *
     * @throws IllegalArgumentException if several are given
     */
    Function<Spec, Device> device() {
        if (devices.size() > 1) {
            throw new IllegalArgumentException("--device takes one device here, got " + String.join(", ", devices));
        }
        if (devices.equals(List.of("fastest"))) {
            return spec -> Planner.fastest(spec, Tessera.devices());
        }
        Device device = devices().getFirst();
        return _ -> device;
    }

    private static Device device(String id, List<Device> present) {
        List<String> ids = present.stream().map(Device::id).toList();
        int index = ids.indexOf(id);
        if (index < 0) {
            throw new TesseraException("no device '" + id + "'" + Nearest.hint(id, ids) + "; present: " + String.join(", ", ids)
                    + (ids.size() == 1 ? " (set TORNADOVM_HOME for TornadoVM's devices)" : ""));
        }
        return present.get(index);
    }

    /** Prints what was measured in the chosen format, and returns the exit code. */
    int print(PrintWriter out, Measured measured) {
        switch (format) {
            case TABLE -> {
                measured.machine().devices().forEach(device -> out.println(measured.machine().line(device)));
                out.println();
                Rows.table(out, measured.table());
                if (!measured.summary().isEmpty()) {
                    out.println();
                    Rows.table(out, measured.summary());
                }
            }
            case JSON -> Rows.json(out, measured.document());
            case CSV -> Rows.csv(out, measured.csv());
        }
        out.flush();
        return measured.passed() ? 0 : 1;
    }

    /** Prints rows, whose keys are the columns, in the chosen format. */
    void print(PrintWriter out, List<? extends Map<String, ?>> rows) {
        switch (format) {
            case TABLE -> Rows.table(out, rows);
            case JSON -> Rows.json(out, rows);
            case CSV -> Rows.csv(out, rows);
        }
        out.flush();
    }
}
