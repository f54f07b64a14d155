package tessera.reference;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.IntStream;
import tessera.Forced;
import tessera.SelectSpec;
import tessera.Tensor;

/** Which candidates a row keeps whatever their scores. */
final class ForcedReference {
    private final SelectSpec spec;
    private final Map<String, Tensor> inputs;
    private final Map<List<Object>, Boolean> mixed = new ConcurrentHashMap<>();

    ForcedReference(SelectSpec spec, Map<String, Tensor> inputs) {
        this.spec = spec;
        this.inputs = inputs;
    }

    boolean pair(int batch, int listHead, int row, int candidate) {
        Forced forced = spec.forced();
        int first = row * spec.blockQ() + spec.offset();
        int last = Math.min((row + 1) * spec.blockQ(), spec.queries()) - 1 + spec.offset();
        boolean holdsOwn = candidate * spec.blockK() <= last && (candidate + 1) * spec.blockK() > first;
        int distance = Math.floorDiv(last, spec.blockK()) - candidate;
        return candidate < forced.sinks() || forced.own() && holdsOwn || distance >= 0 && distance < forced.recent()
                || row(batch, listHead, row) || column(batch, Math.min(listHead, listHead * spec.kvHeads() / spec.listHeads()), candidate);
    }

    private boolean row(int batch, int listHead, int row) {
        int head = batch * spec.listHeads() + listHead;
        return spec.forced().rows() ? inputs.get("forcedRows").get(head * spec.rows() + row) != 0
                : isMixed("q", head, spec.queries(), row, spec.blockQ());
    }

    boolean column(int batch, int kvHead, int candidate) {
        int head = batch * spec.kvHeads() + kvHead;
        return spec.forced().columns() ? inputs.get("forcedColumns").get(head * spec.candidates() + candidate) != 0
                : isMixed("k", head, spec.keys(), candidate, spec.blockK());
    }

    private boolean isMixed(String name, int head, int length, int block, int size) {
        return spec.forced().similarity() >= 0 && mixed.computeIfAbsent(List.of(name, head, block), _ -> mixed(name, head, length, block, size));
    }

    /** Whether the mean cosine of all pairs of tokens of a block is too low. */
    private boolean mixed(String name, int head, int length, int block, int size) {
        int dim = spec.headDim();
        double[][] tokens = IntStream.range(block * size, Math.min(length, (block + 1) * size)).mapToObj(t -> {
            double[] token = IntStream.range(0, dim).mapToDouble(c -> inputs.get(name).get((head * length + t) * dim + c)).toArray();
            double norm = Math.sqrt(Vectors.dot(token, token));
            return Arrays.stream(token).map(x -> x / norm).toArray();
        }).toArray(double[][]::new);
        double sum = 0;
        for (double[] a : tokens) {
            for (double[] b : tokens) {
                sum += Vectors.dot(a, b);
            }
        }
        return sum / tokens.length / tokens.length <= spec.forced().similarity();
    }
}
