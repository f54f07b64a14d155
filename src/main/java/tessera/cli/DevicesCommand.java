package tessera.cli;

import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;
import tessera.engine.Device;

@Command(name = "devices", mixinStandardHelpOptions = true, description = "Lists the devices present, with their profiles.",
        footer = {"", "Example: tessera devices --format json"})
final class DevicesCommand implements Callable<Integer> {
    @Mixin
    private CommonOptions common;

    @Spec
    private CommandSpec command;

    @Override
    public Integer call() {
        for (Device device : common.devices()) {
            command.commandLine().getOut().println(device);
        }
        return 0;
    }
}
