package tessera;

/** Order of the dimensions of queries, keys, values and outputs. */
public enum TensorLayout {
    /** {@code [batch, heads, length, dim]}: what kernels read; no copy is made. */
    BHLD,
    /** {@code [batch, length, heads, dim]}, or packed as {@code [batch, length, heads * dim]}. */
    BLHD;

    /** A tensor's shape in this order. */
    public Shape shape(int batch, int heads, int length, int dim) {
        return this == BHLD ? Shape.of(batch, heads, length, dim) : Shape.of(batch, length, heads, dim);
    }
}
