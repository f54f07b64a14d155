package tessera.cli;

import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;
import tessera.TesseraException;
import tessera.engine.Device;
import tessera.experiments.Conformance;
import tessera.io.onnx.OnnxCase;
import tessera.io.onnx.OnnxProblem;

@Command(name = "conformance", mixinStandardHelpOptions = true,
        description = "Runs operator test cases of the ONNX standard on each device and compares element by element, as its own test "
                + "runner does; exit code 1 if one fails.",
        footer = {"", "Example: tessera conformance onnx/backend/test/data/node --op Attention,RotaryEmbedding --device jvm"})
final class ConformanceCommand implements Callable<Integer> {
    @Mixin
    private CommonOptions common;

    @Spec
    private CommandSpec command;

    @Parameters(paramLabel = "DIR", description = "Folder below which the cases lie: each a folder with model.onnx and test_data_set_0.")
    private Path directory;

    @Option(names = "--op", paramLabel = "OPERATOR", split = ",", description = "Operators to check, for example Attention; all of them unless given.")
    private List<String> operators = List.of();

    @Option(names = "--case", paramLabel = "NAME", split = ",", description = "Cases to check; all of them unless given.")
    private List<String> names = List.of();

    @Override
    public Integer call() {
        List<Device> devices = common.devices();
        List<OnnxCase> all = OnnxCase.below(directory);
        requireKnown("operator", operators, all.stream().map(OnnxCase::operator).distinct().sorted().toList());
        requireKnown("case", names, all.stream().map(OnnxCase::name).toList());
        List<OnnxCase> chosen = all.stream().filter(c -> operators.isEmpty() || operators.contains(c.operator()))
                .filter(c -> names.isEmpty() || names.contains(c.name())).toList();
        List<Map<String, Object>> rows = new ArrayList<>();
        try (Progress progress = new Progress("conformance", (long) chosen.size() * devices.size())) {
            for (OnnxCase one : chosen) {
                OnnxProblem problem = one.problem();
                for (Device device : devices) {
                    rows.add(row(one, device, Conformance.of(problem, device)));
                    progress.step(one.name() + " " + device.id());
                }
            }
        }
        common.print(command.commandLine().getOut(), rows);
        summarise(rows);
        return rows.stream().anyMatch(row -> row.get("status").equals(Conformance.Status.FAILED.toString())) ? 1 : 0;
    }

    private void requireKnown(String kind, List<String> asked, List<String> known) {
        for (String name : asked) {
            if (!known.contains(name)) {
                throw new TesseraException("no " + kind + " '" + name + "' below " + directory + Nearest.hint(name, known)
                        + (known.size() <= 20 ? "; there are " + String.join(", ", known) : ""));
            }
        }
    }

    /** One line for each operator and device; beside the table, and apart from JSON and CSV. */
    private void summarise(List<Map<String, Object>> rows) {
        PrintWriter out = common.format == CommonOptions.Format.TABLE ? command.commandLine().getOut() : command.commandLine().getErr();
        Map<String, Map<Object, Long>> counts = rows.stream().collect(Collectors.groupingBy(row -> row.get("op") + " on " + row.get("device"),
                LinkedHashMap::new, Collectors.groupingBy(row -> row.get("status"), Collectors.counting())));
        counts.forEach((name, count) -> out.println(name + ": " + Stream.of(Conformance.Status.values())
                .map(status -> count.getOrDefault(status.toString(), 0L) + " " + status).collect(Collectors.joining(", "))));
        out.flush();
    }

    private static Map<String, Object> row(OnnxCase one, Device device, Conformance result) {
        Map<String, Object> row = new LinkedHashMap<>();
        row.put("case", one.name());
        row.put("op", one.operator());
        row.put("device", device.id());
        row.put("status", result.status().toString());
        row.put("maxAbs", result.accuracy() == null ? null : result.accuracy().maxAbs());
        row.put("rms", result.accuracy() == null ? null : result.accuracy().rms());
        row.put("reason", result.reason());
        return row;
    }
}
