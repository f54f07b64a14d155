package tessera.experiments;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.math.BigDecimal;
import java.math.MathContext;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;
import java.util.OptionalDouble;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import tessera.engine.Device;
import tessera.methods.Row;

/** A comparison as one page that needs nothing else: no script, no request, charts as SVG inside, light or dark as the reader likes. */
public final class HtmlReport {
    private static final List<String> NUMBERS = List.of("length", "kernel, ms", "p10 – p90", "runs", "speed-up", "RMS error", "max error",
            "density");
    private static final List<String> SIZES = List.of("cache B/token", "MiB", "GFLOP/s");
    private static final List<String> TEXTS = List.of("plan", "checked", "note");

    private final Comparison comparison;
    private final Palette palette;
    private final List<String> kept;
    private final List<String> columns;
    private final StringBuilder page = new StringBuilder();

    private HtmlReport(Comparison comparison) {
        this.comparison = comparison;
        this.palette = new Palette(comparison.measurements().stream().map(Measurement::method).toList());
        this.kept = Report.KEPT.keySet().stream().filter(column -> Report.isKnown(comparison, Report.KEPT.get(column))).toList();
        this.columns = Stream.of(NUMBERS, kept, SIZES).flatMap(List::stream).toList();
    }

    /** The page. */
    public static String of(Comparison comparison) {
        return new HtmlReport(comparison).write();
    }

    private String write() {
        header();
        comparison.machine().devices().forEach(this::device);
        section("Plans", PlansSection.of(comparison));
        section("Inputs", list(comparison.workloads().stream().map(HtmlReport::input).toList()));
        section("Machine", list(comparison.machine().devices().stream().map(comparison.machine()::line).toList()));
        section("How it was measured", "<p>" + escape(comparison.protocol().describe()) + " A result that is not within the tolerance of "
                + "its reference has no time. Speed-ups are taken within one device and one length, over H03 or else the first dense method. "
                + "Lengths at which the ranges from the 10th to the 90th percentile overlap decide no crossover. "
                + "Density is visited pairs of tokens over all pairs: one half for dense causal attention. Recall is the part of dense attention's "
                + "weight that falls on visited keys, “vs dense” the RMS ratio of the distance from its result, both on sampled queries in double "
                + "precision; needle the share of the queries looking for one key that visit it; selection the share of the kernel time spent on "
                + "choosing keys; cache the bytes of keys, values or latents that one layer holds of one token; efficiency the speed-up times the visited pairs over those of dense attention. Checked says which part of the "
                + "result was compared with the operator's reference, and “+ formula” that all of it was compared with the method's own formula. "
                + "The raw samples are in report.json and report.csv.</p>");
        return HtmlPage.of("attention methods compared", page.toString());
    }

    private void header() {
        long wrong = comparison.measurements().stream().filter(Measurement::isWrong).count();
        long timed = comparison.measurements().stream().filter(Measurement::verified).count();
        long missing = comparison.measurements().size() - timed - wrong;
        page.append("<header>\n<h1>Attention methods compared</h1>\n<p class=\"sub\">").append(timed).append(" results verified and timed")
                .append(missing > 0 ? ", " + missing + " that cannot run there" : "")
                .append(wrong > 0 ? ", <strong class=\"bad\">" + wrong + " wrong</strong>" : ", none wrong").append(" · ")
                .append(escape(comparison.date().toString().replaceFirst("\\..*", "").replace('T', ' '))).append(" UTC · tessera ")
                .append(escape(comparison.machine().tessera())).append("</p>\n</header>\n");
    }

    private void device(Device device) {
        page.append("<section>\n<h2>").append(escape(device.id())).append(" <small>").append(escape(device.name())).append("</small></h2>\n");
        comparison.fastest(device).ifPresent(sentence -> page.append("<p class=\"lead\">").append(escape(sentence)).append("</p>\n"));
        if (comparison.on(device).stream().anyMatch(Measurement::verified)) {
            legend(device);
            Charts charts = new Charts(comparison, device, palette);
            page.append("<div class=\"charts\">\n");
            chart("Kernel time", "median, bars from 10th to 90th percentile; lower is better", charts::time);
            if (comparison.on(device).stream().anyMatch(m -> comparison.speedup(m).isPresent())) {
                chart("Speed-up over dense", "above the line is faster; diamonds mark crossovers", charts::speedup);
            }
            chart("Error", "against the float64 reference; the line is the tolerance", charts::error);
            chart("Memory", "inputs, outputs and scratch on the device", charts::memory);
            page.append("</div>\n");
        }
        crossovers(comparison.crossovers().stream().filter(c -> c.device().equals(device.id())).toList());
        breakEvens(device);
        page.append("<h3>Measurements</h3>\n<div class=\"scroll\"><table>\n<tr>");
        columns.forEach(column -> page.append("<th class=\"n\">").append(column).append("</th>"));
        TEXTS.forEach(column -> page.append("<th>").append(column).append("</th>"));
        page.append("</tr>\n");
        String last = null;
        for (Measurement m : comparison.on(device)) {
            row(m, !m.method().id().equals(last));
            last = m.method().id();
        }
        page.append("</table></div>\n</section>\n");
    }

    private void crossovers(List<Crossover> crossovers) {
        if (crossovers.isEmpty()) {
            return;
        }
        page.append("<h3>Crossovers</h3>\n<table class=\"narrow\">\n<tr><th>method</th><th>family</th><th class=\"n\">crosses at about</th>")
                .append("<th>what happens</th></tr>\n");
        for (Crossover c : crossovers) {
            page.append("<tr><td>").append(swatch(c.method())).append(escape(c.method())).append("</td>");
            cell(false, c.family());
            cell(true, c.at() > 0 ? Long.toString(Math.round(c.at())) : "–");
            cell(false, c.sentence());
            page.append("</tr>\n");
        }
        page.append("</table>\n");
    }

    private void breakEvens(Device device) {
        List<BreakEven> all = comparison.breakEvens().stream().filter(b -> b.device().equals(device)).toList();
        if (all.isEmpty()) {
            return;
        }
        page.append("<h3>Faster than dense attention, all steps included</h3>\n<table class=\"narrow\">\n<tr><th>method</th>")
                .append("<th class=\"n\">in kernels from</th><th class=\"n\">from call to result from</th><th>lengths</th></tr>\n");
        for (BreakEven b : all) {
            page.append("<tr><td>").append(swatch(b.method().id())).append(escape(b.method().id())).append("</td>");
            List.of("in kernels from", "from call to result from").forEach(column -> cell(true, b.line().get(column).toString()));
            cell(false, b.line().get("lengths").toString());
            page.append("</tr>\n");
        }
        page.append("</table>\n");
    }

    private void legend(Device device) {
        page.append("<ul class=\"legend\">\n");
        comparison.on(device).stream().filter(Measurement::verified).map(Measurement::method).distinct()
                .forEach(m -> page.append("<li>").append(heading(m)).append("</li>\n"));
        page.append("</ul>\n");
    }

    /** A machine without fonts can draw no chart; the numbers are worth a page all the same. */
    private void chart(String title, String subtitle, Supplier<String> svg) {
        page.append("<figure>\n<figcaption><b>").append(title).append("</b> ").append(subtitle).append("</figcaption>\n");
        try {
            page.append(svg.get());
        } catch (RuntimeException | LinkageError | InternalError e) {
            page.append("<p class=\"bad\">This chart cannot be drawn here: ").append(escape(e.toString())).append("</p>");
        }
        page.append("\n</figure>\n");
    }

    private void row(Measurement m, boolean first) {
        if (first) {
            page.append("<tr class=\"group\"><td colspan=\"").append(columns.size() + TEXTS.size()).append("\">").append(heading(m.method()))
                    .append("</td></tr>\n");
        }
        page.append(m.isWrong() ? "<tr class=\"wrong\">" : "<tr>");
        cell(true, Integer.toString(m.length()));
        if (m.verified()) {
            Summary kernel = m.kernel();
            OptionalDouble speedup = comparison.speedup(m);
            cell(true, number(kernel.median()));
            cell(true, number(kernel.p10()) + " – " + number(kernel.p90()));
            cell(true, Integer.toString(m.runs().size()));
            cell(true, speedup.isPresent() ? number(speedup.getAsDouble()) + "×" : "–");
        } else {
            page.append("<td class=\"n\" colspan=\"4\">").append(m.isWrong() ? "not verified, no time" : "did not run").append("</td>");
        }
        boolean known = m.accuracy() != null && m.accuracy().finite();
        cell(true, known ? String.format(Locale.ROOT, "%.1e", m.accuracy().rms()) : "–");
        cell(true, known ? String.format(Locale.ROOT, "%.1e", m.accuracy().maxAbs()) : "–");
        cell(true, m.density() == null ? "–" : number(m.density()));
        kept.forEach(column -> {
            Double value = Report.KEPT.get(column).apply(comparison, m);
            cell(true, value == null ? "–" : number(value));
        });
        cell(true, m.cacheBytesPerToken() == null ? "–" : number(m.cacheBytesPerToken()));
        cell(true, m.cost() == null ? "–" : number(m.cost().memoryBytes() / (double) (1 << 20)));
        cell(true, m.verified() ? number(m.cost().flops() / m.kernel().median() / 1e6) : "–");
        cell(false, m.plan() == null ? "–" : m.plan());
        cell(false, m.checked() == null ? "–" : m.checked());
        cell(false, m.reason() == null ? comparison.note(m) : m.reason());
        page.append("</tr>\n");
    }

    private void cell(boolean number, String text) {
        page.append(number ? "<td class=\"n\">" : "<td>").append(escape(text)).append("</td>");
    }

    private String heading(Row method) {
        return swatch(method.id()) + "<b>" + escape(method.id()) + "</b> " + escape(method.name()) + " <small>" + escape(method.family()) + "</small>";
    }

    private String swatch(String method) {
        Palette.Look look = palette.of(method);
        String dash = look.dash()[1] == 0 ? "" : " stroke-dasharray=\"" + look.dash()[0] + " " + look.dash()[1] + "\"";
        return "<svg class=\"swatch\" viewBox=\"0 0 28 10\" aria-hidden=\"true\"><path d=\"M0 5H28\" stroke-width=\"2.5\" stroke=\"" + look.css() + "\""
                + dash + "/><circle cx=\"14\" cy=\"5\" r=\"3.6\" fill=\"" + look.css() + "\"/></svg>";
    }

    private static String input(Workload w) {
        return "length " + w.length() + ": q, k, v of " + w.q().shape() + " " + w.q().dtype() + ", " + w.source()
                + (w.expected() == null ? "" : "; outside reference: " + (w.causal() ? "causal" : "full") + " softmax attention");
    }

    private void section(String title, String content) {
        page.append("<section>\n<h2>").append(title).append("</h2>\n").append(content).append("\n</section>\n");
    }

    private static String list(List<String> items) {
        return items.stream().map(item -> "<li>" + escape(item) + "</li>\n").collect(Collectors.joining("", "<ul>\n", "</ul>"));
    }

    /** Three significant digits, more for thousands. */
    public static String number(double value) {
        if (!Double.isFinite(value)) {
            return "–";
        }
        BigDecimal rounded = new BigDecimal(value).round(new MathContext(3));
        int exponent = rounded.precision() - rounded.scale() - 1;
        return String.format(Locale.ROOT, "%,." + Math.max(0, 2 - exponent) + "f", value);
    }

    /** Text for a page. */
    public static String escape(String text) {
        return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("\"", "&quot;").replace("'", "&#39;");
    }

    /** The looks of every page. */
    public static String stylesheet() {
        try (InputStream css = HtmlReport.class.getResourceAsStream("/tessera/report.css")) {
            return new String(css.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException("the stylesheet inside the program cannot be read", e);
        }
    }
}
