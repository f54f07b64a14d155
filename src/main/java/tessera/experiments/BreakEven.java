package tessera.experiments;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import tessera.engine.Device;
import tessera.methods.Row;

/**
 * From which length on a method, choosing its keys included, beats dense attention on a device.
 *
 * @param dense the dense method
 * @param kernels by the time of all its kernels; 0 for at no length of those compared
 * @param total by the time from call to result, with copies and what the host does between steps; 0 likewise
 * @param lengths that were compared, ascending
 */
public record BreakEven(Row method, String dense, Device device, int kernels, int total, List<Integer> lengths) {

    /** For the document and the CSV file. */
    Map<String, Object> row() {
        Map<String, Object> row = new LinkedHashMap<>();
        row.put("method", method.id());
        row.put("name", method.name());
        row.put("family", method.family());
        row.put("device", device.id());
        row.put("dense", dense);
        row.put("shortest", lengths.getFirst());
        row.put("longest", lengths.getLast());
        row.put("kernelsFrom", kernels == 0 ? null : kernels);
        row.put("totalFrom", total == 0 ? null : total);
        return row;
    }

    /** For the terminal. */
    Map<String, Object> line() {
        Map<String, Object> line = new LinkedHashMap<>();
        line.put("method", method.id() + " " + method.name());
        line.put("device", device.id());
        line.put("beats", dense);
        line.put("in kernels from", from(kernels));
        line.put("from call to result from", from(total));
        line.put("lengths", lengths.getFirst() + " to " + lengths.getLast());
        return line;
    }

    private static String from(int length) {
        return length == 0 ? "never in range" : Integer.toString(length);
    }
}
