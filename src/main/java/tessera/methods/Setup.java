package tessera.methods;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.function.DoubleBinaryOperator;
import java.util.function.DoubleUnaryOperator;
import java.util.function.IntFunction;
import java.util.stream.IntStream;
import tessera.AttentionBuilder;
import tessera.AttentionSpec;
import tessera.DType;
import tessera.Epilogue;
import tessera.EpilogueSpec;
import tessera.RecurrenceBuilder;
import tessera.RecurrenceSpec;
import tessera.Shape;
import tessera.Tensor;
import tessera.masks.Mask;

/** What compositions have in common: specs from the shape of q, the input map, and sizes that grow with the length. */
final class Setup {

    /** Leading tokens that every query sees, as in StreamingLLM. */
    static final int SINKS = 4;

    private Setup() {
    }

    /** Tokens before the query that it sees: an eighth of the length. */
    static int window(int length) {
        return Math.max(1, length / 8);
    }

    /** Tokens in a block: 64, as the papers have it, from 1024 tokens on; 16 below, so that short inputs have blocks to skip. */
    static int block(int length) {
        return length >= 1024 ? 64 : 16;
    }

    static AttentionBuilder attention(Tensor q) {
        return AttentionSpec.of(q.shape().dim(0), q.shape().dim(1), q.shape().dim(2), q.shape().dim(3)).dtype(q.dtype());
    }

    /** Attention over the pairs of a mask. */
    static Case masked(Tensor q, Tensor k, Tensor v, Mask mask) {
        return new Case(attention(q).mask(mask).build(), inputs(q, k, v));
    }

    /** Attention over the pairs of a mask that do not look ahead. */
    static Case causal(Tensor q, Tensor k, Tensor v, Mask mask) {
        return new Case(attention(q).mask(mask).causal().build(), inputs(q, k, v));
    }

    /** A mask of its own for every head. */
    static Mask perHead(Tensor q, IntFunction<Mask> mask) {
        return Mask.perHead(IntStream.range(0, q.shape().dim(1)).mapToObj(mask).toArray(Mask[]::new));
    }

    /** What follows a step whose output has that shape. */
    static EpilogueSpec epilogue(Shape shape, Epilogue epilogue, DType dtype) {
        return new EpilogueSpec(shape.dim(0), shape.dim(1), shape.dim(2), shape.dim(3), epilogue, dtype);
    }

    static int length(Tensor q) {
        return q.shape().dim(2);
    }

    static RecurrenceBuilder recurrence(Tensor q) {
        return RecurrenceSpec.of(q.shape().dim(0), q.shape().dim(1), q.shape().dim(2), q.shape().dim(3)).dtype(q.dtype());
    }

    static Map<String, Tensor> inputs(Tensor q, Tensor k, Tensor v) {
        return inputs(q, k, v, Map.of());
    }

    /** With more, for the operators or for the twin. */
    static Map<String, Tensor> inputs(Tensor q, Tensor k, Tensor v, Map<String, Tensor> more) {
        Map<String, Tensor> inputs = new LinkedHashMap<>();
        inputs.put("q", q);
        inputs.put("k", k);
        inputs.put("v", v);
        inputs.putAll(more);
        return inputs;
    }

    /** [1, batch * heads, length, dim] of a tensor [batch, heads, length, dim]: heads of every batch as heads of one. */
    static Tensor folded(Tensor x) {
        return x.reshape(1, x.shape().dim(0) * x.shape().dim(1), x.shape().dim(2), x.shape().dim(3));
    }

    /** [batch, heads, length] of a tensor [batch, heads, length, dim]. */
    static Shape tokens(Tensor x) {
        return Shape.of(x.shape().dim(0), x.shape().dim(1), x.shape().dim(2));
    }

    /** [heads, dim] of a tensor [batch, heads, length, dim]. */
    static Shape constants(Tensor x) {
        return Shape.of(x.shape().dim(1), x.shape().dim(3));
    }

    /** The function of each element, in float32. */
    static Tensor map(Tensor x, DoubleUnaryOperator function) {
        Tensor y = Tensor.zeros(x.shape().dims());
        for (int e = 0; e < x.shape().elements(); e++) {
            y.set(e, (float) function.applyAsDouble(x.get(e)));
        }
        return y;
    }

    /** The function of each pair of elements, in float32. */
    static Tensor map(Tensor x, Tensor y, DoubleBinaryOperator function) {
        Tensor z = Tensor.zeros(x.shape().dims());
        for (int e = 0; e < x.shape().elements(); e++) {
            z.set(e, (float) function.applyAsDouble(x.get(e), y.get(e)));
        }
        return z;
    }

    /** Numbers that are drawn evenly from a range. */
    static Tensor uniform(Shape shape, long seed, double least, double most) {
        SplittableRandom random = new SplittableRandom(seed);
        return map(Tensor.zeros(shape.dims()), _ -> random.nextDouble(least, most));
    }

    /** [batch, heads, length, dim] with a head for each channel: [batch, heads * dim, length, 1]. */
    static Tensor byChannel(Tensor x) {
        int n = x.shape().dim(2);
        int dim = x.shape().dim(3);
        Tensor y = Tensor.zeros(x.dtype(), Shape.of(x.shape().dim(0), x.shape().dim(1) * dim, n, 1));
        for (int e = 0; e < x.shape().elements(); e++) {
            y.set((e / dim / n * dim + e % dim) * n + e / dim % n, x.get(e));
        }
        return y;
    }

    /** The way back from {@link #byChannel}, of [batch, heads * dim, length] too. */
    static Tensor byHead(Tensor x, int dim) {
        int n = x.shape().dim(2);
        Tensor y = Tensor.zeros(x.dtype(), Shape.of(x.shape().dim(0), x.shape().dim(1) / dim, n, dim));
        for (int e = 0; e < y.shape().elements(); e++) {
            y.set(e, x.get((e / dim / n * dim + e % dim) * n + e / dim % n));
        }
        return y;
    }

    /** Constants [heads, channels] for every batch and token: [batch, heads, length, channels]. */
    static Tensor everywhere(Tensor constants, int batch, int length) {
        int heads = constants.shape().dim(0);
        int channels = constants.shape().dim(1);
        Tensor y = Tensor.zeros(batch, heads, length, channels);
        for (int e = 0; e < y.shape().elements(); e++) {
            y.set(e, constants.get(e / channels / length % heads * channels + e % channels));
        }
        return y;
    }

    /** Tokens of length 1; a token of zeros stays one. */
    static Tensor unit(Tensor x) {
        int dim = x.shape().dim(3);
        Tensor y = Tensor.zeros(x.shape().dims());
        for (int row = 0; row < x.shape().elements(); row += dim) {
            double squares = 0;
            for (int c = 0; c < dim; c++) {
                squares += (double) x.get(row + c) * x.get(row + c);
            }
            for (int c = 0; c < dim && squares > 0; c++) {
                y.set(row + c, (float) (x.get(row + c) / Math.sqrt(squares)));
            }
        }
        return y;
    }
}
