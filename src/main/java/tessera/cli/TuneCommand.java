package tessera.cli;

import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import tessera.Spec;
import tessera.engine.Device;
import tessera.experiments.Regret;
import tessera.experiments.Tuner;
import tessera.experiments.TuningProblems;
import tessera.planner.Planner;
import tessera.planner.TunedPlan;
import tessera.planner.TunedPlans;

@Command(name = "tune", mixinStandardHelpOptions = true,
        description = "Measures the legal plans of problems on every device, verifies each, and keeps the figures: the planner then chooses by them, on these "
                + "problems and on others nearby. Each figure is kept as soon as it is there; what was measured before is not measured again.",
        footer = {"", "Example: tessera tune --device jvm --lengths 256,1k --heads 4,8 --head-dim 64,128 --causal", "Example: tessera tune --quick",
            "Example: tessera tune --drawn 25 --longest 1k --regret", "See also: tessera cache"})
final class TuneCommand implements Callable<Integer> {
    /** Seconds that --quick takes at most, beside the last plan. */
    private static final double QUICK = 45;

    @Mixin
    private CommonOptions common;

    @Mixin
    private MeasureOptions measure;

    @Option(names = "--quick", description = "A few small problems of every kind, in under a minute.")
    private boolean quick;

    @Option(names = "--lengths", paramLabel = "N", split = ",", defaultValue = "256,1k", converter = LengthConverter.class,
            description = "Numbers of tokens (default: ${DEFAULT-VALUE}).")
    private List<Integer> lengths;

    @Option(names = "--heads", paramLabel = "H", split = ",", defaultValue = "8", converter = LengthConverter.class, description = "Numbers of heads (default: ${DEFAULT-VALUE}).")
    private List<Integer> heads;

    @Option(names = "--head-dim", paramLabel = "D", split = ",", defaultValue = "64", converter = LengthConverter.class,
            description = "Sizes of a query, key and value (default: ${DEFAULT-VALUE}).")
    private List<Integer> headDims;

    @Option(names = "--causal", description = "Each query sees the keys up to its own position.")
    private boolean causal;

    @Option(names = "--drawn", paramLabel = "COUNT", description = "Drawn problems instead: prefill and decoding, full, causal and in windows.")
    private Integer drawn;

    @Option(names = "--longest", paramLabel = "N", defaultValue = "1k", converter = LengthConverter.class,
            description = "Longest sequence of drawn problems (default: ${DEFAULT-VALUE}).")
    private int longest;

    @Option(names = "--limit", paramLabel = "SECONDS", description = "Begin no plan after so many seconds (default: none; 45 with --quick).")
    private Double limit;

    @Option(names = "--hopeless", paramLabel = "FACTOR", defaultValue = "4",
            description = "Leave out plans that should be so many times slower than the best so far, by what was measured nearby (default: ${DEFAULT-VALUE}).")
    private double hopeless;

    @Option(names = "--regret", description = "Show what choosing by the figures of other problems costs, in place of the best plans.")
    private boolean regret;

    @picocli.CommandLine.Spec
    private CommandSpec command;

    @Override
    public Integer call() {
        if (!(hopeless > 1)) {
            throw new IllegalArgumentException("--hopeless must be above 1, got " + hopeless);
        }
        List<Spec> specs = specs();
        double seconds = limit != null ? limit : quick ? QUICK : 1e8;
        TunedPlans kept = TunedPlans.here();
        Tuner tuner = new Tuner(measure.protocol(), hopeless, measure.seed, kept, System.nanoTime() + (long) (seconds * 1e9));
        List<Tuner.Tuned> tuned = new ArrayList<>();
        long plans = common.devices().stream().mapToLong(device -> specs.stream().mapToInt(spec -> Planner.untuned(spec, device).legal().size()).sum()).sum();
        try (Progress progress = new Progress("tune", plans)) {
            for (Device device : common.devices()) {
                specs.forEach(spec -> tuned.add(tuner.tune(spec, device, progress::step)));
            }
        }
        PrintWriter out = command.commandLine().getOut();
        if (!regret) {
            common.print(out, tuned.stream().map(TuneCommand::row).toList());
            return tuned.stream().anyMatch(t -> t.best() != null) ? 0 : 1;
        }
        List<Regret> regrets = Regret.of(specs, common.devices(), kept);
        switch (common.format) {
            case JSON -> Rows.json(out, Map.of("summary", Regret.summary(regrets), "problems", regrets.stream().map(Regret::row).toList()));
            default -> {
                common.print(out, regrets.stream().map(Regret::row).toList());
                if (common.format == CommonOptions.Format.TABLE) {
                    out.println();
                    common.print(out, Regret.summary(regrets));
                }
            }
        }
        return regrets.isEmpty() ? 1 : 0;
    }

    private List<Spec> specs() {
        if (quick) {
            return TuningProblems.quick(measure.dtype);
        }
        if (drawn != null) {
            CompareCommand.atLeastOne("--drawn", drawn, 1);
            CompareCommand.atLeastOne("--longest", longest, 64);
            return TuningProblems.drawn(drawn, longest, measure.dtype, measure.seed);
        }
        return TuningProblems.grid(lengths, heads, headDims, causal, measure.dtype);
    }

    private static Map<String, Object> row(Tuner.Tuned tuned) {
        Map<String, Object> row = new LinkedHashMap<>();
        row.put("device", tuned.device().id());
        row.put("problem", TunedPlan.words(tuned.spec()));
        row.put("legal", tuned.legal());
        row.put("measured", tuned.measured());
        row.put("left out", tuned.left());
        row.put("first guess", tuned.guess() == null ? null : tuned.guess().summary());
        row.put("its ms", Double.isFinite(tuned.guessMillis()) ? tuned.guessMillis() : null);
        row.put("best", tuned.best() == null ? null : tuned.best().summary());
        row.put("best ms", tuned.best() == null ? null : tuned.bestMillis());
        return row;
    }
}
