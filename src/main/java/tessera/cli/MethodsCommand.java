package tessera.cli;

import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.function.Function;
import java.util.stream.Stream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;
import tessera.engine.Device;
import tessera.methods.Catalogue;
import tessera.methods.Method;
import tessera.methods.Methods;
import tessera.methods.Row;
import tessera.methods.Verification;
import tessera.methods.Verification.Outcome;

@Command(name = "methods", mixinStandardHelpOptions = true,
        description = "Lists the catalogue of attention methods, and checks those that can be run. Exit code 1 if a check fails.",
        footer = {"", "Examples:", "  tessera methods --family sparse", "  tessera methods P08 H03",
            "  tessera methods --verify --device jvm --format json"})
final class MethodsCommand implements Callable<Integer> {
    @Mixin
    private CommonOptions common;

    @Spec
    private CommandSpec command;

    @Parameters(paramLabel = "METHOD", description = "Ids or names, shown with their formulas; all methods unless given.")
    private List<String> wanted = List.of();

    @Option(names = "--family", paramLabel = "FAMILY", split = ",", description = "Only dense, sparse, linear, compact, stack or idea.")
    private List<String> families = List.of();

    @Option(names = "--status", paramLabel = "STATUS", split = ",", description = "Only implemented, partial, planned or out-of-scope.")
    private List<String> statuses = List.of();

    @Option(names = "--verify", description = "Run every chosen method that can be run on every chosen device, and compare it with its twin.")
    private boolean verify;

    @Override
    public Integer call() {
        List<Row> rows = chosen();
        if (verify) {
            return verify(rows);
        }
        if (common.namesDevices()) {
            throw new IllegalArgumentException("--device goes with --verify; the catalogue is the same on every device");
        }
        PrintWriter out = command.commandLine().getOut();
        if (common.format == CommonOptions.Format.TABLE && !wanted.isEmpty()) {
            rows.forEach(row -> details(out, row));
            out.flush();
        } else {
            boolean all = common.format != CommonOptions.Format.TABLE;
            common.print(out, rows.stream().map(row -> values(row, all)).toList());
        }
        return 0;
    }

    private List<Row> chosen() {
        List<Row> rows = wanted.isEmpty() ? Catalogue.rows() : wanted.stream().map(Catalogue::row).distinct().toList();
        List<String> allowedFamilies = known("--family", families, Row::family);
        List<String> allowedStatuses = known("--status", statuses, row -> row.status().toString());
        return rows.stream().filter(row -> families.isEmpty() || allowedFamilies.contains(row.family()))
                .filter(row -> statuses.isEmpty() || allowedStatuses.contains(row.status().toString())).toList();
    }

    /** The given values as the catalogue writes them. */
    private static List<String> known(String option, List<String> given, Function<Row, String> column) {
        List<String> all = Stream.concat(Catalogue.rows().stream().map(column),
                option.equals("--status") ? Stream.of(Row.Status.values()).map(Row.Status::toString) : Stream.empty()).distinct().toList();
        return given.stream().map(g -> g.strip().toLowerCase(Locale.ROOT).replace('-', ' ')).peek(g -> {
            if (!all.contains(g)) {
                throw new IllegalArgumentException(option + " must be one of " + String.join(", ", all) + ", got '" + g + "'");
            }
        }).toList();
    }

    private static Map<String, Object> values(Row row, boolean all) {
        Map<String, Object> values = new LinkedHashMap<>();
        values.put("id", row.id());
        values.put("name", row.name());
        values.put("family", row.family());
        values.put("status", row.status().toString());
        values.put("source", row.source());
        values.put("recipe", row.recipe());
        if (all) {
            values.put("formula", row.formula());
            values.put("kind", row.kind());
            values.put("note", row.note());
        }
        return values;
    }

    private static void details(PrintWriter out, Row row) {
        out.println(row.id() + "  " + row.name());
        values(row, true).forEach((name, value) -> {
            if (!name.equals("id") && !name.equals("name") && !value.equals("")) {
                out.println(String.format(Locale.ROOT, "     %-8s %s", name, value));
            }
        });
        out.println();
    }

    private int verify(List<Row> rows) {
        List<Device> devices = common.devices();
        List<Method> methods = rows.stream().flatMap(row -> Methods.find(row.id()).stream()).toList();
        List<Outcome> outcomes;
        try (Progress progress = new Progress("verify", (long) methods.size() * devices.size())) {
            outcomes = Verification.run(methods, devices, outcome -> progress.step(outcome.id() + " " + outcome.device()));
        }
        List<Map<String, Object>> lines = new ArrayList<>();
        for (Row row : rows) {
            List<Outcome> ofRow = outcomes.stream().filter(o -> o.id().equals(row.id())).toList();
            ofRow.forEach(outcome -> lines.add(line(row, outcome.device(), outcome.status(), outcome)));
            if (ofRow.isEmpty()) {
                lines.add(line(row, "-", row.status().toString(), null));
            }
        }
        common.print(command.commandLine().getOut(), lines);
        long passed = outcomes.stream().filter(Outcome::passed).count();
        long failed = outcomes.size() - passed;
        long planned = rows.stream().filter(row -> row.status() == Row.Status.PLANNED).count();
        boolean table = common.format == CommonOptions.Format.TABLE;
        PrintWriter summary = table ? command.commandLine().getOut() : command.commandLine().getErr();
        summary.println(passed + " passed, " + failed + " failed, " + planned + " planned");
        summary.flush();
        return failed == 0 ? 0 : 1;
    }

    private Map<String, Object> line(Row row, String device, String status, Outcome outcome) {
        Map<String, Object> line = new LinkedHashMap<>();
        line.put("id", row.id());
        line.put("name", row.name());
        line.put("family", row.family());
        line.put("device", device);
        line.put("status", status);
        line.put("maxAbs", outcome == null || Double.isNaN(outcome.maxAbs()) ? null : outcome.maxAbs());
        line.put("rms", outcome == null || Double.isNaN(outcome.rms()) ? null : outcome.rms());
        line.put("plan", outcome == null ? "" : outcome.plan());
        line.put("reason", outcome == null ? row.note() : outcome.reason());
        if (common.format != CommonOptions.Format.TABLE) {
            line.put("source", row.source());
        }
        return line;
    }
}
