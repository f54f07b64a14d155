package tessera.experiments;

import java.awt.BasicStroke;
import java.awt.Color;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.ToDoubleFunction;
import java.util.stream.Collectors;
import org.knowm.xchart.VectorGraphicsEncoder;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.XYSeries;
import org.knowm.xchart.style.XYStyler;
import org.knowm.xchart.style.markers.SeriesMarkers;
import tessera.engine.Device;

/** Charts of one device as SVG, all against length on logarithmic axes; text and grid take the colours of the page. */
final class Charts {
    /** Stand-ins for the page's colours, replaced in the SVG. */
    private static final Color INK = new Color(1, 2, 3);
    private static final Color GRID = new Color(4, 5, 6);
    private static final Color CLEAR = new Color(255, 255, 255, 0);

    private final Comparison comparison;
    private final Device device;
    private final Palette palette;

    Charts(Comparison comparison, Device device, Palette palette) {
        this.comparison = comparison;
        this.device = device;
        this.palette = palette;
    }

    /** Median kernel time with bars from the 10th to the 90th percentile. */
    String time() {
        XYChart chart = lines("kernel time (ms)", 2, m -> m.kernel().median(), verified());
        for (Measurement m : verified()) {
            double length = LogAxes.log2(m.length());
            XYSeries bar = chart.addSeries(m.method().id() + " at " + m.length(), new double[] {length, length},
                    new double[] {LogAxes.log2(m.kernel().p10()), LogAxes.log2(m.kernel().p90())});
            bar.setMarker(SeriesMarkers.NONE);
            bar.setLineColor(palette.of(m.method().id()).color());
            bar.setLineStyle(new BasicStroke(1.2f));
        }
        double lowest = verified().stream().mapToDouble(m -> m.kernel().p10()).min().orElse(1);
        double highest = verified().stream().mapToDouble(m -> m.kernel().p90()).max().orElse(1);
        LogAxes.scale(chart.getStyler(), LogAxes.log2(lowest), LogAxes.log2(highest));
        return svg(chart, "Kernel time against length");
    }

    /** Speed-up over the dense method; diamonds mark where a method's line crosses 1. */
    String speedup() {
        List<Measurement> compared = verified().stream().filter(m -> comparison.speedup(m).isPresent()).toList();
        XYChart chart = lines("speed-up over dense (times)", 2, m -> comparison.speedup(m).getAsDouble(), compared);
        level(chart, 0);
        double[] at = comparison.crossovers().stream().filter(c -> c.device().equals(device.id()) && c.at() > 0)
                .mapToDouble(c -> LogAxes.log2(c.at())).toArray();
        if (at.length > 0) {
            XYSeries marks = chart.addSeries("crossovers", at, new double[at.length]);
            marks.setMarker(SeriesMarkers.DIAMOND);
            marks.setMarkerColor(INK);
            marks.setXYSeriesRenderStyle(XYSeries.XYSeriesRenderStyle.Scatter);
        }
        return svg(chart, "Speed-up over dense against length");
    }

    /** RMS ratio against the float64 reference; the line is the tolerance. */
    String error() {
        List<Measurement> inexact = verified().stream().filter(m -> m.accuracy().rms() > 0).toList();
        XYChart chart = lines("RMS error (ratio to reference)", 10, m -> m.accuracy().rms(), inexact);
        verified().stream().mapToDouble(m -> m.problem().dtype().tolerance()).distinct().map(Math::log10).forEach(tolerance -> level(chart, tolerance));
        return svg(chart, "RMS error against length");
    }

    /** Memory of all arrays of the plan. */
    String memory() {
        XYChart chart = lines("memory of all arrays (MiB)", 2, m -> m.cost().memoryBytes() / (double) (1 << 20), verified());
        return svg(chart, "Memory against length");
    }

    private List<Measurement> verified() {
        return comparison.on(device).stream().filter(Measurement::verified).toList();
    }

    private XYChart lines(String yTitle, int base, ToDoubleFunction<Measurement> value, List<Measurement> shown) {
        ToDoubleFunction<Measurement> y = m -> Math.log(value.applyAsDouble(m)) / Math.log(base);
        XYChart chart = LogAxes.chart(yTitle, base, verified().stream().mapToInt(Measurement::length).summaryStatistics(),
                shown.stream().mapToDouble(y).summaryStatistics());
        colour(chart.getStyler());
        chart.getStyler().setLegendVisible(false);
        Map<String, List<Measurement>> byMethod = shown.stream()
                .collect(Collectors.groupingBy(m -> m.method().id(), LinkedHashMap::new, Collectors.toList()));
        byMethod.forEach((id, measured) -> {
            double[] x = measured.stream().mapToDouble(m -> LogAxes.log2(m.length())).toArray();
            XYSeries series = chart.addSeries(id, x, measured.stream().mapToDouble(y).toArray());
            Palette.Look look = palette.of(id);
            series.setLineColor(look.color());
            series.setLineStyle(new BasicStroke(2, BasicStroke.CAP_BUTT, BasicStroke.JOIN_ROUND, 1, look.dash(), 0));
            series.setMarker(SeriesMarkers.CIRCLE);
            series.setMarkerColor(look.color());
        });
        return chart;
    }

    /** A horizontal line over the whole width, always in view. */
    private static void level(XYChart chart, double exponent) {
        XYStyler styler = chart.getStyler();
        LogAxes.scale(styler, Math.min(exponent, styler.getYAxisMin() + LogAxes.ROOM), Math.max(exponent, styler.getYAxisMax() - LogAxes.ROOM));
        XYSeries line = chart.addSeries("level " + exponent, new double[] {styler.getXAxisMin(), styler.getXAxisMax()},
                new double[] {exponent, exponent});
        line.setMarker(SeriesMarkers.NONE);
        line.setLineColor(INK);
        line.setLineStyle(new BasicStroke(1.2f));
    }

    static void colour(XYStyler styler) {
        LogAxes.colour(styler, CLEAR, INK, GRID);
    }

    /** The chart as an SVG element. */
    static String svg(XYChart chart, String label) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try {
            VectorGraphicsEncoder.saveVectorGraphic(chart, bytes, VectorGraphicsEncoder.VectorGraphicsFormat.SVG);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        String text = bytes.toString(StandardCharsets.UTF_8);
        String body = text.substring(text.indexOf('>', text.indexOf("<svg")) + 1);
        body = body.replaceAll("(\\.\\d\\d)\\d+", "$1").replaceAll(">\\s+<", "><")
                .replace("rgb(1,2,3)", "var(--ink)").replace("rgb(4,5,6)", "var(--grid)");
        return "<svg role=\"img\" aria-label=\"" + label + "\" viewBox=\"0 0 " + LogAxes.WIDTH + " " + LogAxes.HEIGHT + "\">" + body;
    }
}
