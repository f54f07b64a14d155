package tessera.experiments.claims;

import static tessera.experiments.claims.Finding.row;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import tessera.DType;
import tessera.TesseraException;
import tessera.experiments.Curves;
import tessera.experiments.StackComparison;
import tessera.experiments.StackResult;
import tessera.stacks.Stack;
import tessera.stacks.StackShape;

/** Claims about stacks of different layers. What they cost can be measured, what they are worth cannot. */
final class StackClaims {
    static final List<Claim> ALL = List.of(
            Claim.measured("Q37", "One layer of full attention in eight balances cost and quality", "arXiv:2403.19887, arXiv:2507.19595",
                    "times and cache bytes of eight layers with 0 to 8 full ones among linear ones; conditional, as quality is not tested, if 1:7 has at "
                    + "most a quarter of the cache of 8:0 and 0.9 of its time for the longest prompt or for a token after it, else refuted", setting ->
                    finding(setting, "1:7", List.of("0:8",
                            "1:7", "4:4", "8:0"))),
            Claim.measured("Q39", "Sparse layers first and dense ones later cost less than dense ones alone", "arXiv:2507.19595",
                    "as Q37, for four layers with a window of 128 before four full ones; at most 0.9 of the time and of the cache", setting ->
                    finding(setting, "4 window:128 + 4 full",
                            List.of("4 window:128 + 4 full", "8:0"))));

    private StackClaims() {
    }

    private static Stack stack(String name) {
        return name.matches("\\d:\\d") ? Stack.ratio(name.charAt(0) - '0', "lightning") : Stack.of(name);
    }

    private static Finding finding(Setting setting, String mixed, List<String> names) {
        List<Integer> lengths = setting.size(List.of(512, 2048), List.of(4096, 16384));
        StackShape shape = new StackShape(1, setting.size(4, 16), setting.size(2, 4), setting.size(32, 64), DType.F32);
        List<Stack> stacks = names.stream().map(StackClaims::stack).toList();
        StackComparison comparison = new StackComparison(stacks, shape, lengths, List.of(setting.device()), setting.protocol(), 20, setting.seed());
        StackResult result = setting.noted(comparison.run(setting.progress()), StackResult::measurements);
        Map<String, Map<Integer, Double>> lines = new LinkedHashMap<>();
        List<Map<String, Object>> rows = new ArrayList<>();
        for (Map<String, Object> r : result.rows()) {
            lines.computeIfAbsent((String) r.get("stack"), _ -> new TreeMap<>()).put((int) r.get("length"), (Double) r.get("prefillMillis"));
            rows.add(row("stack", r.get("stack"), "length", r.get("length"), "prefill ms", r.get("prefillMillis"),
                    "decode ms of a token", r.get("decodeMillis"), "cache bytes", r.get("cacheBytes"), "note", r.get("note")));
        }
        int longest = lengths.getLast();
        String name = stack(mixed).name();
        return cost(name, longest, share(result, name, longest, "prefillMillis"), share(result, name, longest, "decodeMillis"),
                share(result, name, longest, "cacheBytes"), mixed.equals("1:7") ? 0.25 : 0.9).with(rows)
                .with(new Curves("Reading a prompt", "length (tokens)", "time (ms)", lines));
    }

    private static double share(StackResult result, String name, int length, String figure) {
        return figure(result, name, length, figure) / figure(result, "8:0", length, figure);
    }

    private static double figure(StackResult result, String name, int length, String figure) {
        Map<String, Object> found = result.rows().stream().filter(r -> r.get("stack").equals(name) && r.get("length").equals(length)).findFirst().orElseThrow();
        if (found.get(figure) == null) {
            throw new TesseraException("the stack " + name + " has no time at " + length + " tokens: " + found.get("note"));
        }
        return ((Number) found.get(figure)).doubleValue();
    }

    static Finding cost(String name, int length, double prefill, double decode, double cache, double mostCache) {
        return Finding.of(Math.min(prefill, decode) <= 0.9 && cache <= mostCache ? Verdict.CONDITIONAL : Verdict.REFUTED,
                "at %d tokens %s takes %.2f of the time of eight full layers to read a prompt, %.2f of it for a token more, and %.2f of the cache; its "
                + "quality is not tested", length, name, prefill, decode, cache);
    }
}
