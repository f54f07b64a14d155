package tessera.experiments;

/**
 * What a method keeps of dense softmax attention over the same q, k and v, and what it pays to find out; null for what is unknown.
 *
 * @param density visited pairs over all pairs, by the lists of the run where these say which
 * @param recall mean over sampled queries of the part of dense attention's weight that falls on visited keys, in double precision
 * @param error RMS ratio of the result's distance from dense attention on the same queries: the method's own error, right or not
 * @param needle share of the queries that look for the needle which visit it
 * @param selection share of the kernel time that goes before the last choice of keys is made
 */
public record Fidelity(Double density, Double recall, Double error, Double needle, Double selection) {

    static final Fidelity UNKNOWN = new Fidelity(null, null, null, null, null);
}
