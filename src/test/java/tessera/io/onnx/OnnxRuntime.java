package tessera.io.onnx;

import ai.onnxruntime.OnnxJavaType;
import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OnnxTensorLike;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtLoggingLevel;
import ai.onnxruntime.OrtSession;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Models run in ONNX Runtime on the CPU. */
final class OnnxRuntime {
    static final int FLOAT = 1;
    static final int INT64 = 7;
    static final int BOOL = 9;

    /** An input of a model; its values are little-endian, as in a TensorProto. */
    record Input(String name, int type, int[] dims, byte[] raw) {
        OnnxBytes tensor() {
            return OnnxBytes.tensor(type, dims, raw);
        }

        private OnnxTensor toRuntime(OrtEnvironment environment) throws OrtException {
            OnnxJavaType java = switch (type) {
                case FLOAT -> OnnxJavaType.FLOAT;
                case INT64 -> OnnxJavaType.INT64;
                case BOOL -> OnnxJavaType.BOOL;
                default -> throw new IllegalArgumentException("element type " + type);
            };
            ByteBuffer values = ByteBuffer.allocateDirect(raw.length).order(ByteOrder.LITTLE_ENDIAN).put(raw).flip();
            return OnnxTensor.createTensor(environment, values, Arrays.stream(dims).asLongStream().toArray(), java);
        }
    }

    private OnnxRuntime() {
    }

    static String version() {
        return OrtEnvironment.getEnvironment().getVersion();
    }

    /** The model's float32 outputs, in its order, as TensorProtos. */
    static List<OnnxBytes> run(OnnxBytes model, List<Input> inputs) throws OrtException {
        OrtEnvironment environment = OrtEnvironment.getEnvironment();
        Map<String, OnnxTensorLike> tensors = new LinkedHashMap<>();
        try (OrtSession.SessionOptions options = new OrtSession.SessionOptions()) {
            options.setSessionLogLevel(OrtLoggingLevel.ORT_LOGGING_LEVEL_FATAL);
            for (Input input : inputs) {
                tensors.put(input.name(), input.toRuntime(environment));
            }
            try (OrtSession session = environment.createSession(model.bytes(), options); OrtSession.Result result = session.run(tensors)) {
                List<OnnxBytes> outputs = new ArrayList<>();
                for (String name : session.getOutputNames()) {
                    outputs.add(tensor((OnnxTensor) result.get(name).orElseThrow()));
                }
                return outputs;
            }
        } finally {
            tensors.values().forEach(OnnxTensorLike::close);
        }
    }

    private static OnnxBytes tensor(OnnxTensor output) {
        ByteBuffer values = output.getByteBuffer();
        byte[] raw = new byte[values.remaining()];
        values.get(raw);
        return OnnxBytes.tensor(FLOAT, Arrays.stream(output.getInfo().getShape()).mapToInt(Math::toIntExact).toArray(), raw);
    }
}
