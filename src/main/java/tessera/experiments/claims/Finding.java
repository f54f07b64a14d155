package tessera.experiments.claims;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import tessera.experiments.Curves;

/**
 * What an experiment found of a claim.
 *
 * @param reason one sentence with the figures that decide
 * @param rows the figures, for tables
 * @param curves the same as a chart; null if there is none
 */
public record Finding(Verdict verdict, String reason, List<Map<String, Object>> rows, Curves curves) {

    /** The reason as a format with its figures. */
    static Finding of(Verdict verdict, String reason, Object... figures) {
        return new Finding(verdict, String.format(Locale.ROOT, reason, figures), List.of(), null);
    }

    Finding with(List<Map<String, Object>> figures) {
        return new Finding(verdict, reason, List.copyOf(figures), curves);
    }

    Finding with(Curves chart) {
        return new Finding(verdict, reason, rows, chart);
    }

    /** A row of names and values in turn. */
    static Map<String, Object> row(Object... namesAndValues) {
        Map<String, Object> row = new LinkedHashMap<>();
        for (int n = 0; n < namesAndValues.length; n += 2) {
            row.put((String) namesAndValues[n], namesAndValues[n + 1]);
        }
        return row;
    }
}
