package tessera.experiments;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import tessera.experiments.GrowthPoint.Part;
import tessera.experiments.GrowthResult.Crossing;
import tessera.experiments.GrowthResult.Growing;

/** Growth as plain maps: the JSON document and the rows of the CSV file. */
public final class GrowthReport {
    private GrowthReport() {
    }

    /** The whole document, raw samples included. */
    public static Map<String, Object> document(GrowthResult result) {
        Map<String, Object> document = new LinkedHashMap<>();
        document.put("date", result.date().toString());
        document.put("machine", result.machine().devices().stream().map(device -> Report.machine(result.machine(), device)).toList());
        document.put("problem", problem(result.growth()));
        document.put("protocol", result.growth().protocol().describe());
        document.put("measurements", result.points().stream().map(point -> row(result, point)).toList());
        document.put("slopes", result.slopes().stream().map(GrowthReport::slope).toList());
        document.put("crossovers", result.crossings().stream().map(GrowthReport::crossing).toList());
        return document;
    }

    /** The measurements of the document with raw samples in one field, separated by blanks. */
    public static List<Map<String, Object>> csv(GrowthResult result) {
        return result.points().stream().map(point -> Report.flat(row(result, point))).toList();
    }

    private static Map<String, Object> problem(Growth growth) {
        Map<String, Object> problem = new LinkedHashMap<>();
        problem.put("gate", gate(growth));
        problem.put("method", growth.problem().rule().row().toString());
        problem.put("batch", growth.problem().batch());
        problem.put("heads", growth.problem().heads());
        problem.put("headDim", growth.problem().headDim());
        problem.put("seed", growth.problem().seed());
        problem.put("lengths", growth.allLengths());
        problem.put("contexts", growth.contexts());
        problem.put("chunkLength", growth.chunkLength());
        problem.put("slopeFrom", growth.slopeFrom());
        problem.put("limitSeconds", growth.limitSeconds());
        return problem;
    }

    static String gate(Growth growth) {
        return growth.problem().rule().name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    private static Map<String, Object> row(GrowthResult result, GrowthPoint point) {
        Growth growth = result.growth();
        Measurement m = point.measurement();
        Map<String, Object> row = new LinkedHashMap<>();
        row.put("part", point.part().name().toLowerCase(Locale.ROOT));
        row.put("form", point.form().toString());
        row.put("method", m.method().id());
        row.put("device", m.device().id());
        row.put("batch", growth.problem().batch());
        row.put("heads", growth.problem().heads());
        row.put("headDim", growth.problem().headDim());
        row.put("length", point.part() == Part.DECODE ? 1 : m.length());
        row.put("context", point.part() == Part.DECODE ? point.size() : null);
        row.put("chunk", m.plans().isEmpty() ? null : m.plans().getFirst().tuning().get("chunk"));
        Report.result(row, m);
        Report.times(row, m);
        row.put("best", point.part() == Part.CHUNKS ? result.bestChunk(m.device()).filter(point::equals).isPresent() : null);
        row.put("reason", m.reason());
        return row;
    }

    private static Map<String, Object> slope(Growing growing) {
        Map<String, Object> row = new LinkedHashMap<>();
        row.put("part", growing.part().name().toLowerCase(Locale.ROOT));
        row.put("form", growing.form().toString());
        row.put("device", growing.device().id());
        row.put("plan", growing.plan());
        slope(row, growing.slope());
        return row;
    }

    /** A slope, or that there is none. */
    static void slope(Map<String, Object> row, Slope slope) {
        row.put("slope", slope == null ? null : slope.exponent());
        row.put("standardError", slope == null || Double.isNaN(slope.error()) ? null : slope.error());
        row.put("points", slope == null ? null : slope.points());
        row.put("from", slope == null ? null : slope.shortest());
        row.put("to", slope == null ? null : slope.longest());
    }

    private static Map<String, Object> crossing(Crossing crossing) {
        Map<String, Object> row = Report.crossover(crossing.crossover());
        row.put("model", crossing.model() == 0 ? null : crossing.model());
        return row;
    }
}
