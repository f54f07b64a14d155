package tessera.io;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What the header of a safetensors file says, checked: every tensor's bytes lie in the file, fit its shape and type, and
 * all together cover the data without overlap or gap.
 */
record SafetensorsHeader(Map<String, Entry> entries, Map<String, String> metadata) {

    static final String METADATA = "__metadata__";

    private static final ObjectMapper JSON = new ObjectMapper().enable(JsonParser.Feature.STRICT_DUPLICATE_DETECTION)
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS);

    private static final Map<String, Integer> BYTES = Map.ofEntries(Map.entry("BOOL", 1), Map.entry("U8", 1), Map.entry("I8", 1),
            Map.entry("F8_E4M3", 1), Map.entry("F8_E5M2", 1), Map.entry("U16", 2), Map.entry("I16", 2), Map.entry("F16", 2),
            Map.entry("BF16", 2), Map.entry("U32", 4), Map.entry("I32", 4), Map.entry("F32", 4), Map.entry("U64", 8),
            Map.entry("I64", 8), Map.entry("F64", 8));

    /** A tensor's type as the file names it, its dimensions, and its bytes [begin, end) within the data. */
    record Entry(String type, long[] dims, long begin, long end) {
    }

    /** A header that cannot be trusted; the message goes on from "FILE is not a valid safetensors file: ". */
    static final class Invalid extends Exception {
        private static final long serialVersionUID = 1L;

        Invalid(String message) {
            super(message);
        }
    }

    static SafetensorsHeader parse(byte[] json, long dataBytes) throws Invalid {
        JsonNode root;
        try {
            root = JSON.readTree(json);
        } catch (JsonProcessingException e) {
            throw new Invalid("its header is not valid JSON (" + e.getOriginalMessage() + ")");
        } catch (java.io.IOException e) {
            throw new Invalid("its header is not valid UTF-8 text (" + e.getMessage() + ")");
        }
        if (root == null || !root.isObject()) {
            throw new Invalid("its header is not a JSON object");
        }
        Map<String, String> metadata = new LinkedHashMap<>();
        Map<String, Entry> entries = new LinkedHashMap<>();
        for (Map.Entry<String, JsonNode> field : root.properties()) {
            if (field.getKey().equals(METADATA)) {
                readMetadata(field.getValue(), metadata);
            } else {
                entries.put(field.getKey(), entry(named(field.getKey()), field.getValue(), dataBytes));
            }
        }
        checkCoverage(entries, dataBytes);
        return new SafetensorsHeader(entries, metadata);
    }

    private static void readMetadata(JsonNode node, Map<String, String> metadata) throws Invalid {
        for (Map.Entry<String, JsonNode> field : node.properties()) {
            if (!field.getValue().isTextual()) {
                throw new Invalid("the value of '" + field.getKey() + "' in " + METADATA + " is not a string");
            }
            metadata.put(field.getKey(), field.getValue().textValue());
        }
        if (!node.isObject()) {
            throw new Invalid(METADATA + " is not a map of strings");
        }
    }

    private static Entry entry(String name, JsonNode node, long dataBytes) throws Invalid {
        JsonNode type = node.path("dtype");
        if (!type.isTextual()) {
            throw new Invalid(name + " has no dtype");
        }
        long[] dims = numbers(name, "shape", node.path("shape"));
        long[] offsets = numbers(name, "data_offsets", node.path("data_offsets"));
        if (offsets.length != 2) {
            throw new Invalid(name + " has " + offsets.length + " data_offsets instead of 2");
        }
        long begin = offsets[0];
        long end = offsets[1];
        if (begin > end || end > dataBytes) {
            throw new Invalid(name + " claims bytes " + begin + " to " + end + " of " + dataBytes + " bytes of data; is the file cut short?");
        }
        Integer size = BYTES.get(type.textValue());
        if (size != null && bytes(name, dims, size) != end - begin) {
            throw new Invalid(name + " has " + (end - begin) + " bytes, its shape and type " + type.textValue() + " need " + bytes(name, dims, size));
        }
        return new Entry(type.textValue(), dims, begin, end);
    }

    private static long[] numbers(String name, String key, JsonNode node) throws Invalid {
        if (!node.isArray()) {
            throw new Invalid(name + " has no " + key);
        }
        long[] values = new long[node.size()];
        for (int n = 0; n < values.length; n++) {
            if (!node.get(n).isIntegralNumber() || !node.get(n).canConvertToLong() || node.get(n).longValue() < 0) {
                throw new Invalid(name + " has " + node.get(n) + " among its " + key + ", which must be whole numbers from 0 to 2^63 - 1");
            }
            values[n] = node.get(n).longValue();
        }
        return values;
    }

    private static long bytes(String name, long[] dims, int size) throws Invalid {
        long bytes = size;
        try {
            for (long dim : dims) {
                bytes = Math.multiplyExact(bytes, dim);
            }
        } catch (ArithmeticException e) {
            throw new Invalid(name + " has a shape of more than 2^63 bytes");
        }
        return bytes;
    }

    private static void checkCoverage(Map<String, Entry> entries, long dataBytes) throws Invalid {
        List<Map.Entry<String, Entry>> ordered = new ArrayList<>(entries.entrySet());
        ordered.sort(Comparator.comparingLong((Map.Entry<String, Entry> e) -> e.getValue().begin()).thenComparingLong(e -> e.getValue().end()));
        long next = 0;
        for (Map.Entry<String, Entry> tensor : ordered) {
            if (tensor.getValue().begin() != next) {
                throw new Invalid(named(tensor.getKey()) + " begins at byte " + tensor.getValue().begin() + " of the data, where byte " + next
                        + " is next: its bytes " + (tensor.getValue().begin() < next ? "overlap another tensor's" : "leave a gap"));
            }
            next = tensor.getValue().end();
        }
        if (next != dataBytes) {
            throw new Invalid("its tensors take " + next + " bytes, the file has " + dataBytes + " bytes of data");
        }
    }

    /** A tensor's name, fit to be printed whatever the file holds. */
    static String named(String name) {
        String printable = name.replaceAll("\\p{Cntrl}", "?");
        return "tensor '" + (printable.length() > 80 ? printable.substring(0, 80) + "…" : printable) + "'";
    }
}
