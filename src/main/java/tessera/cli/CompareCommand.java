package tessera.cli;

import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Function;
import java.util.stream.Stream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;
import tessera.experiments.Comparison;
import tessera.experiments.Crossover;
import tessera.experiments.Data;
import tessera.experiments.Experiment;
import tessera.experiments.HtmlReport;
import tessera.experiments.Protocol;
import tessera.experiments.Report;
import tessera.experiments.StackComparison;
import tessera.experiments.StackPage;
import tessera.experiments.StackResult;
import tessera.experiments.Workload;
import tessera.methods.Method;
import tessera.methods.Methods;

@Command(name = "compare", mixinStandardHelpOptions = true,
        description = {"Compares attention methods on every device: plans, verifies, warms up, times and reports.",
            "Without --input and --lengths it takes the bundled sample and drawn data of growing length.",
            "With --stack or --ratio it compares stacks of layers: each is checked end to end at a small size, then each different layer is "
                + "verified and timed once, reading a prompt and decoding a token after it, and the times of all layers are added up.",
            "Each time goes to standard error as it comes, and the reports are written after each length, and when interrupted."},
        footer = {"", "Examples:", "  tessera compare --lengths 512,1k,2k,4k --methods H03,P08,L01 --device jvm",
            "  tessera compare --crossover --methods P08,D12 --lengths 512,1k,2k,4k --heads 2",
            "  tessera compare --data needle --methods H03,P08,D12 --lengths 1k",
            "  tessera compare --stack jamba,gemma3,dense --lengths 1k,16k --device jvm",
            "  tessera compare --ratio 0:8,1:7,4:4 --linear mamba:16 --lengths 1k",
            "  tessera compare --input qkv.safetensors --output report",
            "Exit code 1 if a result is wrong or nothing could be measured."})
final class CompareCommand implements Callable<Integer> {
    private static final List<String> USUAL_METHODS = List.of("H03", "P08", "P07", "L01", "G06", "K01", "K02");
    private static final List<Integer> USUAL_LENGTHS = List.of(256, 512, 1024, 2048);

    private final Function<String, Method> catalogue;

    @Mixin
    private CommonOptions common;

    @Mixin
    private StackOptions stacks;

    @Option(names = "--input", paramLabel = "FILE",
            description = "Safetensors file with q, k, v in BHLD; lengths shorter than the file take its first tokens.")
    private Path input;

    @Option(names = "--methods", paramLabel = "ID", split = ",",
            description = "Methods by id or name, see 'tessera methods' (default: a few of each family).")
    private List<String> methods = List.of();

    @Option(names = "--lengths", paramLabel = "N", split = ",", converter = LengthConverter.class,
            description = "Numbers of tokens, for example 512,1k,2k.")
    private List<Integer> lengths = List.of();

    @Option(names = "--batch", paramLabel = "B", description = "Batch size of drawn data (default: 1).")
    private Integer batch;

    @Option(names = "--heads", paramLabel = "N", description = "Heads of drawn data (default: 4).")
    private Integer heads;

    @Option(names = "--head-dim", paramLabel = "D", description = "Head dimension of drawn data (default: 64).")
    private Integer headDim;

    @Option(names = "--seed", paramLabel = "S", defaultValue = "7",
            description = "Seed of drawn data, gates and patterns (default: ${DEFAULT-VALUE}).")
    private long seed;

    @Option(names = "--data", paramLabel = "KIND",
            description = "How data is drawn: random, clustered, needle (a key that only the last queries look for), outliers (some channels of "
                    + "the keys are large) or offset (each has a constant) (default: random).")
    private Data data;

    @Option(names = "--crossover",
            description = "From which length on each method, choosing its keys included, beats dense attention; CSV has these rows alone.")
    private boolean crossover;

    @Option(names = "--budget", paramLabel = "SECONDS",
            description = "Time for the timed runs of one point, of which there are 5 to 30 (default: 0.5).")
    private Double budget;

    @Option(names = "--quick", description = "A rougher picture sooner: a fifth of a second for each point, and usual lengths up to 1k.")
    private boolean quick;

    @Option(names = "--output", paramLabel = "DIR", defaultValue = "tessera-report",
            description = "Where report.html, report.json and report.csv go (default: ${DEFAULT-VALUE}).")
    private Path output;

    @Spec
    private CommandSpec command;

    CompareCommand() {
        this(Methods::of);
    }

    /** A command that looks methods up elsewhere. */
    CompareCommand(Function<String, Method> catalogue) {
        this.catalogue = catalogue;
    }

    @Override
    public Integer call() {
        Protocol protocol = Protocol.of(budget != null ? budget : quick ? 0.2 : 0.5);
        return stacks.given() ? stacks(protocol) : methods(protocol);
    }

    private int stacks(Protocol protocol) {
        if (input != null || data != null || crossover || !methods.isEmpty()) {
            throw new IllegalArgumentException("--input, --data, --methods and --crossover do not go with --stack and --ratio");
        }
        StackComparison comparison = stacks.comparison(batch, heads, headDim, lengths, common.devices(), protocol, seed);
        ReportFolder reports = ReportFolder.of(output, "report.html", "report.json", "report.csv");
        StackResult result;
        try (Progress progress = new Progress("compare", comparison.size())) {
            result = comparison.run(progress::step);
        }
        reports.write("report.json", out -> Rows.json(out, result.document()));
        reports.write("report.csv", out -> Rows.csv(out, result.csv()));
        reports.write("report.html", out -> out.print(StackPage.of(result)));
        return common.print(command.commandLine().getOut(), result);
    }

    private int methods(Protocol protocol) {
        List<String> named = methods.isEmpty() ? USUAL_METHODS : methods;
        List<Method> chosen = Stream.concat(crossover ? Stream.of(Comparison.DENSE) : Stream.empty(), named.stream()).map(catalogue).distinct().toList();
        Experiment experiment = new Experiment(chosen, workloads(), common.devices(), protocol, seed);
        ReportFolder reports = ReportFolder.of(output, "report.html", "report.json", "report.csv");

        Comparison comparison;
        AtomicReference<Comparison> soFar = new AtomicReference<>();
        Thread interrupted = new Thread(() -> {
            if (soFar.get() != null) {
                write(reports, soFar.get().sorted());
                show(reports, soFar.get().sorted());
            }
        });
        Runtime.getRuntime().addShutdownHook(interrupted);
        try (Progress progress = new Progress("compare", experiment.size())) {
            comparison = experiment.run(progress::step, measured -> {
                soFar.set(measured);
                progress.say(command.commandLine().getErr(), Report.line(measured.measurements().getLast()));
                if (measured.measurements().size() % (chosen.size() * experiment.devices().size()) == 0) {
                    write(reports, measured.sorted());
                }
            });
            Runtime.getRuntime().removeShutdownHook(interrupted);
        }
        show(reports, comparison);
        return comparison.passed() ? 0 : 1;
    }

    private static void write(ReportFolder reports, Comparison comparison) {
        reports.write("report.json", out -> Rows.json(out, Report.document(comparison)));
        reports.write("report.csv", out -> Rows.csv(out, Report.csv(comparison)));
        reports.write("report.html", out -> out.print(HtmlReport.of(comparison)));
    }

    private void show(ReportFolder reports, Comparison comparison) {
        PrintWriter out = command.commandLine().getOut();
        switch (common.format) {
            case JSON -> Rows.json(out, Report.document(comparison));
            case CSV -> Rows.csv(out, crossover ? Report.breakEvens(comparison) : Report.csv(comparison));
            case TABLE -> {
                comparison.machine().devices().forEach(device -> out.println(comparison.machine().line(device)));
                out.println();
                Rows.table(out, Report.table(comparison));
                out.println();
                if (crossover) {
                    Rows.table(out, Report.breakEvenTable(comparison));
                } else {
                    comparison.crossovers().stream().map(Crossover::sentence).forEach(out::println);
                }
                out.println();
                reports.list(out);
            }
        }
        out.flush();
    }

    private List<Workload> workloads() {
        if (lengths.stream().anyMatch(length -> length < 1)) {
            throw new IllegalArgumentException("every length must be at least 1, got " + lengths);
        }
        boolean shaped = batch != null || heads != null || headDim != null || data != null;
        if (input != null) {
            if (shaped) {
                throw new IllegalArgumentException("--batch, --heads, --head-dim and --data are for drawn data; with --input the file gives them");
            }
            Workload whole = Workload.read(input);
            List<Integer> chosen = lengths.isEmpty() ? List.of(whole.length()) : lengths;
            return chosen.stream().distinct().sorted().map(whole::prefix).toList();
        }
        int drawnBatch = atLeastOne("--batch", batch, 1);
        int drawnHeads = atLeastOne("--heads", heads, 4);
        int drawnDim = atLeastOne("--head-dim", headDim, 64);
        List<Workload> workloads = new ArrayList<>();
        if (lengths.isEmpty() && !shaped && !crossover) {
            workloads.add(Workload.sample());
        }
        List<Integer> usual = quick ? USUAL_LENGTHS.subList(0, 3) : USUAL_LENGTHS;
        for (int length : (lengths.isEmpty() ? usual : lengths).stream().distinct().sorted().toList()) {
            workloads.add(Workload.drawn(data == null ? Data.RANDOM : data, drawnBatch, drawnHeads, length, drawnDim, seed));
        }
        return workloads;
    }

    static int atLeastOne(String option, Integer value, int usual) {
        if (value != null && value < 1) {
            throw new IllegalArgumentException(option + " must be at least 1, got " + value);
        }
        return value == null ? usual : value;
    }
}
