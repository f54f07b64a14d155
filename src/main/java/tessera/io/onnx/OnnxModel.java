package tessera.io.onnx;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import tessera.io.onnx.WireReader.Malformed;

/**
 * A ModelProto of ONNX, as far as operator test cases need it.
 *
 * @param opsets version of every imported operator set by domain; the standard's own domain is ""
 */
public record OnnxModel(Map<String, Long> opsets, Graph graph) {

    /** Nodes in the order in which they run, and the graph's constants by name. */
    public record Graph(List<Node> nodes, List<String> inputs, List<String> outputs, Map<String, OnnxTensor> constants) {
    }

    /**
     * One operator call; an input or output named "" is left out.
     *
     * @param attributes values by name: Float, Long, String, OnnxTensor, Graph, or a list of the first three
     */
    public record Node(String domain, String operator, Map<String, Object> attributes, List<String> inputs, List<String> outputs) {

        /** An integer attribute, or what it is when not given. */
        public long integer(String name, long otherwise) {
            return typed(name, Long.class, otherwise);
        }

        /** A float attribute, or what it is when not given. */
        public float real(String name, float otherwise) {
            return typed(name, Float.class, otherwise);
        }

        /** A text attribute, or what it is when not given. */
        public String text(String name, String otherwise) {
            return typed(name, String.class, otherwise);
        }

        private <T> T typed(String name, Class<T> type, T otherwise) {
            Object value = attributes.getOrDefault(name, otherwise);
            if (!type.isInstance(value)) {
                throw new IllegalArgumentException("attribute '" + name + "' of " + operator + " must be a " + type.getSimpleName());
            }
            return type.cast(value);
        }
    }

    static OnnxModel read(WireReader reader) {
        Map<String, Long> opsets = new LinkedHashMap<>();
        Graph graph = null;
        while (reader.next()) {
            switch (reader.field()) {
                case 7 -> graph = graph(reader.message());
                case 8 -> opset(reader.message(), opsets);
                default -> { }
            }
        }
        if (graph == null) {
            throw new Malformed("it has no graph");
        }
        return new OnnxModel(opsets, graph);
    }

    private static void opset(WireReader reader, Map<String, Long> opsets) {
        String domain = "";
        long version = 0;
        while (reader.next()) {
            switch (reader.field()) {
                case 1 -> domain = reader.text();
                case 2 -> version = reader.integer();
                default -> { }
            }
        }
        opsets.put(domain, version);
    }

    private static Graph graph(WireReader reader) {
        Graph graph = new Graph(new ArrayList<>(), new ArrayList<>(), new ArrayList<>(), new LinkedHashMap<>());
        while (reader.next()) {
            switch (reader.field()) {
                case 1 -> graph.nodes.add(node(reader.message()));
                case 5 -> {
                    OnnxTensor constant = OnnxTensor.read(reader.message());
                    graph.constants.put(constant.name(), constant);
                }
                case 11 -> graph.inputs.add(name(reader.message()));
                case 12 -> graph.outputs.add(name(reader.message()));
                default -> { }
            }
        }
        return graph;
    }

    private static String name(WireReader value) {
        String name = "";
        while (value.next()) {
            name = value.field() == 1 ? value.text() : name;
        }
        return name;
    }

    private static Node node(WireReader reader) {
        List<String> inputs = new ArrayList<>();
        List<String> outputs = new ArrayList<>();
        Map<String, Object> attributes = new LinkedHashMap<>();
        String operator = "";
        String domain = "";
        while (reader.next()) {
            switch (reader.field()) {
                case 1 -> inputs.add(reader.text());
                case 2 -> outputs.add(reader.text());
                case 4 -> operator = reader.text();
                case 5 -> attribute(reader.message(), attributes);
                case 7 -> domain = reader.text();
                default -> { }
            }
        }
        return new Node(domain.equals("ai.onnx") ? "" : domain, operator, attributes, inputs, outputs);
    }

    /** A value that is 0 or empty may be missing, so the attribute's type decides which one it is. */
    private static void attribute(WireReader reader, Map<String, Object> attributes) {
        String name = "";
        long type = 0;
        float real = 0;
        long integer = 0;
        String text = "";
        Object nested = null;
        List<Double> reals = new ArrayList<>();
        List<Long> integers = new ArrayList<>();
        List<String> texts = new ArrayList<>();
        while (reader.next()) {
            switch (reader.field()) {
                case 1 -> name = reader.text();
                case 2 -> real = reader.real();
                case 3 -> integer = reader.integer();
                case 4 -> text = reader.text();
                case 5 -> nested = OnnxTensor.read(reader.message());
                case 6 -> nested = graph(reader.message());
                case 7 -> Repeated.reals(reader, reals);
                case 8 -> Repeated.integers(reader, integers);
                case 9 -> texts.add(reader.text());
                case 20 -> type = reader.integer();
                default -> { }
            }
        }
        Object value = switch ((int) type) {
            case 1 -> real;
            case 2 -> integer;
            case 3 -> text;
            case 4, 5 -> nested;
            case 6 -> reals.stream().map(Double::floatValue).toList();
            case 7 -> integers;
            case 8 -> texts;
            default -> null;
        };
        if (value == null) {
            throw new Malformed("attribute '" + name + "' has the type " + type + ", which cannot be read");
        }
        attributes.put(name, value);
    }
}
