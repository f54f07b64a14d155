package tessera.cli;

import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;
import tessera.Tensor;
import tessera.TesseraException;
import tessera.engine.Device;
import tessera.io.ReferenceCase;
import tessera.io.ReferenceFile;
import tessera.methods.PreparedCase;
import tessera.planner.Plan;
import tessera.reference.Accuracy;
import tessera.reference.Expected;

@Command(name = "verify", mixinStandardHelpOptions = true,
        description = "Compares our results with those that other software wrote to a safetensors file, case by case on each device; "
                + "exit code 1 if one fails. What the catalogue does not have is outside, with what it would need.",
        footer = {"", "Example: tessera verify attention-references.safetensors --device jvm --format json"})
final class VerifyCommand implements Callable<Integer> {
    @Mixin
    private CommonOptions common;

    @Spec
    private CommandSpec command;

    @Parameters(paramLabel = "FILE", description = "Safetensors file with tensors named case/name and attributes of each case in its metadata.")
    private Path file;

    @Option(names = "--case", paramLabel = "NAME", split = ",", description = "Cases to check; all of them unless given.")
    private List<String> cases = List.of();

    @Override
    public Integer call() {
        List<Device> devices = common.devices();
        ReferenceFile references = ReferenceFile.open(file);
        for (String name : cases) {
            if (!references.names().contains(name)) {
                throw new TesseraException("no case '" + name + "' in " + file + Nearest.hint(name, references.names()) + "; it has "
                        + String.join(", ", references.names()));
            }
        }
        List<String> chosen = cases.isEmpty() ? references.names() : cases;
        List<Map<String, Object>> rows = new ArrayList<>();
        try (Progress progress = new Progress("verify", (long) chosen.size() * devices.size())) {
            for (String name : chosen) {
                ReferenceCase reference = references.read(name);
                for (Device device : devices) {
                    rows.add(check(reference, device));
                    progress.step(name + " " + device.id());
                }
            }
        }
        common.print(command.commandLine().getOut(), rows);
        Map<Object, Long> counts = rows.stream().collect(Collectors.groupingBy(row -> row.get("status"), Collectors.counting()));
        boolean table = common.format == CommonOptions.Format.TABLE;
        PrintWriter summary = table ? command.commandLine().getOut() : command.commandLine().getErr();
        summary.println(Stream.of("passed", "failed", "unsupported", "outside").map(status -> counts.getOrDefault(status, 0L) + " " + status)
                .collect(Collectors.joining(", ")));
        summary.flush();
        return counts.containsKey("failed") ? 1 : 0;
    }

    private static Map<String, Object> check(ReferenceCase reference, Device device) {
        return switch (reference) {
            case ReferenceCase.Unknown(String name, String reason) -> row(name, device, "unsupported", null, reason);
            case ReferenceCase.Outside(String name, String reason) -> row(name, device, "outside", null, reason);
            case ReferenceCase.Known known -> check(known, device);
        };
    }

    private static Map<String, Object> check(ReferenceCase.Known known, Device device) {
        List<Plan> plans;
        try {
            plans = known.problem().plans(device);
        } catch (TesseraException e) {
            return row(known.name(), device, "unsupported", null, e.getMessage());
        }
        try (var prepared = new PreparedCase(known.problem(), device, plans)) {
            prepared.poison();
            prepared.run();
            Accuracy accuracy = Accuracy.EXACT;
            for (int n = 0; n < plans.size(); n++) {
                accuracy = accuracy.worse(expected(known.outputs().get(n)).compare(prepared.tensors(n)));
            }
            double limit = known.problem().dtype().tolerance();
            return accuracy.within(limit) ? row(known.name(), device, "passed", accuracy, null)
                    : row(known.name(), device, "failed", accuracy, accuracy.finite() ? "the RMS ratio is not below " + limit : accuracy.toString());
        } catch (TesseraException e) {
            return row(known.name(), device, "failed", null, e.getMessage());
        }
    }

    private static Expected expected(Map<String, Tensor> tensors) {
        Map<String, Expected.Values> outputs = new LinkedHashMap<>();
        tensors.forEach((name, tensor) -> {
            int[] all = IntStream.range(0, tensor.shape().elements()).toArray();
            outputs.put(name, new Expected.Values(all, IntStream.of(all).mapToDouble(tensor::get).toArray()));
        });
        return new Expected(outputs);
    }

    private static Map<String, Object> row(String name, Device device, String status, Accuracy accuracy, String reason) {
        Map<String, Object> row = new LinkedHashMap<>();
        row.put("case", name);
        row.put("device", device.id());
        row.put("status", status);
        row.put("maxAbs", accuracy == null || !accuracy.finite() ? null : accuracy.maxAbs());
        row.put("rms", accuracy == null || !accuracy.finite() ? null : accuracy.rms());
        row.put("reason", reason);
        return row;
    }
}
