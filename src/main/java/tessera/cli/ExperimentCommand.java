package tessera.cli;

import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;
import tessera.experiments.claims.Claim;
import tessera.experiments.claims.ClaimPage;
import tessera.experiments.claims.Claims;
import tessera.experiments.claims.Verdicts;

@Command(name = "experiment", mixinStandardHelpOptions = true,
        description = {"Puts claims of the literature on efficient attention to the test, on every device: each is a small experiment with a rule for its "
            + "verdict, confirmed, refuted, conditional or out of scope. Undecided are those whose figures could not be had.",
            "Every result is verified against a float64 reference before it is timed. Claims about formulas and masks are computed exactly, once."},
        footer = {"", "Example: tessera experiment --quick --only Q05,Q25 --device jvm --output claims",
            "Exit code 1 if a result is wrong; a refuted claim is none."})
final class ExperimentCommand implements Callable<Integer> {
    @Mixin
    private CommonOptions common;

    @Option(names = "--list", description = "Show the claims and how each is tested, and test none.")
    private boolean list;

    @Option(names = "--only", paramLabel = "ID", split = ",", description = "Claims by id (default: all).")
    private List<String> only = List.of();

    @Option(names = "--quick", description = "Small sizes and few runs on every device; CPUs have small sizes in any case.")
    private boolean quick;

    @Option(names = "--seed", paramLabel = "S", defaultValue = "7", description = "Seed of the drawn inputs (default: ${DEFAULT-VALUE}).")
    private long seed;

    @Option(names = {"--output", "--out"}, paramLabel = "DIR", description = "Where report.html, report.json and report.csv go (default: nowhere).")
    private Path output;

    @Spec
    private CommandSpec command;

    @Override
    public Integer call() {
        PrintWriter out = command.commandLine().getOut();
        List<Claim> chosen = only.isEmpty() ? Claim.all() : only.stream().map(ExperimentCommand::claim).distinct().toList();
        if (list) {
            common.print(out, Verdicts.list(chosen));
            return 0;
        }
        Claims claims = new Claims(chosen, common.devices(), quick, seed);
        ReportFolder reports = output == null ? null : ReportFolder.of(output, "report.html", "report.json", "report.csv");
        Verdicts verdicts;
        try (Progress progress = new Progress("experiment", claims.size())) {
            verdicts = claims.run(progress::doing, entry -> {
                progress.step(entry.claim().id());
                progress.say(command.commandLine().getErr(), entry.line());
            });
        }
        if (reports != null) {
            reports.write("report.html", page -> page.print(ClaimPage.of(verdicts)));
            reports.write("report.json", json -> Rows.json(json, verdicts.document()));
            reports.write("report.csv", csv -> Rows.csv(csv, verdicts.csv()));
        }
        switch (common.format) {
            case JSON -> Rows.json(out, verdicts.document());
            case CSV -> Rows.csv(out, verdicts.csv());
            case TABLE -> {
                verdicts.machine().devices().forEach(device -> out.println(verdicts.machine().line(device)));
                out.println();
                if (!verdicts.entries().isEmpty()) {
                    Rows.table(out, verdicts.table());
                    out.println();
                }
                out.println(verdicts.summary());
                if (reports != null) {
                    reports.list(out);
                }
            }
        }
        out.flush();
        return verdicts.passed() ? 0 : 1;
    }

    private static Claim claim(String id) {
        List<String> ids = Claim.all().stream().map(Claim::id).toList();
        return Claim.all().stream().filter(claim -> claim.id().equals(id.strip().toUpperCase(Locale.ROOT))).findFirst()
                .orElseThrow(() -> new IllegalArgumentException("--only takes ids of claims, and there is no '" + id + "'" + Nearest.hint(id, ids)
                + "; see --list"));
    }
}
