package tessera.methods;

import java.util.stream.IntStream;
import tessera.Tensor;

/** Means of blocks of tokens and what a matrix makes of them, in double precision. */
final class PooledTwin {
    private PooledTwin() {
    }

    /** [batch * heads * blocks][features], of a weight [1 or heads, dim, features]. */
    static double[][] embedding(Tensor x, int block, Tensor weight) {
        int heads = x.shape().dim(1);
        int n = x.shape().dim(2);
        int dim = x.shape().dim(3);
        int blocks = Math.ceilDiv(n, block);
        int features = weight.shape().dim(-1);
        return IntStream.range(0, x.shape().dim(0) * heads * blocks).mapToObj(b -> {
            int first = b / blocks * n + b % blocks * block;
            int end = Math.min(first + block, (b / blocks + 1) * n);
            int matrix = b / blocks % heads % weight.shape().dim(0) * dim;
            return IntStream.range(0, features).mapToDouble(f -> IntStream.range(first * dim, end * dim).mapToDouble(e ->
                    x.get(e) * (double) weight.get((matrix + e % dim) * features + f)).sum() / (end - first)).toArray();
        }).toArray(double[][]::new);
    }
}
