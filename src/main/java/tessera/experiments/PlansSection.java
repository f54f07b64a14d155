package tessera.experiments;

import java.util.List;
import tessera.engine.Device;
import tessera.methods.Row;
import tessera.methods.Step;
import tessera.planner.Candidates.RuledOut;
import tessera.planner.Plan;
import tessera.planner.Planner;

/** How each method was computed at its longest length on each device: which plan, why, and which limits ruled others out. */
final class PlansSection {
    private static final String HEAD = "<div class=\"scroll\"><table>\n<tr><th>method</th><th class=\"n\">length</th><th>step</th><th>plan</th>"
            + "<th>ruled out</th><th>reason</th></tr>\n";

    private PlansSection() {
    }

    static String of(Comparison comparison) {
        StringBuilder html = new StringBuilder();
        for (Device device : comparison.machine().devices()) {
            html.append("<h3>").append(HtmlReport.escape(device.id())).append("</h3>\n").append(HEAD);
            List<Measurement> measured = comparison.on(device);
            measured.stream().map(Measurement::method).distinct().map(method -> longest(measured, method)).forEach(m -> html.append(rows(m)));
            html.append("</table></div>\n");
        }
        return html.toString();
    }

    private static Measurement longest(List<Measurement> measured, Row method) {
        return measured.stream().filter(m -> m.method().equals(method)).reduce((a, b) -> b.length() < a.length() ? a : b).orElseThrow();
    }

    private static String rows(Measurement m) {
        if (m.plans().isEmpty()) {
            return row(m, "–", "none", "", m.reason() == null ? "" : m.reason());
        }
        StringBuilder rows = new StringBuilder();
        for (int n = 0; n < m.plans().size(); n++) {
            Plan plan = m.plans().get(n);
            Step step = m.problem().steps().get(n);
            rows.append(row(m, step.name(), plan.summary(), limits(Planner.candidates(step.spec(), m.device()).ruledOut()), plan.reason()));
        }
        return rows.toString();
    }

    private static String row(Measurement m, String step, String plan, String limits, String reason) {
        return "<tr><td>" + HtmlReport.escape(m.method().id()) + "</td><td class=\"n\">" + m.length() + "</td><td>" + HtmlReport.escape(step) + "</td><td>"
                + HtmlReport.escape(plan) + "</td><td>" + limits + "</td><td>" + HtmlReport.escape(reason) + "</td></tr>\n";
    }

    private static String limits(List<RuledOut> ruledOut) {
        List<RuledOut> distinct = ruledOut.stream().distinct().toList();
        if (distinct.isEmpty()) {
            return "none";
        }
        StringBuilder list = new StringBuilder("<details><summary>" + distinct.size() + "</summary><ul>\n");
        distinct.forEach(out -> list.append("<li>").append(HtmlReport.escape(out.plan() + ": " + out.limit())).append("</li>\n"));
        return list.append("</ul></details>").toString();
    }
}
