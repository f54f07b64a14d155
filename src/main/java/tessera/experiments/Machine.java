package tessera.experiments;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import tessera.engine.Device;

/**
 * Where a measurement was taken: what a reader needs to judge or repeat it.
 *
 * @param tornadovm TornadoVM's version, or {@code none}
 * @param tessera version of this program
 */
public record Machine(List<Device> devices, String cpu, String tornadovm, String jdk, String os, String tessera) {

    /** This machine, as far as the chosen devices go. */
    public static Machine here(List<Device> devices) {
        String jdk = System.getProperty("java.vendor") + " " + Runtime.version();
        String os = System.getProperty("os.name") + " " + System.getProperty("os.version") + " " + System.getProperty("os.arch");
        return new Machine(devices, cpuModel(), tornadovmVersion(), jdk, os, version());
    }

    /** The machine line of a device. */
    public String line(Device device) {
        return device.id() + ": " + device.name() + " (" + device.kind() + ", " + device.computeUnits() + " compute units), backend "
                + device.backend() + ", driver " + device.driver() + ", TornadoVM " + tornadovm + ", JDK " + jdk + ", " + os + ", CPU " + cpu
                + ", tessera " + tessera;
    }

    private static String tornadovmVersion() {
        return ModuleLayer.boot().findModule("tornado.runtime").map(m -> m.getDescriptor().rawVersion().orElse("of unknown version")).orElse("none");
    }

    /** Version and commit of this program, as the build left them in the jar; outside a checkout it leaves null for the commit. */
    public static String version() {
        String version = Machine.class.getPackage().getImplementationVersion();
        return version == null ? "unpackaged build" : version.replace("(null)", "(no commit)");
    }

    private static String cpuModel() {
        try (Stream<String> lines = Files.lines(Path.of("/proc/cpuinfo"))) {
            return lines.filter(line -> line.startsWith("model name")).map(line -> line.replaceFirst("[^:]*:", "").strip()).findFirst()
                    .orElse(System.getProperty("os.arch"));
        } catch (IOException e) {
            return System.getProperty("os.arch");
        }
    }
}
