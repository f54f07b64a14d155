package tessera.cli;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;
import tessera.engine.Device;
import tessera.planner.DeviceProfile;

@Command(name = "devices", mixinStandardHelpOptions = true, description = "Lists the devices present, with their profiles.",
        footer = {"", "Example: tessera devices --format json"})
final class DevicesCommand implements Callable<Integer> {
    @Mixin
    private CommonOptions common;

    @Spec
    private CommandSpec command;

    @Option(names = "--no-measure", description = "Do not measure bandwidth and rate.")
    private boolean noMeasure;

    @Option(names = "--measure", description = "Measure anew, whatever is kept from an earlier time.")
    private boolean measure;

    @Override
    public Integer call() {
        List<Map<String, Object>> rows = new ArrayList<>();
        for (Device device : common.devices()) {
            rows.add(row(device, noMeasure ? null : measure ? DeviceProfile.anew(device) : DeviceProfile.of(device)));
        }
        common.print(command.commandLine().getOut(), rows);
        return 0;
    }

    private static Map<String, Object> row(Device device, DeviceProfile profile) {
        Map<String, Object> row = new LinkedHashMap<>();
        row.put("id", device.id());
        row.put("name", device.name());
        row.put("backend", device.backend());
        row.put("kind", device.kind());
        row.put("driver", device.driver());
        row.put("computeUnits", device.computeUnits());
        row.put("memoryMiB", device.memoryBytes() >> 20);
        row.put("localMemoryKiB", device.localMemoryBytes() >> 10);
        row.put("half", device.half());
        row.put("instructions", device.instructions());
        row.put("gigabytesPerSecond", profile == null ? null : profile.gigabytesPerSecond());
        row.put("gigaflops", profile == null ? null : profile.gigaflops());
        row.put("matrixGigaflops", profile == null ? null : profile.matrixGigaflops());
        row.put("splitMatrixGigaflops", profile == null ? null : profile.splitMatrixGigaflops());
        return row;
    }
}
