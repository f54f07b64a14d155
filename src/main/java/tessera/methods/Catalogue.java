package tessera.methods;

import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.commons.text.similarity.LevenshteinDistance;

/** Every method of the surveys, whether it can be run yet or not. */
public final class Catalogue {
    private static final List<Row> ROWS = load();

    private Catalogue() {
    }

    /** All rows, in the catalogue's order. */
    public static List<Row> rows() {
        return ROWS;
    }

    /**
     * The row with that id or name, in any case.
     *
     * @throws IllegalArgumentException for an unknown one, with the nearest that exist
     */
    public static Row row(String idOrName) {
        String wanted = idOrName.strip();
        return ROWS.stream().filter(r -> r.id().equalsIgnoreCase(wanted) || r.name().equalsIgnoreCase(wanted)).findFirst()
                .orElseThrow(() -> new IllegalArgumentException("unknown method '" + idOrName + "'; the nearest are " + nearest(wanted)
                        + "; 'tessera methods' lists all " + ROWS.size()));
    }

    private static String nearest(String wanted) {
        return ROWS.stream().sorted(Comparator.comparingInt(r -> distance(wanted, r))).limit(3).map(Row::toString)
                .collect(Collectors.joining(", "));
    }

    /** Edit distance to the id, the name or a word of it, whichever is nearest; 1 for a part of the name. */
    private static int distance(String wanted, Row row) {
        String text = wanted.toLowerCase(Locale.ROOT);
        String name = row.name().toLowerCase(Locale.ROOT);
        int inside = name.contains(text) && text.length() > 2 ? 1 : Integer.MAX_VALUE;
        Stream<String> targets = Stream.concat(Stream.of(row.id().toLowerCase(Locale.ROOT), name), Stream.of(name.split("\\W+")));
        return targets.mapToInt(target -> LevenshteinDistance.getDefaultInstance().apply(text, target)).reduce(inside, Math::min);
    }

    private static List<Row> load() {
        ObjectMapper mapper = new ObjectMapper().disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES);
        try (InputStream json = Catalogue.class.getResourceAsStream("catalogue.json")) {
            return List.copyOf(mapper.readValue(json, new TypeReference<List<Row>>() { }));
        } catch (IOException e) {
            throw new UncheckedIOException("the catalogue inside the program cannot be read", e);
        }
    }
}
