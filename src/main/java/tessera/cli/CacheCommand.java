package tessera.cli;

import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;
import tessera.Tessera;
import tessera.planner.TunedPlan;
import tessera.planner.TunedPlans;

@Command(name = "cache", mixinStandardHelpOptions = true, synopsisSubcommandLabel = "COMMAND",
        description = "What tune measured: list and show it, remove it, take it to another machine.",
        footer = {"", "Example: tessera cache list", "Example: tessera cache export tuned.json"})
final class CacheCommand {
    @Spec
    private CommandSpec command;

    private PrintWriter out() {
        return command.commandLine().getOut();
    }

    @Command(mixinStandardHelpOptions = true, description = "The problems measured, how many plans of each, and the files that were refused.",
            footer = {"", "Example: tessera cache list --format json"})
    int list(@Mixin CommonOptions common) {
        Map<String, Map<String, Object>> rows = new LinkedHashMap<>();
        TunedPlans kept = TunedPlans.here();
        List<String> present = Tessera.devices().stream().map(TunedPlans::fingerprint).toList();
        for (TunedPlan plan : kept.all()) {
            Map<String, Object> row = rows.computeIfAbsent(plan.device() + plan.problem(), _ -> new LinkedHashMap<>());
            row.put("device", plan.device());
            row.put("problem", plan.spec());
            row.merge("plans", 1, (a, b) -> (int) a + (int) b);
            row.put("origin", kept.isShipped(plan) ? "shipped" : "measured");
            row.put("used here", present.contains(plan.device()) ? "yes" : "no such device");
        }
        kept.refused().forEach(reason -> rows.put(reason, Map.of("problem", "refused: " + reason)));
        common.print(out(), List.copyOf(rows.values()));
        return 0;
    }

    @Command(mixinStandardHelpOptions = true, description = "Every figure of the problems whose words contain TEXT, the fastest plan of each first.",
            footer = {"", "Example: tessera cache show causal"})
    int show(@Mixin CommonOptions common, @Parameters(paramLabel = "TEXT", defaultValue = "", description = "Part of a problem's words.") String text) {
        List<Map<String, Object>> rows = TunedPlans.here().all().stream().filter(plan -> plan.spec().contains(text))
                .sorted((a, b) -> a.spec().equals(b.spec()) ? Double.compare(a.median(), b.median()) : a.spec().compareTo(b.spec())).map(CacheCommand::row).toList();
        common.print(out(), rows);
        return 0;
    }

    private static Map<String, Object> row(TunedPlan plan) {
        Map<String, Object> row = new LinkedHashMap<>();
        row.put("device", plan.device());
        row.put("problem", plan.spec());
        row.put("plan", plan.plan());
        row.put("kernel ms", plan.failure() == null ? plan.median() / 1e6 : null);
        row.put("runs", plan.kernelNanos().size());
        row.put("date", plan.date());
        row.put("note", plan.failure());
        return row;
    }

    @Command(mixinStandardHelpOptions = true, description = "Removes every figure that was measured here.", footer = {"", "Example: tessera cache clear"})
    int clear() {
        out().println(TunedPlans.here().clear() + " files removed");
        return 0;
    }

    @Command(name = "export", mixinStandardHelpOptions = true, description = "Writes every figure that was measured here to a JSON file.",
            footer = {"", "Example: tessera cache export tuned.json"})
    int exportTo(@Parameters(paramLabel = "FILE") Path file) {
        out().println(TunedPlans.here().exportTo(file) + " figures in " + file);
        return 0;
    }

    @Command(name = "import", mixinStandardHelpOptions = true, description = "Takes the figures of a file that were measured on a device like one of this machine.",
            footer = {"", "Example: tessera cache import tuned.json", "Exit code 1 if figures were refused."})
    int importFrom(@Parameters(paramLabel = "FILE") Path file) {
        List<String> refused = TunedPlans.here().importFrom(file, Tessera.devices());
        refused.forEach(reason -> out().println("refused: " + reason));
        return refused.isEmpty() ? 0 : 1;
    }
}
