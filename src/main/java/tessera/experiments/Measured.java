package tessera.experiments;

import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** What was measured, in the forms in which it is printed. */
public interface Measured {

    /** Where. */
    Machine machine();

    /** When it began. */
    Instant date();

    /** How. */
    Protocol protocol();

    /** Every point that was tried. */
    List<Measurement> measurements();

    /** One row for each of them, raw samples included. */
    List<Map<String, Object>> rows();

    /** The columns that fit a terminal. */
    List<Map<String, Object>> table();

    /** A second table that sums the first one up; empty if there is none. */
    default List<Map<String, Object>> summary() {
        return List.of();
    }

    /** True unless a result is wrong or nothing could be measured at all. */
    default boolean passed() {
        return measurements().stream().noneMatch(Measurement::isWrong) && measurements().stream().anyMatch(Measurement::verified);
    }

    /** The whole document. */
    default Map<String, Object> document() {
        Map<String, Object> document = new LinkedHashMap<>();
        document.put("date", date().toString());
        document.put("machine", machine().devices().stream().map(device -> Report.machine(machine(), device)).toList());
        document.put("protocol", protocol().describe());
        document.put("measurements", rows());
        return document;
    }

    /** The rows with raw samples in one field, separated by blanks. */
    default List<Map<String, Object>> csv() {
        return rows().stream().map(Report::flat).toList();
    }
}
