package tessera.benchmarks;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtLoggingLevel;
import ai.onnxruntime.OrtSession;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import tessera.AttentionSpec;
import tessera.Shape;
import tessera.Tensor;
import tessera.io.onnx.OnnxBytes;

/** An attention as a graph of ONNX, run by ONNX Runtime on CPU threads. */
final class OnnxPeer implements AutoCloseable {
    private static final int FLOAT = 1;

    private final OrtSession session;
    private final Map<String, OnnxTensor> inputs = new LinkedHashMap<>();

    private OnnxPeer(OnnxBytes graph, Map<String, OnnxTensor> inputs, int threads) throws OrtException {
        this.inputs.putAll(inputs);
        try (OrtSession.SessionOptions options = new OrtSession.SessionOptions()) {
            options.setSessionLogLevel(OrtLoggingLevel.ORT_LOGGING_LEVEL_FATAL);
            options.setIntraOpNumThreads(threads);
            session = OrtEnvironment.getEnvironment().createSession(OnnxBytes.model(23, graph).bytes(), options);
        }
    }

    /** The operator Attention. */
    static OnnxPeer attention(AttentionSpec spec, Map<String, Tensor> tensors, int threads) throws OrtException {
        OnnxBytes node = OnnxBytes.node("", "Attention", "q,k,v", "out", OnnxBytes.attribute("is_causal", spec.causal() ? 1 : 0));
        return of(tensors, "q,k,v", threads, node);
    }

    /** Two products with a softmax between them, causal by a mask that is added to the scores. */
    static OnnxPeer products(AttentionSpec spec, Map<String, Tensor> tensors, int threads) throws OrtException {
        Map<String, Tensor> all = new LinkedHashMap<>(tensors);
        all.put("scale", Tensor.of(Shape.of(1), spec.scale()));
        OnnxBytes permutation = new OnnxBytes().text(1, "perm").integer(8, 0).integer(8, 1).integer(8, 3).integer(8, 2).integer(20, 7);
        OnnxBytes transpose = OnnxBytes.node("", "Transpose", "k", "kt", permutation);
        OnnxBytes scores = OnnxBytes.node("", "MatMul", "q,kt", "scores");
        OnnxBytes scaled = OnnxBytes.node("", "Mul", "scores,scale", "scaled");
        OnnxBytes out = OnnxBytes.node("", "MatMul", "weights,v", "out");
        if (!spec.causal()) {
            return of(all, "q,k,v,scale", threads, transpose, scores, scaled, OnnxBytes.node("", "Softmax", "scaled", "weights"), out);
        }
        Tensor mask = Tensor.zeros(spec.queries(), spec.keys());
        for (int n = 0; n < mask.shape().elements(); n++) {
            mask.set(n, n % spec.keys() > n / spec.keys() ? -1e30f : 0);
        }
        all.put("mask", mask);
        return of(all, "q,k,v,scale,mask", threads, transpose, scores, scaled, OnnxBytes.node("", "Add", "scaled,mask", "visible"),
                OnnxBytes.node("", "Softmax", "visible", "weights"), out);
    }

    private static OnnxPeer of(Map<String, Tensor> tensors, String names, int threads, OnnxBytes... nodes) throws OrtException {
        OnnxBytes graph = new OnnxBytes().text(2, "graph");
        for (OnnxBytes node : nodes) {
            graph.message(1, node);
        }
        Map<String, OnnxTensor> inputs = new LinkedHashMap<>();
        for (String name : names.split(",")) {
            Tensor tensor = tensors.get(name);
            int[] dims = tensor.shape().dims();
            graph.message(11, OnnxBytes.value(name, FLOAT, dims));
            FloatBuffer values = ByteBuffer.allocateDirect(4 * tensor.shape().elements()).order(ByteOrder.nativeOrder()).asFloatBuffer();
            for (int n = 0; n < tensor.shape().elements(); n++) {
                values.put(n, tensor.get(n));
            }
            inputs.put(name, OnnxTensor.createTensor(OrtEnvironment.getEnvironment(), values, Arrays.stream(dims).asLongStream().toArray()));
        }
        return new OnnxPeer(graph.message(12, OnnxBytes.value("out", FLOAT)), inputs, threads);
    }

    static String version() {
        return OrtEnvironment.getEnvironment().getVersion();
    }

    void run() {
        try (OrtSession.Result result = session.run(inputs)) {
            result.size();
        } catch (OrtException e) {
            throw new IllegalStateException(e);
        }
    }

    /** The result of a run. */
    float[] out() throws OrtException {
        try (OrtSession.Result result = session.run(inputs)) {
            FloatBuffer values = ((OnnxTensor) result.get(0)).getFloatBuffer();
            float[] out = new float[values.remaining()];
            values.get(out);
            return out;
        }
    }

    @Override
    public void close() throws OrtException {
        session.close();
        inputs.values().forEach(OnnxTensor::close);
    }
}
