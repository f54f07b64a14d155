package tessera.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/** Prints rows of named values; the columns are the keys of all rows, in the order of their first appearance. */
final class Rows {
    private static final ObjectMapper JSON = new ObjectMapper().enable(SerializationFeature.INDENT_OUTPUT);

    private Rows() {
    }

    /** Aligned columns: numbers to the right, text to the left, in short form. */
    static void table(PrintWriter out, List<? extends Map<String, ?>> rows) {
        List<String> columns = columns(rows);
        List<List<String>> lines = new ArrayList<>();
        lines.add(columns);
        rows.forEach(row -> lines.add(columns.stream().map(c -> shortForm(row.get(c))).toList()));
        for (List<String> line : lines) {
            StringBuilder text = new StringBuilder();
            for (int c = 0; c < columns.size(); c++) {
                int column = c;
                int width = lines.stream().mapToInt(l -> l.get(column).length()).max().orElse(0);
                boolean numbers = rows.stream().allMatch(row -> !(row.get(columns.get(column)) instanceof String));
                text.append(c > 0 ? "  " : "").append(numbers ? " ".repeat(width - line.get(c).length()) + line.get(c)
                        : line.get(c) + " ".repeat(width - line.get(c).length()));
            }
            out.println(text.toString().stripTrailing());
        }
    }

    /** One JSON value: an array of objects for rows. */
    static void json(PrintWriter out, Object value) {
        try {
            out.println(JSON.writeValueAsString(value));
        } catch (JsonProcessingException e) {
            throw new IllegalStateException(e);
        }
    }

    /** Comma-separated values with a header line (RFC 4180). */
    static void csv(PrintWriter out, List<? extends Map<String, ?>> rows) {
        List<String> columns = columns(rows);
        out.println(columns.stream().map(Rows::quoted).collect(Collectors.joining(",")));
        rows.forEach(row -> out.println(columns.stream().map(row::get).map(Rows::quoted).collect(Collectors.joining(","))));
    }

    private static List<String> columns(List<? extends Map<String, ?>> rows) {
        Set<String> columns = new LinkedHashSet<>();
        rows.forEach(row -> columns.addAll(row.keySet()));
        return List.copyOf(columns);
    }

    private static String shortForm(Object value) {
        return switch (value) {
            case null -> "-";
            case Double d when d != 0 && (Math.abs(d) < 1e-2 || Math.abs(d) >= 1e6) -> String.format(Locale.ROOT, "%.2e", d);
            case Double d -> String.format(Locale.ROOT, "%.2f", d);
            default -> value.toString();
        };
    }

    private static String quoted(Object value) {
        String text = value == null ? "" : value.toString();
        boolean plain = text.chars().noneMatch(c -> c == ',' || c == '"' || c == '\n' || c == '\r');
        return plain ? text : "\"" + text.replace("\"", "\"\"") + "\"";
    }
}
