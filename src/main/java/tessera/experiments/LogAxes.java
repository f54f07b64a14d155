package tessera.experiments;

import java.awt.BasicStroke;
import java.awt.Color;
import java.math.BigDecimal;
import java.math.MathContext;
import java.util.DoubleSummaryStatistics;
import java.util.IntSummaryStatistics;
import java.util.Locale;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.XYChartBuilder;
import org.knowm.xchart.style.XYStyler;

/** An empty chart against length on logarithmic axes. */
final class LogAxes {
    static final int WIDTH = 620;
    static final int HEIGHT = 380;

    /** Exponents left free below and above what is shown. */
    static final double ROOM = 0.6;

    private LogAxes() {
    }

    /**
     * XChart's own logarithmic axes label decades only; these are linear in the exponent, with a tick for each power of the base.
     *
     * @param exponents range of the logarithms of the values to that base
     */
    static XYChart chart(String yTitle, int base, IntSummaryStatistics lengths, DoubleSummaryStatistics exponents) {
        System.setProperty("java.awt.headless", "true");
        XYChart chart = new XYChartBuilder().width(WIDTH).height(HEIGHT).xAxisTitle("length (tokens)").yAxisTitle(yTitle).build();
        XYStyler styler = chart.getStyler();
        styler.setPlotGridLinesStroke(new BasicStroke(0.7f));
        styler.setMarkerSize(7);
        styler.setxAxisTickLabelsFormattingFunction(LogAxes::lengthLabel);
        styler.setXAxisMin(log2(lengths.getMin()) - 0.5);
        styler.setXAxisMax(log2(lengths.getMax()) + 0.5);
        styler.setXAxisTickMarkSpacingHint(spacing(0.8 * WIDTH, styler.getXAxisMax() - styler.getXAxisMin(), 44));
        boolean empty = exponents.getCount() == 0;
        scale(styler, empty ? 0 : exponents.getMin(), empty ? 0 : exponents.getMax());
        styler.setyAxisTickLabelsFormattingFunction(exponent -> valueLabel(base, exponent));
        return chart;
    }

    /** The colours of background, text and grid. */
    static void colour(XYStyler styler, Color ground, Color ink, Color grid) {
        styler.setChartBackgroundColor(ground);
        styler.setPlotBackgroundColor(ground);
        styler.setLegendBackgroundColor(ground);
        styler.setChartFontColor(ink);
        styler.setAxisTickLabelsColor(ink);
        styler.setAxisTickMarksColor(grid);
        styler.setPlotBorderColor(grid);
        styler.setPlotGridLinesColor(grid);
    }

    /** The y axis from a lowest to a highest exponent, with some room. */
    static void scale(XYStyler styler, double lowest, double highest) {
        styler.setYAxisMin(lowest - ROOM);
        styler.setYAxisMax(highest + ROOM);
        styler.setYAxisTickMarkSpacingHint(spacing(0.8 * HEIGHT, styler.getYAxisMax() - styler.getYAxisMin(), 24));
    }

    /** Pixels between ticks, so that one stands at each whole exponent, or at fewer where that would be too narrow. */
    private static int spacing(double pixels, double exponents, int least) {
        return (int) Math.max(least, pixels / exponents);
    }

    static double log2(double value) {
        return Math.log(value) / Math.log(2);
    }

    /** The length of a tick as people write it: 512, 1k, 1M. */
    static String lengthLabel(double exponent) {
        return exponent >= 20 ? valueLabel(2, exponent - 20) + "M" : exponent >= 10 ? valueLabel(2, exponent - 10) + "k" : valueLabel(2, exponent);
    }

    /** The value of a tick; two ticks never share a label, or XChart looks for better ones without end. */
    static String valueLabel(int base, double exponent) {
        double value = Math.pow(base, exponent);
        return value >= 1e-3 ? new BigDecimal(value).round(new MathContext(4)).stripTrailingZeros().toPlainString()
                : String.format(Locale.ROOT, "%.2e", value).replace(".00", "").replaceFirst("e-0", "e-");
    }
}
