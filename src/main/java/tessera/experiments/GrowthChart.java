package tessera.experiments;

import java.awt.BasicStroke;
import java.awt.Color;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.Map;
import org.knowm.xchart.BitmapEncoder;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.XYSeries;
import org.knowm.xchart.style.Styler.LegendPosition;
import org.knowm.xchart.style.markers.SeriesMarkers;
import tessera.engine.Device;
import tessera.experiments.GrowthPoint.Form;
import tessera.experiments.GrowthPoint.Part;

/** Time against length on logarithmic axes: a line for each form on each device, a colour for each form, dashes for each device. */
public final class GrowthChart {
    private static final Map<Form, Color> COLOURS = Map.of(Form.CHUNK, new Color(0x0d9f6e), Form.RECURRENT, new Color(0xd97706),
            Form.DENSE, new Color(0x3b82f6));
    private static final float[][] DASHES = {{1, 0}, {7, 4}, {2, 3}, {9, 3, 2, 3}};

    private GrowthChart() {
    }

    /** The chart as PNG. */
    public static byte[] png(GrowthResult result) {
        List<GrowthPoint> timed = result.points().stream().filter(p -> p.part() == Part.SEQUENCE && p.verified()).toList();
        XYChart chart = LogAxes.chart("kernel time (ms)", 2, result.growth().allLengths().stream().mapToInt(n -> n).summaryStatistics(),
                timed.stream().mapToDouble(p -> LogAxes.log2(p.median())).summaryStatistics());
        LogAxes.colour(chart.getStyler(), Color.WHITE, Color.DARK_GRAY, new Color(0xdddddd));
        chart.getStyler().setLegendPosition(LegendPosition.OutsideE);
        List<Device> devices = result.machine().devices();
        for (Device device : devices) {
            for (Form form : Form.values()) {
                List<GrowthPoint> line = timed.stream().filter(p -> p.form() == form && p.measurement().device().equals(device)).toList();
                if (!line.isEmpty()) {
                    draw(chart, form + " on " + device.id(), line, COLOURS.get(form), DASHES[devices.indexOf(device) % DASHES.length]);
                }
            }
        }
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try {
            BitmapEncoder.saveBitmap(chart, bytes, BitmapEncoder.BitmapFormat.PNG);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return bytes.toByteArray();
    }

    private static void draw(XYChart chart, String name, List<GrowthPoint> points, Color colour, float[] dash) {
        XYSeries series = chart.addSeries(name, points.stream().mapToDouble(p -> LogAxes.log2(p.size())).toArray(),
                points.stream().mapToDouble(p -> LogAxes.log2(p.median())).toArray());
        series.setLineColor(colour);
        series.setLineStyle(new BasicStroke(2, BasicStroke.CAP_BUTT, BasicStroke.JOIN_ROUND, 1, dash, 0));
        series.setMarker(SeriesMarkers.CIRCLE);
        series.setMarkerColor(colour);
    }
}
