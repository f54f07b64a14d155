package tessera.experiments.claims;

import static tessera.experiments.claims.Finding.row;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import tessera.AttentionSpec;
import tessera.DType;
import tessera.RecurrenceSpec;
import tessera.Shape;
import tessera.Tensor;
import tessera.caches.CacheSpec;
import tessera.caches.KvCache;
import tessera.caches.Retention;
import tessera.experiments.Curves;
import tessera.experiments.Workload;
import tessera.layouts.BlockMap;
import tessera.methods.Methods;

/** Claims that counting decides, and what counting predicts of time. */
final class ArithmeticClaims {
    static final List<Claim> ALL = List.of(
            Claim.exact("Q02", "Attention over 10,000 tokens computes 10^8 scores, over 100,000 tokens 10^10", "arXiv:2507.19595",
                    "pairs of the mask, counted; confirmed if they are those numbers", _ -> scores()),
            Claim.exact("Q03", "One pass over a million tokens takes terabytes of memory", "arXiv:2507.19595, arXiv:2205.14135",
                    "bytes of stored float16 scores of one head, and of what attention needs that never stores them; conditional if only the first are "
                    + "terabytes",
                    _ -> terabytes(2e12, 4.0 * 1e6 * 128 * 2)),
            Claim.exact("Q11", "A recurrent state has one size, a cache of keys and values grows with the context", "arXiv:2312.00752, arXiv:2405.04434",
                    "bytes of a cache that is filled, and of a state; confirmed if they are 8 H d M and 4 H d^2 to the byte", _ -> stateAndCache()),
            Claim.measured("Q33", "Compact attention (MQA, GQA, MLA) needs less memory for keys and values, and decodes faster",
                    "arXiv:1911.02150, arXiv:2305.13245, arXiv:2405.04434",
                    "bytes that one layer keeps of a token, and the time of a decode step against the number of key/value heads; confirmed if fewer bytes "
                    + "mean less time, conditional if only the bytes are fewer", ArithmeticClaims::compact),
            Claim.exact("V03", "Keys and values of 128K tokens in 48 layers of 32 heads of 128 take 96 GB in bfloat16",
                    "A Survey of Efficient Attention Methods, 2025", "bytes of the inputs of attention; confirmed if that is 96 x 2^30", _ -> wholeCache()));

    private ArithmeticClaims() {
    }

    private static Finding scores() {
        List<Map<String, Object>> rows = new ArrayList<>();
        Map<Integer, Long> pairs = new TreeMap<>();
        for (int length : new int[] {10_000, 100_000}) {
            AttentionSpec full = AttentionSpec.of(1, 1, length, 64).build();
            pairs.put(length, pairs(full));
            rows.add(row("length", length, "scores", pairs.get(length), "causal", pairs(full.toBuilder().causal().build())));
        }
        return scores(pairs).with(rows);
    }

    private static long pairs(AttentionSpec spec) {
        return BlockMap.of(spec, 1000, 1000).statistics(spec).allowedPairs();
    }

    static Finding scores(Map<Integer, Long> pairs) {
        boolean squares = pairs.entrySet().stream().allMatch(e -> e.getValue() == (long) e.getKey() * e.getKey());
        return Finding.of(squares ? Verdict.CONFIRMED : Verdict.REFUTED, "%s scores for each head and layer; half as many where no token sees a later one",
                new TreeMap<>(pairs).entrySet().stream().map(e -> e.getKey() + " tokens have " + e.getValue()).collect(Collectors.joining(", ")));
    }

    static Finding terabytes(double stored, double streamed) {
        Verdict verdict = stored < 1e12 ? Verdict.REFUTED : streamed < 1e12 ? Verdict.CONDITIONAL : Verdict.CONFIRMED;
        return Finding.of(verdict, "%.1f TB for the scores of one head of one layer if they are stored in float16; q, k, v and the result take %.2f GB, "
                + "and attention in tiles keeps nothing else", stored / 1e12, streamed / 1e9).with(List.of(row("stored TB", stored / 1e12, "in tiles GB",
                streamed / 1e9)));
    }

    private static Finding stateAndCache() {
        int heads = 4;
        int dim = 64;
        RecurrenceSpec step = RecurrenceSpec.of(1, heads, 1, dim).finalState().build();
        long state = 4L * step.outputs().get("s").elements();
        List<Map<String, Object>> rows = new ArrayList<>();
        Map<Integer, Long> cached = new TreeMap<>();
        for (int tokens : new int[] {16, 32, 64, 256, 1024}) {
            KvCache cache = new KvCache(CacheSpec.contiguous(heads, dim, 1, 1024));
            Tensor token = Tensor.random(Shape.of(1, heads, tokens, dim), 1);
            cache.sequence(Retention.ALL).append(token, token);
            cached.put(tokens, cache.usage().used());
            rows.add(row("context", tokens, "cache bytes", cached.get(tokens), "state bytes", state));
        }
        Map<Integer, Double> line = new TreeMap<>();
        Map<Integer, Double> flat = new TreeMap<>();
        cached.forEach((tokens, bytes) -> {
            line.put(tokens, bytes.doubleValue());
            flat.put(tokens, (double) state);
        });
        return stateAndCache(heads, dim, state, cached).with(rows).with(new Curves("State and cache", "context (tokens)", "bytes of one layer",
                Map.of("cache", line, "state", flat)));
    }

    static Finding stateAndCache(int heads, int dim, long state, Map<Integer, Long> cached) {
        boolean exact = state == 4L * heads * dim * dim && cached.entrySet().stream().allMatch(e -> e.getValue() == 8L * heads * dim * e.getKey());
        return Finding.of(exact ? Verdict.CONFIRMED : Verdict.REFUTED, "a state takes %d bytes at any context, a cache %d bytes of each token: the state "
                + "is smaller from %d tokens on, half the size of a head", state, 8 * heads * dim, dim / 2 + 1);
    }

    private static Finding compact(Setting setting) {
        int heads = 16;
        int dim = 64;
        int context = setting.size(4096, 32768);
        Workload drawn = Workload.drawn(1, heads, 32, dim, setting.seed());
        Map<Integer, Double> millis = new TreeMap<>();
        Map<Integer, Double> bytes = new TreeMap<>();
        List<Map<String, Object>> rows = new ArrayList<>();
        for (String id : List.of("K00", "K01", "K02", "K03")) {
            rows.add(row("method", id + " " + Methods.of(id).row().name(), "bytes of a token",
                    Methods.of(id).on(drawn.q(), drawn.k(), drawn.v(), setting.seed()).cacheBytesPerToken().orElse(Double.NaN)));
        }
        for (int kvHeads : new int[] {16, 4, 1}) {
            AttentionSpec step = AttentionSpec.of(1, heads, 1, dim).kvHeads(kvHeads).keys(context).build();
            millis.put(kvHeads, Setting.millis(setting.measure("H09", step, _ -> true)));
            bytes.put(kvHeads, 2.0 * kvHeads * dim * DType.F32.bytes());
            rows.add(row("method", "decode step", "key/value heads", kvHeads, "bytes of a token", bytes.get(kvHeads), "context", context, "ms",
                    millis.get(kvHeads)));
        }
        return compact(bytes, millis).with(rows).with(new Curves("A decode step", "key/value heads of 16", "time (ms)", Map.of("after " + context
                + " tokens", millis)));
    }

    static Finding compact(Map<Integer, Double> bytes, Map<Integer, Double> millis) {
        double fewer = bytes.get(16) / bytes.get(1);
        double faster = millis.get(16) / millis.get(1);
        Verdict verdict = fewer <= 1 ? Verdict.REFUTED : faster >= 1.1 ? Verdict.CONFIRMED : Verdict.CONDITIONAL;
        return Finding.of(verdict, "one key/value head for 16 query heads keeps 1/%.0f of the bytes, and a decode step is %.2f times as fast", fewer, faster);
    }

    private static Finding wholeCache() {
        AttentionSpec step = AttentionSpec.of(1, 32, 1, 128).keys(128 << 10).dtype(DType.BF16).build();
        return wholeCache(48L * step.dtype().bytes() * (step.inputs().get("k").elements() + (long) step.inputs().get("v").elements()));
    }

    static Finding wholeCache(long bytes) {
        return Finding.of(bytes == 96L << 30 ? Verdict.CONFIRMED : Verdict.REFUTED, "%d bytes, %.0f GiB", bytes, bytes / (double) (1L << 30))
                .with(List.of(row("layers", 48, "heads", 32, "tokens", 128 << 10, "bytes", bytes)));
    }
}
