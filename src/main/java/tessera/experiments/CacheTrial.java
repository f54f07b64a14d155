package tessera.experiments;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BiConsumer;
import java.util.function.Supplier;
import java.util.function.ToLongFunction;
import tessera.DType;
import tessera.Tensor;
import tessera.caches.CacheSpec;
import tessera.caches.KvCache;
import tessera.caches.KvSequence;
import tessera.caches.QuantisedSequence;
import tessera.caches.Retention;
import tessera.caches.Tokens;
import tessera.caches.Usage;

/**
 * What the sequences of a {@link CacheLoad} take in one kind of cache, and how long tokens take to append.
 *
 * @param usages of its caches, when all tokens are in
 * @param wrong sequences whose first or last token is not what was appended; if there is one, nothing is timed
 * @param micros for each decoded token, the mean over the sequences, in order
 */
record CacheTrial(String name, List<Usage> usages, int wrong, double[] micros) {
    private static final int SINKS = 4;

    /** Sequences while they grow: how one takes more tokens, and reads its first and its last one. */
    private record Growing(BiConsumer<Tensor, Tensor> append, Supplier<Tokens> first, Supplier<Tokens> last) {

        static Growing of(KvSequence sequence) {
            return new Growing(sequence::append, () -> sequence.read(0, 1), () -> sequence.read(sequence.length() - 1, sequence.length()));
        }
    }

    static List<CacheTrial> all(CacheLoad load) {
        int length = load.prompt() + load.decoded();
        int pages = load.sequences() * Math.ceilDiv(length, load.pageSize());
        CacheSpec paged = CacheSpec.paged(load.kvHeads(), load.dim(), pages, load.pageSize());
        int ring = SINKS + load.window();
        return List.of(
                plain("contiguous", CacheSpec.contiguous(load.kvHeads(), load.dim(), load.sequences(), length), Retention.ALL, 0, load),
                plain("pages", paged, Retention.ALL, 0, load),
                plain("pages, shared prefix", paged, Retention.ALL, load.shared(), load),
                plain("ring in pages", CacheSpec.paged(load.kvHeads(), load.dim(), load.sequences() * Math.ceilDiv(ring, load.pageSize()), load.pageSize()),
                        Retention.ring(SINKS, load.window()), 0, load),
                quantised(paged, load));
    }

    /** After a prefix, if there is one, each sequence goes on by itself. */
    private static CacheTrial plain(String name, CacheSpec spec, Retention retention, int shared, CacheLoad load) {
        KvCache cache = new KvCache(spec);
        KvSequence prefix = cache.sequence(retention);
        if (shared > 0) {
            prefix.append(load.keys(0, shared), load.values(0, shared));
        }
        List<Growing> sequences = new ArrayList<>();
        for (int s = 0; s < load.sequences(); s++) {
            sequences.add(Growing.of(prefix.fork()));
        }
        prefix.free();
        return run(name, List.of(cache), sequences, shared, load);
    }

    private static CacheTrial quantised(CacheSpec spec, CacheLoad load) {
        int recentPages = load.sequences() * (1 + Math.ceilDiv(load.window(), load.pageSize()));
        KvCache older = new KvCache(spec.withDType(DType.I8));
        KvCache recent = new KvCache(CacheSpec.paged(load.kvHeads(), load.dim(), recentPages, load.pageSize()));
        List<Growing> sequences = new ArrayList<>();
        for (int s = 0; s < load.sequences(); s++) {
            QuantisedSequence sequence = new QuantisedSequence(older, recent, load.window());
            Growing last = Growing.of(sequence.recent());
            sequences.add(new Growing(sequence::append, () -> (sequence.older().length() > 0 ? sequence.older() : sequence.recent()).read(0, 1), last.last()));
        }
        return run("8 bits, recent as they came", List.of(older, recent), sequences, 0, load);
    }

    private static CacheTrial run(String name, List<KvCache> caches, List<Growing> sequences, int there, CacheLoad load) {
        Tensor k = load.keys(there, load.prompt());
        Tensor v = load.values(there, load.prompt());
        sequences.forEach(sequence -> sequence.append().accept(k, v));
        Tensor nextK = load.token(1);
        Tensor nextV = load.token(2);
        double[] micros = new double[load.decoded()];
        for (int t = 0; t < load.decoded(); t++) {
            long start = System.nanoTime();
            sequences.forEach(sequence -> sequence.append().accept(nextK, nextV));
            micros[t] = (System.nanoTime() - start) / 1e3 / load.sequences();
        }
        boolean exact = caches.size() == 1;
        int wrong = (int) sequences.stream().filter(sequence -> !isNear(sequence.last().get().k(), nextK, 0)
                || !isNear(sequence.first().get().k(), load.keys(0, 1), exact ? 0 : 0.05) || !isNear(sequence.last().get().v(), nextV, 0)).count();
        return new CacheTrial(name, caches.stream().map(KvCache::usage).toList(), wrong, wrong > 0 ? new double[0] : micros);
    }

    private static boolean isNear(Tensor a, Tensor b, double distance) {
        for (int e = 0; e < a.shape().elements(); e++) {
            if (!(Math.abs(a.get(e) - b.get(e)) <= distance)) {
                return false;
            }
        }
        return true;
    }

    private long sum(ToLongFunction<Usage> bytes) {
        return usages.stream().mapToLong(bytes).sum();
    }

    private Double median(int from, int end) {
        return micros.length == 0 ? null : Summary.of(Arrays.copyOfRange(micros, from, end)).median();
    }

    /** One row for a table: bytes, and the time of a token at the beginning and at the end. */
    Map<String, Object> row() {
        int some = Math.max(1, micros.length / 4);
        Map<String, Object> row = new LinkedHashMap<>();
        row.put("cache", name);
        row.put("allocated MB", sum(Usage::allocated) / 1e6);
        row.put("taken MB", sum(Usage::taken) / 1e6);
        row.put("used MB", sum(Usage::used) / 1e6);
        row.put("unshared MB", sum(Usage::unshared) / 1e6);
        row.put("first us", median(0, some));
        row.put("last us", median(micros.length - some, micros.length));
        row.put("checked", wrong == 0 ? "right" : wrong + " sequences wrong");
        return row;
    }

    /** All figures and samples, ready for JSON. */
    Map<String, Object> tree() {
        Map<String, Object> tree = new LinkedHashMap<>();
        tree.put("cache", name);
        tree.put("verified", wrong == 0);
        tree.put("allocatedBytes", sum(Usage::allocated));
        tree.put("takenBytes", sum(Usage::taken));
        tree.put("usedBytes", sum(Usage::used));
        tree.put("unsharedBytes", sum(Usage::unshared));
        tree.put("appendMicros", micros);
        return tree;
    }
}
