package tessera.experiments;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.ToLongFunction;
import java.util.stream.Stream;
import tessera.TesseraException;
import tessera.engine.Device;
import tessera.methods.Verification.Outcome;
import tessera.planner.Cost;
import tessera.stacks.Layer;
import tessera.stacks.Stack;
import tessera.stacks.StackShape;

/**
 * A stack on a device at one length.
 *
 * @param endToEnd what its check at a small size found there
 */
record StackPoint(Stack stack, StackShape shape, Device device, int length, Outcome endToEnd, List<Group> groups) {

    /** Layers that do the same, by their indices. */
    record Group(Layer layer, List<Integer> layers, Phase prefill, Phase decode) {
    }

    /** What one of them does, and what was measured of it. */
    record Phase(LayerWork work, Measurement measurement) {
    }

    static StackPoint of(StackComparison comparison, Stack stack, Device device, int length, Outcome endToEnd, Map<LayerWork, Measurement> measured) {
        Map<List<Object>, Group> groups = new LinkedHashMap<>();
        for (int n = 0; n < stack.layers().size(); n++) {
            Layer layer = stack.layers().get(n);
            LayerWork prefill = comparison.prefill(stack, n, length);
            LayerWork decode = comparison.decode(layer, length);
            groups.computeIfAbsent(List.of(layer.kind(), layer.reads() > 0, prefill), _ -> new Group(layer, new ArrayList<>(),
                    new Phase(prefill, measured.get(prefill)), new Phase(decode, measured.get(decode)))).layers().add(n);
        }
        return new StackPoint(stack, comparison.shape(), device, length, endToEnd, List.copyOf(groups.values()));
    }

    /** The sum of the layers' median kernel times; null unless each is verified, and the stack end to end. */
    private Double millis(boolean decode) {
        if (!endToEnd.passed() || groups.stream().anyMatch(group -> !phase(group, decode).measurement().verified())) {
            return null;
        }
        return groups.stream().mapToDouble(group -> group.layers().size() * phase(group, decode).measurement().kernel().median()).sum();
    }

    private static Phase phase(Group group, boolean decode) {
        return decode ? group.decode() : group.prefill();
    }

    /** By the planner's choices, measured or not; null where a layer has no plan. */
    private Long cost(List<Group> of, boolean decode, ToLongFunction<Cost> part) {
        try {
            return of.stream().mapToLong(group -> group.layers().size() * part.applyAsLong(phase(group, decode).work().cost(device))).sum();
        } catch (TesseraException e) {
            return null;
        }
    }

    /** Why there is no time, as the first layer without one says; empty if there is one. */
    private String note() {
        Stream<String> failures = groups.stream().flatMap(group -> Stream.of(false, true).map(decode -> {
            String failure = Report.failure(phase(group, decode).measurement());
            return failure.isEmpty() ? "" : (decode ? "decode of " : "prefill of ") + group.layer().kind() + " " + failure;
        }));
        return Stream.concat(Stream.of(endToEnd.passed() ? "" : "NOT VERIFIED end to end: " + endToEnd.reason()), failures).filter(text -> !text.isEmpty())
                .findFirst().orElse("");
    }

    /** The worst error of its layers, and end to end; null where nothing ran. */
    private Double rms() {
        List<Double> known = Stream.concat(Stream.of(endToEnd.rms()), groups.stream().flatMap(group -> Stream.of(group.prefill(), group.decode()))
                .map(phase -> Report.rms(phase.measurement().accuracy()))).filter(rms -> rms != null && !rms.isNaN()).toList();
        return known.isEmpty() ? null : known.stream().max(Double::compare).orElseThrow();
    }

    /** Columns for a terminal. */
    Map<String, Object> line() {
        Map<String, Object> row = new LinkedHashMap<>();
        row.put("stack", stack.name());
        row.put("layers", stack.layers().size());
        row.put("device", device.id());
        row.put("length", length);
        row.put("prefill ms", millis(false));
        row.put("decode ms/token", millis(true));
        row.put("cache MiB", stack.cacheBytes(shape, length) / (double) (1 << 20));
        row.put("B/next token", nextToken());
        row.put("prefill GFLOP", giga(cost(groups, false, Cost::flops)));
        row.put("decode MFLOP", giga(cost(groups, true, cost -> 1000 * cost.flops())));
        row.put("RMS", rms());
        row.put("note", note());
        return row;
    }

    private static Double giga(Long number) {
        return number == null ? null : number / 1e9;
    }

    /** Bytes that the caches grow by with the next token. */
    private long nextToken() {
        return stack.cacheBytes(shape, length + 1) - stack.cacheBytes(shape, length);
    }

    /** Everything, with each kind of layer. */
    Map<String, Object> row() {
        Map<String, Object> row = head();
        row.put("prefillMillis", millis(false));
        row.put("decodeMillis", millis(true));
        row.put("cacheBytes", stack.cacheBytes(shape, length));
        row.put("cacheBytesNextToken", nextToken());
        for (boolean decode : List.of(false, true)) {
            row.put(decode ? "decodeFlops" : "prefillFlops", cost(groups, decode, Cost::flops));
            row.put(decode ? "decodeBytes" : "prefillBytes", cost(groups, decode, Cost::bytes));
        }
        row.put("endToEndRms", endToEnd.rms());
        row.put("note", note());
        row.put("layers", groups.stream().map(this::kind).toList());
        return row;
    }

    private Map<String, Object> kind(Group group) {
        Map<String, Object> row = new LinkedHashMap<>();
        row.put("kind", group.layer().kind().toString());
        row.put("readsAnother", group.layer().reads() > 0);
        row.put("layers", group.layers());
        row.put("cacheBytes", group.layer().cacheBytes(shape, length));
        row.put("prefill", layer(group, false));
        row.put("decode", layer(group, true));
        return row;
    }

    private Map<String, Object> head() {
        Map<String, Object> row = new LinkedHashMap<>();
        row.put("stack", stack.name());
        row.put("device", device.id());
        row.put("length", length);
        return row;
    }

    /** One row for each kind of layer and phase, of one layer. */
    List<Map<String, Object>> flat() {
        return groups.stream().flatMap(group -> Stream.of(false, true).map(decode -> {
            Map<String, Object> row = head();
            row.put("layer", group.layer().kind().toString());
            row.put("readsAnother", group.layer().reads() > 0);
            row.put("count", group.layers().size());
            row.put("phase", decode ? "decode" : "prefill");
            row.put("cacheBytes", group.layer().cacheBytes(shape, length));
            row.putAll(layer(group, decode));
            return Report.flat(row);
        })).toList();
    }

    private Map<String, Object> layer(Group group, boolean decode) {
        Measurement m = phase(group, decode).measurement();
        List<Group> one = List.of(new Group(group.layer(), List.of(0), group.prefill(), group.decode()));
        Map<String, Object> row = new LinkedHashMap<>();
        Report.result(row, m);
        Report.times(row, m);
        row.put("flops", cost(one, decode, Cost::flops));
        row.put("bytes", cost(one, decode, Cost::bytes));
        row.put("reason", m.reason());
        return row;
    }
}
