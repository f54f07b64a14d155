package tessera.operators;

import java.util.List;
import java.util.Map;
import tessera.AttentionSpec;
import tessera.CausalAlignment;
import tessera.Scores;
import tessera.Shape;
import tessera.Tensor;
import tessera.layouts.Range;
import uk.ac.manchester.tornado.api.types.arrays.ByteArray;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;
import uk.ac.manchester.tornado.api.types.arrays.TornadoNativeArray;

/**
 * What {@link tessera.tasks.dense.BiasedAttention} reads beside q, k, v, filled anew from the spec's optional inputs before
 * every run. An input that the spec does not have becomes one element that changes nothing.
 */
final class ScoreBuffers {
    /** Stands for minus infinity, which kernels must not see. */
    private static final float NONE = -1e30f;
    private static final int STRIDES = 5;
    private static final int LENGTHS = STRIDES + 8;

    private final AttentionSpec spec;
    private final Map<String, Tensor> tensors;
    private final FloatArray bias;
    private final ByteArray mask;
    private final FloatArray perHead;
    private final IntArray geometry;

    ScoreBuffers(AttentionSpec spec, Range range, Map<String, Tensor> tensors) {
        this.spec = spec;
        this.tensors = tensors;
        Scores scores = spec.scores();
        bias = new FloatArray(scores.bias() == null ? 1 : scores.bias().elements());
        mask = scores.mask() == null ? ByteArray.fromElements((byte) 1) : (ByteArray) tensors.get("mask").data();
        perHead = new FloatArray(2 * spec.heads() + 1);
        geometry = new IntArray(LENGTHS + 2 * spec.batch());
        int[] numbers = {range.sink(), range.first(), range.last(), range.diagonal(), spec.offset()};
        for (int n = 0; n < numbers.length; n++) {
            geometry.set(n, numbers[n]);
        }
        setStrides(STRIDES, scores.bias());
        setStrides(STRIDES + 4, scores.mask());
        bias.set(0, 0);
        perHead.set(2 * spec.heads(), scores.softcap());
    }

    /** 0 along an axis that is broadcast. */
    private void setStrides(int at, Shape shape) {
        int stride = 1;
        for (int axis = 3; axis >= 0; axis--) {
            int size = shape == null ? 1 : shape.dim(axis);
            geometry.set(at + axis, size == 1 ? 0 : stride);
            stride *= size;
        }
    }

    /** In the kernel's order. */
    List<TornadoNativeArray> arrays() {
        return List.of(bias, mask, perHead, geometry);
    }

    /** @throws IllegalArgumentException if a key length lies outside of the keys, naming it */
    void fill() {
        for (int head = 0; head < spec.heads(); head++) {
            perHead.set(head, spec.scores().slopes() ? tensors.get("slopes").get(head) : 0);
            perHead.set(spec.heads() + head, spec.scores().sinks() ? Math.max(NONE, tensors.get("sinks").get(head)) : NONE);
        }
        if (spec.scores().bias() != null) {
            Tensor given = tensors.get("bias");
            for (int n = 0; n < bias.getSize(); n++) {
                bias.set(n, Math.max(NONE, given.get(n)));
            }
        }
        for (int b = 0; b < spec.batch(); b++) {
            int length = spec.scores().keyLengths() ? length(b) : spec.keys();
            geometry.set(LENGTHS + 2 * b, length);
            geometry.set(LENGTHS + 2 * b + 1, spec.alignment() == CausalAlignment.BOTTOM_RIGHT ? length - spec.keys() : 0);
        }
    }

    private int length(int batch) {
        int length = ((IntArray) tensors.get("keyLengths").data()).get(batch);
        if (length < 0 || length > spec.keys()) {
            throw new IllegalArgumentException("keyLengths[" + batch + "] must be between 0 and keys = " + spec.keys() + ", got " + length);
        }
        return length;
    }
}
