package tessera.experiments;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Map;
import java.util.function.IntUnaryOperator;
import tessera.AttentionSpec;
import tessera.DType;
import tessera.Shape;
import tessera.Tensor;
import tessera.TesseraException;
import tessera.io.Safetensors;
import tessera.masks.Mask;
import tessera.methods.Case;
import tessera.reference.Accuracy;

/**
 * Inputs of a comparison: q, k and v in one shape [batch, heads, length, dim], or in those of a spec.
 *
 * @param source where they come from, in words
 * @param expected somebody else's result of softmax attention over all of them; null if there is none
 * @param causal whether that result is causal
 * @param needle which key the last queries look for; null if there is none
 */
public record Workload(String source, Tensor q, Tensor k, Tensor v, Tensor expected, boolean causal, Needle needle) {

    /** Without a needle. */
    Workload(String source, Tensor q, Tensor k, Tensor v, Tensor expected, boolean causal) {
        this(source, q, k, v, expected, causal, null);
    }

    /** Standard normal q, k and v. */
    public static Workload drawn(int batch, int heads, int length, int headDim, long seed) {
        return drawn(Data.RANDOM, batch, heads, length, headDim, seed);
    }

    /** As {@link Data} says. */
    public static Workload drawn(Data data, int batch, int heads, int length, int headDim, long seed) {
        return data.draw(batch, heads, length, headDim, seed);
    }

    /** Standard normal q, k and v in the shapes and the type of a spec. */
    public static Workload drawn(AttentionSpec spec, long seed) {
        String source = "drawn from a normal distribution, seed " + seed;
        return new Workload(source, drawn(spec, "q", seed), drawn(spec, "k", seed + 1), drawn(spec, "v", seed + 2), null, false);
    }

    private static Tensor drawn(AttentionSpec spec, String name, long seed) {
        return Tensor.random(spec.inputs().get(name), seed).to(spec.dtype());
    }

    /** The sample inside the program: causal attention with PyTorch's float64 result. */
    public static Workload sample() {
        Path copy = null;
        try (InputStream in = Workload.class.getResourceAsStream("/tessera/sample.safetensors")) {
            copy = Files.createTempFile("tessera-sample", ".safetensors");
            Files.copy(in, copy, StandardCopyOption.REPLACE_EXISTING);
            return read(Safetensors.open(copy), "bundled sample");
        } catch (IOException e) {
            throw new UncheckedIOException("the bundled sample cannot be unpacked: " + e.getMessage(), e);
        } finally {
            if (copy != null) {
                copy.toFile().delete();
            }
        }
    }

    /**
     * Tensors q, k, v of a file, BHLD; fewer heads of k and v than of q are repeated. The tensor {@code out} or
     * {@code out0} is an outside reference if the metadata says whether it is {@code causal}.
     *
     * @throws TesseraException if they are missing or their shapes do not fit together, naming the tensor
     */
    public static Workload read(Path file) {
        return read(Safetensors.open(file), file.toString());
    }

    private static Workload read(Safetensors file, String source) {
        String layout = file.metadata().getOrDefault("layout", "BHLD");
        require(layout.equals("BHLD"), source, "says its layout is " + layout + "; compare reads BHLD, [batch, heads, length, dim]");
        Tensor q = tensor(file, "q", source);
        Tensor k = tensor(file, "k", source);
        Tensor v = tensor(file, "v", source);
        require(k.shape().equals(v.shape()), source, "has k of shape " + k.shape() + " and v of shape " + v.shape()
                + "; compare needs equal shapes, as not every method takes others");
        int heads = q.shape().dim(1);
        int kvHeads = k.shape().dim(1);
        Shape repeated = Shape.of(k.shape().dim(0), heads, k.shape().dim(2), k.shape().dim(3));
        require(heads % kvHeads == 0 && repeated.equals(q.shape()), source, "has q of shape " + q.shape() + " and k of shape " + k.shape()
                + "; compare needs the same batch, length and dim, and heads of k that divide those of q");
        DType type = q.dtype() == k.dtype() && k.dtype() == v.dtype() ? q.dtype() : DType.F32;
        String name = kvHeads == heads ? source : source + ", k and v repeated from " + kvHeads + " to " + heads + " heads";
        String output = file.names().contains("out") ? "out" : file.names().contains("out0") ? "out0" : null;
        String causal = file.metadata().get("causal");
        Tensor expected = output == null || causal == null ? null : tensor(file, output, source);
        require(expected == null || expected.shape().equals(q.shape()), source, "has '" + output + "' in another shape than q");
        return new Workload(name, q.to(type), repeat(k.to(type), heads), repeat(v.to(type), heads), expected, Boolean.parseBoolean(causal));
    }

    private static Tensor tensor(Safetensors file, String name, String source) {
        Tensor tensor = file.tensor(name);
        require(tensor.shape().rank() == 4, source, "has '" + name + "' of shape " + tensor.shape() + "; it must be [batch, heads, length, dim]");
        require(tensor.dtype().isFloat(), source, "has '" + name + "' stored as " + tensor.dtype() + "; it must be F32, F16 or BF16");
        for (int i = 0; i < tensor.shape().elements(); i++) {
            require(Float.isFinite(tensor.get(i)), source, "has NaN or infinity in '" + name + "'; compare needs finite numbers");
        }
        return tensor;
    }

    private static void require(boolean fits, String source, String problem) {
        if (!fits) {
            throw new TesseraException(source + " " + problem);
        }
    }

    private static Tensor repeat(Tensor tensor, int heads) {
        Shape shape = tensor.shape();
        int group = heads / shape.dim(1);
        return group == 1 ? tensor : blocks(tensor, Shape.of(shape.dim(0), heads, shape.dim(2), shape.dim(3)), block -> block / group);
    }

    /** A tensor whose (batch, head) blocks are the leading tokens of chosen blocks of another. */
    private static Tensor blocks(Tensor from, Shape shape, IntUnaryOperator chosen) {
        Tensor to = Tensor.zeros(from.dtype(), shape);
        int size = shape.dim(2) * shape.dim(3);
        int stride = from.shape().dim(2) * from.shape().dim(3);
        for (int block = 0; block < shape.dim(0) * shape.dim(1); block++) {
            for (int i = 0; i < size; i++) {
                to.set(block * size + i, from.get(chosen.applyAsInt(block) * stride + i));
            }
        }
        return to;
    }

    public int length() {
        return q.shape().dim(2);
    }

    /**
     * The first tokens of this workload; the outside reference stays if it is causal, a needle does not.
     *
     * @throws IllegalArgumentException if there are not that many
     */
    public Workload prefix(int tokens) {
        if (tokens > length()) {
            throw new IllegalArgumentException("length " + tokens + " is more than the " + length() + " tokens of " + source
                    + "; choose shorter ones, or leave --input out to draw data of any length");
        }
        if (tokens == length()) {
            return this;
        }
        Shape shape = Shape.of(q.shape().dim(0), q.shape().dim(1), tokens, q.shape().dim(3));
        Tensor prefix = expected == null || !causal ? null : blocks(expected, shape, block -> block);
        return new Workload(source, blocks(q, shape, b -> b), blocks(k, shape, b -> b), blocks(v, shape, b -> b), prefix, causal);
    }

    /** How far a result is from the outside reference; null if that reference is not of this problem. */
    Accuracy outside(Case problem, Tensor out) {
        boolean same = expected != null && problem.steps().size() == 1 && problem.spec() instanceof AttentionSpec a && a.mask().equals(Mask.FULL) && a.causal() == causal
                && problem.inputs().get("q") == q && problem.inputs().get("k") == k && problem.inputs().get("v") == v
                && a.scale() == (float) (1 / Math.sqrt(a.headDim()));
        return same ? Check.everything(expected).compare(Map.of("out", out)) : null;
    }
}
