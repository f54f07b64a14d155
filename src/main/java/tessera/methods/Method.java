package tessera.methods;

import java.util.Map;
import tessera.Tensor;

/**
 * A row of the catalogue that can be run: the method as a composition of operators, and its twin in the method's own terms.
 *
 * @param id the row's id, for example P08
 * @param composition the method on tensors q, k, v of shape [batch, heads, length, dim]; what else it needs (gates, a
 *        block pattern) it draws from the seed
 * @param twin the method's result {@code out} in double precision, written from its formula without any operator of ours
 */
public record Method(String id, Composition composition, Twin twin) {

    /** The method's row in the catalogue: name, family, source. */
    public Row row() {
        return Catalogue.row(id);
    }

    /** The method applied to q, k, v; see {@link #composition}. */
    public Case on(Tensor q, Tensor k, Tensor v, long seed) {
        return composition.on(q, k, v, seed);
    }

    /** Builds the case of a method. */
    @FunctionalInterface
    public interface Composition {
        Case on(Tensor q, Tensor k, Tensor v, long seed);
    }

    /** Computes what a case should give: the output {@code out}, row-major. */
    @FunctionalInterface
    public interface Twin {
        double[] of(Map<String, Tensor> inputs);
    }
}
