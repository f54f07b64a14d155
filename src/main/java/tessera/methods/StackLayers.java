package tessera.methods;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.IntStream;
import tessera.RecurrenceSpec;
import tessera.Spec;
import tessera.Tensor;
import tessera.UpdateRule.Gate;
import tessera.planner.SelfCheck;
import tessera.stacks.Layer;
import tessera.stacks.LayerKind.Recurrence;
import tessera.stacks.Schedule;
import tessera.stacks.StackShape;

/**
 * The steps of a stack that reads a prompt, then decodes the token after it. The residual stream h is the sum of the outputs of the layers
 * before; a layer's q, k and v are the given ones plus h, with RMSNorm (arXiv:1910.07467) over the channels of each head, as if its
 * projections handed them on unchanged. Too many heads are averaged, too few repeated; gates and constants are drawn. Outputs and inputs of
 * layers go by {@code layer.phase.step.out}.
 *
 * @param tokens the prompt's and, if they are more than one, the one that is decoded
 */
record StackLayers(Schedule schedule, StackShape shape, int tokens) {

    /** A phase of a run. */
    private enum Phase {
        PREFILL, DECODE
    }

    private int prompt() {
        return Math.max(1, tokens - 1);
    }

    /** Layers after the | are not part of the prefill, but for the rotation of the keys that they read. */
    List<Step> steps() {
        List<Step> steps = new ArrayList<>();
        for (Phase phase : tokens > 1 ? List.of(Phase.PREFILL, Phase.DECODE) : List.of(Phase.PREFILL)) {
            for (int n = 0; n < schedule.layers().size(); n++) {
                int layer = n;
                boolean skipped = tokens > 1 && phase == Phase.PREFILL && layer >= schedule.lastTokenFrom();
                specs(layer, phase).forEach((name, spec) -> {
                    if (!skipped || name.equals("rotateK")) {
                        steps.add(new Step(name(layer, phase, name), spec, there -> inputs(there, layer, phase, name)));
                    }
                });
            }
        }
        return steps;
    }

    private Map<String, Spec> specs(int n, Phase phase) {
        Layer layer = schedule.layers().get(n);
        return phase == Phase.PREFILL ? layer.prefill(shape, prompt()) : layer.decode(shape, prompt() + 1);
    }

    private static String name(int layer, Phase phase, String step) {
        return layer + "." + phase.name().toLowerCase(Locale.ROOT) + "." + step;
    }

    /** Gates and constants of all recurrences, over all tokens. */
    Map<String, Tensor> drawn(long seed) {
        Map<String, Tensor> drawn = new LinkedHashMap<>();
        for (int n = 0; n < schedule.layers().size(); n++) {
            int layer = n;
            if (schedule.layers().get(n).kind() instanceof Recurrence recurrence) {
                SelfCheck.inputs(recurrence.prefill(shape, tokens).get("recurrence"), seed + 10L * layer).forEach((name, tensor) -> {
                    if (!List.of("q", "k", "v").contains(name)) {
                        drawn.put(layer + "." + name, tensor);
                    }
                });
            }
        }
        return drawn;
    }

    private Map<String, Tensor> inputs(Map<String, Tensor> there, int layer, Phase phase, String step) {
        return switch (step) {
            case "rotateQ" -> rotation(stream(there, layer, phase, "q"), layer, phase);
            case "rotateK" -> rotation(ofCache(stream(there, layer, phase, "k")), layer, phase);
            case "recurrence" -> recurrence(there, layer, phase);
            case "gate" -> {
                Tensor memory = there.get(name(schedule.owner(layer), phase, "recurrence.out"));
                yield Map.of("x", memory, "g", resized(stream(there, layer, phase, "q"), memory.shape().dim(1), shape.headDim()));
            }
            default -> attention(there, layer, phase);
        };
    }

    /** Normalised q, k or v of a layer. */
    private Tensor stream(Map<String, Tensor> there, int layer, Phase phase, String name) {
        Tensor sum = Setup.map(ofPhase(there.get(name), phase), x -> x);
        for (int before = 0; before < layer; before++) {
            String last = specs(before, phase).keySet().stream().reduce((_, next) -> next).orElseThrow();
            sum = Setup.map(sum, resized(there.get(name(before, phase, last + ".out")), shape.heads(), shape.headDim()), Double::sum);
        }
        Tensor unit = Setup.unit(sum);
        return Setup.map(unit, x -> x * Math.sqrt(shape.headDim()));
    }

    private Tensor ofPhase(Tensor all, Phase phase) {
        return phase == Phase.PREFILL ? CacheMethods.tokens(all, 0, prompt()) : CacheMethods.tokens(all, prompt(), tokens);
    }

    private Tensor ofCache(Tensor x) {
        return resized(x, shape.kvHeads(), shape.headDim());
    }

    /** Means of consecutive heads, or each several times; channels from the first on, as often as there is room. */
    private static Tensor resized(Tensor x, int heads, int channels) {
        int given = x.shape().dim(1);
        int size = x.shape().dim(2) * x.shape().dim(3);
        int group = Math.max(1, given / heads);
        Tensor y = Tensor.zeros(x.shape().dim(0), heads, x.shape().dim(2), channels);
        for (int e = 0; e < y.shape().elements(); e++) {
            int row = e / channels;
            int head = row / x.shape().dim(2);
            int first = head / heads * given + head % heads * given / heads;
            int place = row % x.shape().dim(2) * x.shape().dim(3) + e % channels % x.shape().dim(3);
            y.set(e, (float) (IntStream.range(first, first + group).mapToDouble(h -> x.get(h * size + place)).sum() / group));
        }
        return y;
    }

    private Map<String, Tensor> rotation(Tensor x, int layer, Phase phase) {
        int length = x.shape().dim(2);
        int pairs = shape.headDim() / 2;
        int first = phase == Phase.PREFILL ? 0 : prompt();
        double base = schedule.layers().get(layer).kind().rotary();
        Tensor cos = Tensor.zeros(shape.batch(), length, pairs);
        Tensor sin = Tensor.zeros(shape.batch(), length, pairs);
        for (int e = 0; e < cos.shape().elements(); e++) {
            double angle = (first + e / pairs % length) * Math.pow(base, -(double) (e % pairs) / pairs);
            cos.set(e, (float) Math.cos(angle));
            sin.set(e, (float) Math.sin(angle));
        }
        return Map.of("x", x, "cos", cos, "sin", sin);
    }

    /** Keys of one phase as a layer keeps them. */
    private Tensor keys(Map<String, Tensor> there, int layer, Phase phase) {
        Tensor rotated = there.get(name(layer, phase, "rotateK.out"));
        return rotated != null ? rotated : ofCache(stream(there, layer, phase, "k"));
    }

    /** Attention, or the choice before it: the cache holds the keys and values of the prompt, and where a token is decoded its own. */
    private Map<String, Tensor> attention(Map<String, Tensor> there, int layer, Phase phase) {
        int owner = schedule.owner(layer);
        Tensor k = keys(there, owner, Phase.PREFILL);
        Tensor v = ofCache(stream(there, owner, Phase.PREFILL, "v"));
        if (phase == Phase.DECODE) {
            int seen = specs(layer, phase).get("attention").inputs().get("k").dim(2);
            k = CacheMethods.tokens(CacheMethods.appended(k, keys(there, owner, phase)), tokens - seen, tokens);
            v = CacheMethods.tokens(CacheMethods.appended(v, ofCache(stream(there, owner, phase, "v"))), tokens - seen, tokens);
        }
        Tensor rotated = there.get(name(layer, phase, "rotateQ.out"));
        Map<String, Tensor> inputs = Setup.inputs(rotated != null ? rotated : stream(there, layer, phase, "q"), k, v);
        inputs.put("keyBlocks", there.get(name(layer, phase, "choice.keyBlocks")));
        return inputs;
    }

    /** Keys are shortened to length 1, values of Mamba come times their step. */
    private Map<String, Tensor> recurrence(Map<String, Tensor> there, int layer, Phase phase) {
        RecurrenceSpec spec = (RecurrenceSpec) specs(layer, phase).get("recurrence");
        Map<String, Tensor> inputs = new LinkedHashMap<>();
        spec.inputs().forEach((name, shape) -> {
            Tensor given = there.get(layer + "." + name);
            inputs.put(name, switch (name) {
                case "q", "v" -> resized(stream(there, layer, phase, name), shape.dim(1), shape.dim(3));
                case "k" -> Setup.map(resized(stream(there, layer, phase, name), shape.dim(1), shape.dim(3)), x -> x / Math.sqrt(shape.dim(3)));
                case "s0" -> there.get(name(layer, Phase.PREFILL, "recurrence.s"));
                default -> given.shape().equals(shape) ? given
                        : ofPhase(given.reshape(shape.dim(0), shape.dim(1), tokens, given.shape().elements() / (shape.dim(0) * shape.dim(1) * tokens)), phase)
                                .reshape(shape.dims());
            });
        });
        if (spec.gate() == Gate.SSM) {
            inputs.put("v", Setup.map(inputs.get("v"), inputs.get("delta"), (x, step) -> x * step));
        }
        return inputs;
    }
}
