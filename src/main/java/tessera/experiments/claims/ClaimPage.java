package tessera.experiments.claims;

import static tessera.experiments.HtmlReport.escape;

import java.util.stream.Collectors;
import tessera.experiments.HtmlPage;
import tessera.experiments.StackPage;
import tessera.experiments.claims.Verdicts.Entry;

/** Verdicts as one page that needs nothing else: the claims in a table, then each with its figures and chart. */
public final class ClaimPage {
    private ClaimPage() {
    }

    /** The page. */
    public static String of(Verdicts verdicts) {
        return HtmlPage.of("claims put to the test", """
                <header><h1>Claims put to the test</h1><p class="sub">%s · %s UTC · tessera %s</p></header>
                <section><h2>Verdicts</h2>%s</section>
                %s
                %s<section><h2>How it was measured</h2><p>%s Claims take the time that a tenth of the runs stay \
                below. A verdict holds for the devices and sizes above; report.json has the raw samples.</p></section>
                """.formatted(escape(verdicts.summary()), date(verdicts), escape(verdicts.machine().tessera()),
                verdicts.entries().isEmpty() ? "" : StackPage.table(verdicts.table()),
                verdicts.entries().stream().map(ClaimPage::section).collect(Collectors.joining()), HtmlPage.machine(verdicts.machine()),
                escape(Setting.protocol(verdicts.claims().quick()).describe())));
    }

    private static String date(Verdicts verdicts) {
        return escape(verdicts.date().toString().replaceFirst("\\..*", "").replace('T', ' '));
    }

    private static String section(Entry entry) {
        Claim claim = entry.claim();
        Finding finding = entry.finding();
        return "<section>\n<h2>" + escape(claim.id()) + " " + escape(claim.sentence()) + " <small>" + escape(entry.where())
                + "</small></h2>\n<p class=\"lead\"><b>" + escape(finding.verdict().toString()) + ":</b> " + escape(finding.reason())
                + "</p>\n<p class=\"sub\">" + escape(claim.source()) + ". " + escape(claim.how()) + ".</p>\n" + chart(finding) + (finding.rows().isEmpty()
                ? "" : StackPage.table(finding.rows())) + "</section>\n";
    }

    /** A machine without fonts can draw no chart; the figures are there all the same. */
    private static String chart(Finding finding) {
        if (finding.curves() == null) {
            return "";
        }
        String svg;
        try {
            svg = finding.curves().svg();
        } catch (RuntimeException | LinkageError | InternalError e) {
            svg = "<p class=\"bad\">This chart cannot be drawn here: " + escape(e.toString()) + "</p>";
        }
        return "<div class=\"charts\"><figure>\n<figcaption><b>" + escape(finding.curves().title()) + "</b></figcaption>\n" + svg + "\n</figure></div>\n";
    }
}
