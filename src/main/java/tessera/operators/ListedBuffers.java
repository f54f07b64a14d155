package tessera.operators;

import java.util.List;
import java.util.Map;
import tessera.AttentionSpec;
import tessera.Scores;
import tessera.Shape;
import tessera.Tensor;
import tessera.layouts.Listing;
import tessera.layouts.Sequences;
import uk.ac.manchester.tornado.api.types.arrays.ByteArray;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;
import uk.ac.manchester.tornado.api.types.arrays.TornadoNativeArray;

/**
 * What {@link tessera.tasks.sparse.ListedAttention} reads beside q, k, v, filled anew from the spec's optional inputs before
 * every run. An input that the spec does not have becomes one element that changes nothing.
 */
final class ListedBuffers {
    /** Stands for minus infinity, which kernels must not see. */
    private static final float NONE = -1e30f;
    private static final int STRIDES = 2;
    private static final int BATCHES = STRIDES + 8;

    /** The position of a query that belongs to no sequence. */
    private static final int NOWHERE = -(1 << 30);

    private final AttentionSpec spec;
    private final String layout;
    private final Map<String, Tensor> tensors;
    private final FloatArray bias;
    private final ByteArray mask;
    private final FloatArray perHead;
    private final IntArray geometry;
    private final IntArray rowPtr;
    private final IntArray runs;

    ListedBuffers(AttentionSpec spec, String layout, Map<String, Tensor> tensors) {
        this.spec = spec;
        this.layout = layout;
        this.tensors = tensors;
        Scores scores = spec.scores();
        bias = new FloatArray(scores.bias() == null ? 1 : scores.bias().elements());
        mask = scores.mask() == null ? ByteArray.fromElements((byte) 1) : (ByteArray) tensors.get("mask").data();
        perHead = new FloatArray(2 * spec.heads() + 1);
        geometry = new IntArray(BATCHES + 2 * spec.batch() + 4 * spec.heads() + spec.batch() * spec.queries() + 1);
        Listing largest = Listing.of(spec, layout);
        rowPtr = new IntArray(largest.runs().lists() + 1);
        runs = new IntArray(Math.toIntExact(largest.capacity(spec)));
        geometry.set(0, largest.blockQ());
        geometry.set(1, largest.batches() == 1 ? 0 : largest.listsOfBatch());
        setStrides(STRIDES, scores.bias());
        setStrides(STRIDES + 4, scores.mask());
        setBases(largest);
        geometry.set(geometry.getSize() - 1, spec.arrangement().valueStride(spec));
        bias.set(0, 0);
        perHead.set(2 * spec.heads(), scores.softcap());
        largest.runs().copyTo(rowPtr, runs);
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

    private void setBases(Listing listing) {
        boolean paged = spec.arrangement().pages() > 0;
        int rowsOfHead = paged ? spec.arrangement().pageSize() : spec.keys();
        for (int b = 0; b < spec.batch(); b++) {
            int base = paged ? 0 : b * spec.kvHeads() * spec.keys();
            geometry.set(BATCHES + 2 * b, base);
            geometry.set(BATCHES + 2 * b + 1, base);
        }
        int blockRows = Math.ceilDiv(spec.queries(), listing.blockQ());
        for (int h = 0; h < spec.heads(); h++) {
            int at = BATCHES + 2 * spec.batch() + 4 * h;
            geometry.set(at, spec.headMaps().queries().get(h));
            geometry.set(at + 1, spec.headMaps().keys().get(h) * rowsOfHead);
            geometry.set(at + 2, spec.headMaps().values().get(h) * rowsOfHead);
            geometry.set(at + 3, h / (spec.heads() / listing.maps()) * blockRows);
        }
    }

    /** In the kernels' order. */
    List<TornadoNativeArray> arrays() {
        return List.of(rowPtr, runs, bias, mask, perHead, geometry);
    }

    FloatArray perHead() {
        return perHead;
    }

    IntArray geometry() {
        return geometry;
    }

    /** @throws IllegalArgumentException if a length, start, page or block of the inputs lies outside of its bounds, naming it */
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
        Sequences sequences = Sequences.of(spec, tensors);
        int positions = BATCHES + 2 * spec.batch() + 4 * spec.heads();
        for (int row = 0; row < spec.batch() * spec.queries(); row++) {
            geometry.set(positions + row, sequences.position(row / spec.queries(), row % spec.queries(), NOWHERE));
        }
        if (spec.isDynamic()) {
            Listing.of(spec, layout, tensors).runs().copyTo(rowPtr, runs);
        }
    }
}
