package tessera.experiments;

import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/** What was measured of stacks as one page that needs nothing else. */
public final class StackPage {
    private StackPage() {
    }

    /** The page. */
    public static String of(StackResult result) {
        return HtmlPage.of("stacks of layers compared", """
                <header><h1>Stacks of layers compared</h1></header>
                <section><h2>Sums over layers</h2>%s</section>
                <section><h2>Schedules</h2>%s</section>
                <section><h2>Kinds of layers</h2>%s</section>
                %s<section><h2>How it was measured</h2><p>%s Each stack was run end to end at a small size and compared with its twin.
                Each different layer was then measured once, on %s.</p></section>
                """.formatted(table(result.table()), table(result.comparison().stacks().stream().map(stack -> Map.<String, Object>of(
                        "stack", stack.title() + ", " + stack.source() + ": " + stack.schedule() + (stack.note().isEmpty() ? "" : ". " + stack.note()))).toList()),
                table(result.csv().stream().map(StackPage::kind).toList()), HtmlPage.machine(result.machine()),
                HtmlReport.escape(result.protocol().describe()), HtmlReport.escape(result.comparison().shape().toString())));
    }

    private static Map<String, Object> kind(Map<String, Object> row) {
        row.keySet().retainAll(List.of("stack", "device", "length", "layer", "readsAnother", "count", "phase", "cacheBytes", "plan", "rms", "kernelMedian",
                "kernelP10", "kernelP90", "flops", "bytes", "reason"));
        return row;
    }

    /** Rows as a table, the columns those of all rows. */
    public static String table(List<Map<String, Object>> rows) {
        List<String> columns = rows.stream().flatMap(row -> row.keySet().stream()).distinct().toList();
        String head = columns.stream().map(column -> "<th>" + HtmlReport.escape(column) + "</th>").collect(Collectors.joining());
        return "<div class=\"scroll\"><table>\n<tr>" + head + "</tr>\n" + rows.stream().map(row -> "<tr>" + columns.stream().map(row::get).map(StackPage::cell)
                .collect(Collectors.joining()) + "</tr>\n").collect(Collectors.joining()) + "</table></div>";
    }

    private static String cell(Object value) {
        return switch (value) {
            case null -> "<td class=\"n\">–</td>";
            case Double number -> "<td class=\"n\">" + (Math.abs(number) < 1e-3 && number != 0 ? "%.1e".formatted(number) : HtmlReport.number(number)) + "</td>";
            case Number number -> "<td class=\"n\">" + number + "</td>";
            default -> "<td>" + HtmlReport.escape(value.toString()) + "</td>";
        };
    }
}
