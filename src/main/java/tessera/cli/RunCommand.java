package tessera.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.function.Function;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import tessera.DType;
import tessera.Result;
import tessera.Spec;
import tessera.Tensor;
import tessera.Tessera;
import tessera.engine.Device;
import tessera.io.AtomicFile;
import tessera.io.Safetensors;
import tessera.operators.Storage;
import tessera.planner.Plan;
import tessera.planner.Planner;
import tessera.reference.Accuracy;

@Command(name = "run", mixinStandardHelpOptions = true,
        description = {"Computes an attention of the tensors in a safetensors file, on the JVM unless --device names another device, or is",
            "\"fastest\": then on the one that should take the least time by what was measured of each. Several devices share batches and heads,",
            "or the states of a recurrence, by their speed, and run at the same time.",
            "Reads q, k, v of shape [batch, heads, length, dim], for attention also block_mask [maps, query blocks, key blocks], for a "
                    + "recurrence gate (logarithms), s0, z0 and what --gate and --correction take (tessera plan lists it).",
            "Writes out in the type of q and, where asked for, lse, s and z as F32."},
        footer = {"", "Example: tessera run --input qkv.safetensors --output out.safetensors --causal --lse",
            "Example: tessera run --input qkv.safetensors --output out.safetensors --device opencl:0,jvm"})
final class RunCommand implements Callable<Integer> {
    @Mixin
    private CommonOptions common;

    @Mixin
    private SpecOptions options;

    @picocli.CommandLine.Spec
    private CommandSpec command;

    @Option(names = "--input", required = true, paramLabel = "FILE", description = "Safetensors file to read.")
    private Path input;

    @Option(names = "--output", paramLabel = "FILE", description = "Safetensors file to write; not needed with --dry.")
    private Path output;

    @Option(names = "--dry", description = "Stop after printing the plan and its tasks.")
    private boolean dry;

    @Override
    public Integer call() throws IOException {
        if (!dry) {
            checkOutput();
        }
        boolean divided = !dry && common.namesDevices() && common.devices().size() > 1;
        Function<Spec, Device> choice = divided ? null : common.device();
        Problem problem = Problem.read(Safetensors.open(input), options);
        PrintWriter out = command.commandLine().getOut();
        if (dry) {
            Device device = choice.apply(problem.spec());
            common.print(out, tasks(problem, Planner.plan(problem.spec(), device), device));
            return 0;
        }
        Result result = divided ? run(problem, common.devices()) : run(problem, choice.apply(problem.spec()));
        Safetensors.write(output, result.outputs(),
                Map.of("operator", problem.spec().operator(), "plan", result.plan().summary(), "device", result.device()));
        common.print(out, List.of(row(result)));
        return 0;
    }

    private static Result run(Problem problem, Device device) {
        try (var prepared = Tessera.plan(problem.spec(), device)) {
            return prepared.run(problem.inputs());
        }
    }

    private static Result run(Problem problem, List<Device> devices) {
        try (var divided = Tessera.plan(problem.spec(), devices.toArray(Device[]::new))) {
            return divided.run(problem.inputs());
        }
    }

    private void checkOutput() throws IOException {
        if (output == null) {
            throw new IllegalArgumentException("--output FILE is missing; it may be left out only with --dry");
        }
        AtomicFile.requireWritable(output);
        if (Files.exists(input) && Files.exists(output) && Files.isSameFile(input, output)) {
            throw new IllegalArgumentException("--output " + output + " is the input file; name another one");
        }
    }

    private static List<Map<String, Object>> tasks(Problem problem, Plan plan, Device device) {
        Spec spec = problem.spec();
        Map<String, Tensor> tensors = new LinkedHashMap<>();
        problem.inputs().forEach((name, tensor) -> tensors.put(name, tensor.to(Storage.type(spec, plan, name))));
        spec.outputs().forEach((name, shape) -> tensors.put(name, Tensor.zeros(DType.F32, shape)));
        return Storage.bind(spec, plan, tensors).tasks().stream().map(task -> {
            Map<String, Object> row = new LinkedHashMap<>();
            row.put("device", device.id());
            row.put("plan", plan.summary());
            row.put("task", task.toString());
            return row;
        }).toList();
    }

    private Map<String, Object> row(Result result) {
        Accuracy check = result.selfCheck();
        Map<String, Object> row = new LinkedHashMap<>();
        row.put("device", result.device());
        row.put("plan", result.plan().summary());
        row.put("kernelMillis", result.timing().kernelMillis());
        row.put("transferMillis", result.timing().transferMillis());
        row.put("compileMillis", result.timing().compile() / 1e6);
        row.put("totalMillis", result.timing().totalMillis());
        row.put("selfCheckMaxAbs", check.maxAbs());
        row.put("selfCheckRms", check.rms());
        row.put("output", output.toString());
        return row;
    }
}
