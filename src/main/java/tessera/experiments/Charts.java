package tessera.experiments;

import java.awt.BasicStroke;
import java.awt.Color;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.knowm.xchart.VectorGraphicsEncoder;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.XYChartBuilder;
import org.knowm.xchart.XYSeries;
import org.knowm.xchart.style.XYStyler;
import org.knowm.xchart.style.markers.SeriesMarkers;
import tessera.DType;
import tessera.engine.Device;

/** Charts of one device as SVG, all against length on logarithmic axes; text and grid take the colours of the page. */
final class Charts {
    private static final int WIDTH = 620;
    private static final int HEIGHT = 380;

    /** Stand-ins for the page's colours, replaced in the SVG. */
    private static final Color INK = new Color(1, 2, 3);
    private static final Color GRID = new Color(4, 5, 6);
    private static final Color CLEAR = new Color(255, 255, 255, 0);

    private final Comparison comparison;
    private final Device device;
    private final Palette palette;

    Charts(Comparison comparison, Device device, Palette palette) {
        System.setProperty("java.awt.headless", "true");
        this.comparison = comparison;
        this.device = device;
        this.palette = palette;
    }

    /** Median kernel time with bars from the 10th to the 90th percentile. */
    String time() {
        return svg(lines("kernel time (ms)", m -> OptionalDouble.of(m.kernel().median()), m -> m.kernel().spread()), "Kernel time against length");
    }

    /** Speed-up over the dense method; diamonds mark where a method's line crosses 1. */
    String speedup() {
        XYChart chart = lines("speed-up over dense (times)", comparison::speedup, null);
        level(chart, 1);
        double[] at = comparison.crossovers().stream().filter(c -> c.device().equals(device.id()) && c.at() > 0).mapToDouble(c -> log2(c.at())).toArray();
        if (at.length > 0) {
            double[] one = new double[at.length];
            Arrays.fill(one, 1);
            XYSeries marks = chart.addSeries("crossover", at, one);
            marks.setMarker(SeriesMarkers.DIAMOND);
            marks.setMarkerColor(INK);
            marks.setXYSeriesRenderStyle(XYSeries.XYSeriesRenderStyle.Scatter);
        }
        return svg(chart, "Speed-up over dense against length");
    }

    /** RMS ratio against the float64 reference; the line is the tolerance. */
    String error() {
        XYChart chart = lines("RMS error (ratio to reference)", m -> m.accuracy().rms() > 0 ? OptionalDouble.of(m.accuracy().rms()) : OptionalDouble.empty(), null);
        level(chart, DType.F32.tolerance());
        return svg(chart, "RMS error against length");
    }

    /** Memory of all arrays of the plan. */
    String memory() {
        return svg(lines("memory of all arrays (MiB)", m -> OptionalDouble.of(m.plan().cost().memoryBytes() / (double) (1 << 20)), null), "Memory against length");
    }

    private List<Measurement> verified() {
        return comparison.on(device).stream().filter(Measurement::verified).toList();
    }

    private XYChart lines(String yTitle, Function<Measurement, OptionalDouble> y, Function<Measurement, Double> bar) {
        XYChart chart = new XYChartBuilder().width(WIDTH).height(HEIGHT).xAxisTitle("length (tokens)").yAxisTitle(yTitle).build();
        style(chart.getStyler());
        Map<String, List<Measurement>> byMethod = verified().stream().filter(m -> y.apply(m).isPresent())
                .collect(Collectors.groupingBy(m -> m.method().id(), LinkedHashMap::new, Collectors.toList()));
        byMethod.forEach((id, measured) -> {
            double[] lengths = measured.stream().mapToDouble(m -> log2(m.length())).toArray();
            double[] values = measured.stream().mapToDouble(m -> y.apply(m).getAsDouble()).toArray();
            double[] bars = bar == null ? null : measured.stream().mapToDouble(bar::apply).toArray();
            XYSeries series = chart.addSeries(id, lengths, values, bars);
            Palette.Look look = palette.of(id);
            series.setLineColor(look.color());
            series.setLineStyle(new BasicStroke(2, BasicStroke.CAP_BUTT, BasicStroke.JOIN_ROUND, 1, look.dash(), 0));
            series.setMarker(SeriesMarkers.CIRCLE);
            series.setMarkerColor(look.color());
        });
        return chart;
    }

    private void style(XYStyler styler) {
        styler.setChartBackgroundColor(CLEAR);
        styler.setPlotBackgroundColor(CLEAR);
        styler.setChartFontColor(INK);
        styler.setAxisTickLabelsColor(INK);
        styler.setAxisTickMarksColor(GRID);
        styler.setPlotBorderColor(GRID);
        styler.setPlotGridLinesColor(GRID);
        styler.setPlotGridLinesStroke(new BasicStroke(0.7f));
        styler.setErrorBarsColorSeriesColor(true);
        styler.setLegendVisible(false);
        styler.setMarkerSize(7);
        styler.setYAxisLogarithmic(true);
        List<Measurement> verified = verified();
        styler.setXAxisMin(log2(verified.stream().mapToInt(Measurement::length).min().orElse(1)) - 0.25);
        styler.setXAxisMax(log2(verified.stream().mapToInt(Measurement::length).max().orElse(1)) + 0.25);
        styler.setxAxisTickLabelsFormattingFunction(Charts::lengthLabel);
    }

    /** A horizontal line over the whole width. */
    private static void level(XYChart chart, double value) {
        XYStyler styler = chart.getStyler();
        XYSeries line = chart.addSeries("level", new double[] {styler.getXAxisMin(), styler.getXAxisMax()}, new double[] {value, value});
        line.setMarker(SeriesMarkers.NONE);
        line.setLineColor(INK);
        line.setLineStyle(new BasicStroke(1.2f));
    }

    private static double log2(double length) {
        return Math.log(length) / Math.log(2);
    }

    /** Powers of two as people write them; nothing between. */
    static String lengthLabel(double power) {
        long whole = Math.round(power);
        if (Math.abs(power - whole) > 1e-6 || whole < 0) {
            return "";
        }
        return whole < 10 ? Long.toString(1L << whole) : whole < 20 ? (1L << (whole - 10)) + "k" : (1L << (whole - 20)) + "M";
    }

    private static String svg(XYChart chart, String label) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try {
            VectorGraphicsEncoder.saveVectorGraphic(chart, bytes, VectorGraphicsEncoder.VectorGraphicsFormat.SVG);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        String text = bytes.toString(StandardCharsets.UTF_8);
        String body = text.substring(text.indexOf('>', text.indexOf("<svg")) + 1);
        body = body.replaceAll("(\\.\\d\\d)\\d+", "$1").replaceAll(">\\s+<", "><").replace("rgb(1,2,3)", "var(--ink)").replace("rgb(4,5,6)", "var(--grid)");
        return "<svg role=\"img\" aria-label=\"" + label + "\" viewBox=\"0 0 " + WIDTH + " " + HEIGHT + "\">" + body;
    }
}
