package tessera.io.onnx;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** Writes protobuf messages of ONNX, field by field. */
public final class OnnxBytes {
    private final ByteArrayOutputStream out = new ByteArrayOutputStream();

    public byte[] bytes() {
        return out.toByteArray();
    }

    public OnnxBytes integer(int field, long value) {
        return varint((long) field << 3).varint(value);
    }

    public OnnxBytes real(int field, float value) {
        varint((long) field << 3 | 5);
        out.writeBytes(ByteBuffer.allocate(4).order(ByteOrder.LITTLE_ENDIAN).putFloat(value).array());
        return this;
    }

    public OnnxBytes bytes(int field, byte[] value) {
        varint((long) field << 3 | 2).varint(value.length);
        out.writeBytes(value);
        return this;
    }

    public OnnxBytes text(int field, String value) {
        return bytes(field, value.getBytes(StandardCharsets.UTF_8));
    }

    public OnnxBytes message(int field, OnnxBytes value) {
        return bytes(field, value.bytes());
    }

    private OnnxBytes varint(long value) {
        for (; (value & ~0x7fL) != 0; value >>>= 7) {
            out.write((int) (value & 0x7f | 0x80));
        }
        out.write((int) value);
        return this;
    }

    /** A TensorProto whose values lie in raw_data. */
    public static OnnxBytes tensor(int type, int[] dims, byte[] raw) {
        OnnxBytes tensor = new OnnxBytes();
        for (int dim : dims) {
            tensor.integer(1, dim);
        }
        return tensor.integer(2, type).bytes(9, raw);
    }

    public static OnnxBytes floats(int[] dims, float... values) {
        return tensor(1, dims, raw(values));
    }

    static byte[] raw(float... values) {
        ByteBuffer buffer = ByteBuffer.allocate(4 * values.length).order(ByteOrder.LITTLE_ENDIAN);
        for (float value : values) {
            buffer.putFloat(value);
        }
        return buffer.array();
    }

    public static OnnxBytes longs(int[] dims, long... values) {
        OnnxBytes tensor = new OnnxBytes();
        for (int dim : dims) {
            tensor.integer(1, dim);
        }
        tensor.integer(2, 7);
        for (long value : values) {
            tensor.integer(7, value);
        }
        return tensor;
    }

    /** A NodeProto; names of inputs and outputs are separated by commas, and an empty one is left out. */
    public static OnnxBytes node(String domain, String operator, String inputs, String outputs, OnnxBytes... attributes) {
        OnnxBytes node = new OnnxBytes();
        for (String input : inputs.split(",", -1)) {
            node.text(1, input);
        }
        for (String output : outputs.split(",", -1)) {
            node.text(2, output);
        }
        node.text(4, operator);
        for (OnnxBytes attribute : attributes) {
            node.message(5, attribute);
        }
        return node.text(7, domain);
    }

    public static OnnxBytes attribute(String name, long value) {
        return new OnnxBytes().text(1, name).integer(3, value).integer(20, 2);
    }

    public static OnnxBytes attribute(String name, float value) {
        return new OnnxBytes().text(1, name).real(2, value).integer(20, 1);
    }

    public static OnnxBytes attribute(String name, String value) {
        return new OnnxBytes().text(1, name).text(4, value).integer(20, 3);
    }

    public static OnnxBytes attribute(String name, OnnxBytes graph) {
        return new OnnxBytes().text(1, name).message(6, graph).integer(20, 5);
    }

    /** A ModelProto of one graph, whose inputs and outputs are those of its nodes that are named. */
    public static OnnxBytes model(int opset, String inputs, String outputs, OnnxBytes... nodes) {
        return model(opset, graph(inputs, outputs, nodes));
    }

    public static OnnxBytes model(int opset, OnnxBytes graph) {
        return new OnnxBytes().integer(1, 10).message(8, new OnnxBytes().text(1, "").integer(2, opset)).message(7, graph);
    }

    public static OnnxBytes graph(String inputs, String outputs, OnnxBytes... nodes) {
        OnnxBytes graph = new OnnxBytes().text(2, "graph");
        for (OnnxBytes node : nodes) {
            graph.message(1, node);
        }
        for (String input : inputs.split(",")) {
            graph.message(11, new OnnxBytes().text(1, input));
        }
        for (String output : outputs.split(",")) {
            graph.message(12, new OnnxBytes().text(1, output));
        }
        return graph;
    }

    /** A ValueInfoProto: an input or output of a graph with its element type and, if known, its dimensions. */
    public static OnnxBytes value(String name, int type, int... dims) {
        OnnxBytes shape = new OnnxBytes();
        for (int dim : dims) {
            shape.message(1, new OnnxBytes().integer(1, dim));
        }
        OnnxBytes tensor = new OnnxBytes().integer(1, type);
        if (dims.length > 0) {
            tensor.message(2, shape);
        }
        return new OnnxBytes().text(1, name).message(2, new OnnxBytes().message(1, tensor));
    }

    /** Writes an operator test case of one data set. */
    public static void writeCase(Path folder, OnnxBytes model, List<OnnxBytes> inputs, List<OnnxBytes> outputs) throws IOException {
        Path data = Files.createDirectories(folder.resolve("test_data_set_0"));
        Files.write(folder.resolve("model.onnx"), model.bytes());
        for (int n = 0; n < inputs.size(); n++) {
            Files.write(data.resolve("input_" + n + ".pb"), inputs.get(n).bytes());
        }
        for (int n = 0; n < outputs.size(); n++) {
            Files.write(data.resolve("output_" + n + ".pb"), outputs.get(n).bytes());
        }
    }
}
