package tessera.experiments;

import java.awt.BasicStroke;
import java.awt.Color;
import java.util.List;
import java.util.Map;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.XYSeries;
import org.knowm.xchart.style.Styler;
import org.knowm.xchart.style.markers.SeriesMarkers;

/**
 * Lines on logarithmic axes.
 *
 * @param x what grows to the right
 * @param lines values by x, both above 0; others are left out
 */
public record Curves(String title, String x, String y, Map<String, ? extends Map<Integer, Double>> lines) {
    private static final List<Color> COLOURS = List.of(new Color(0x3b82f6), new Color(0xd97706), new Color(0x0d9f6e), new Color(0xa855f7), new Color(0xdb2777),
            new Color(0x808890));

    /**
     * An SVG element whose text and grid take the colours of the page.
     *
     * @throws IllegalArgumentException if there is no point
     */
    public String svg() {
        return Charts.svg(chart(), title);
    }

    XYChart chart() {
        if (lines.values().stream().allMatch(Map::isEmpty)) {
            throw new IllegalArgumentException("there are no points to draw");
        }
        XYChart chart = LogAxes.chart(y, 2, lines.values().stream().flatMap(line -> line.keySet().stream()).mapToInt(at -> at).summaryStatistics(),
                lines.values().stream().flatMap(line -> line.values().stream()).filter(Curves::isPositive).mapToDouble(LogAxes::log2).summaryStatistics());
        chart.setXAxisTitle(x);
        Charts.colour(chart.getStyler());
        chart.getStyler().setLegendPosition(Styler.LegendPosition.OutsideS);
        chart.getStyler().setLegendLayout(Styler.LegendLayout.Horizontal);
        lines.forEach((name, line) -> {
            List<Integer> at = line.keySet().stream().filter(value -> isPositive(line.get(value))).sorted().toList();
            if (!at.isEmpty()) {
                XYSeries series = chart.addSeries(name, at.stream().mapToDouble(LogAxes::log2).toArray(), at.stream().mapToDouble(value ->
                        LogAxes.log2(line.get(value))).toArray());
                Color colour = COLOURS.get((chart.getSeriesMap().size() - 1) % COLOURS.size());
                series.setLineColor(colour);
                series.setLineStyle(new BasicStroke(2));
                series.setMarker(SeriesMarkers.CIRCLE);
                series.setMarkerColor(colour);
            }
        });
        return chart;
    }

    private static boolean isPositive(Double value) {
        return value != null && value > 0 && Double.isFinite(value);
    }
}
