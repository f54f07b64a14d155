package tessera.experiments;

import java.util.List;
import java.util.Map;

/** What was measured, in the forms in which it is printed. */
public interface Measured {

    /** Where. */
    Machine machine();

    /** True unless a result is wrong or nothing could be measured at all. */
    boolean passed();

    /** The whole document, raw samples included. */
    Map<String, Object> document();

    /** One row for each measurement, raw samples in one field, separated by blanks. */
    List<Map<String, Object>> csv();

    /** The columns that fit a terminal. */
    List<Map<String, Object>> table();

    /** A second table that sums the first one up; empty if there is none. */
    default List<Map<String, Object>> summary() {
        return List.of();
    }
}
