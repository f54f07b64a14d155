package tessera.stacks;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonValue;
import java.util.ArrayList;
import java.util.List;
import java.util.function.UnaryOperator;

/**
 * The layers of a stack in order, for example {@code 4(4 mamba + full + 3 mamba)}. A layer is written {@code full}, {@code window:1024},
 * {@code chunk:8192}, {@code infllm2:64} (blocks), {@code mamba:16}, {@code mamba2:128} (state), {@code lightning}, {@code retention},
 * {@code gla}, {@code delta}, {@code rwkv5}, {@code rwkv6}, {@code rwkv7} or {@code gmu}; then {@code ~10000} for the base of its rotary
 * positions, then {@code @-6} for reading the cache of the sixth layer before. What comes after {@code |} runs for the last token only when
 * a prompt is read, with a cache made from what comes before.
 *
 * @param text what the layers were read from
 * @param lastTokenFrom first layer after the {@code |}; the number of layers if there is none
 */
public record Schedule(String text, List<Layer> layers, int lastTokenFrom) {

    /** @throws IllegalArgumentException if a layer reads what is not there, naming it */
    public Schedule {
        layers = List.copyOf(layers);
        if (layers.isEmpty()) {
            throw new IllegalArgumentException("a schedule must have at least one layer");
        }
        for (int n = 0; n < layers.size(); n++) {
            requireSource(layers, n, lastTokenFrom);
        }
    }

    private static void requireSource(List<Layer> layers, int n, int lastTokenFrom) {
        int owner = owner(layers, n);
        LayerKind kind = layers.get(n).kind();
        LayerKind source = owner < 0 ? null : layers.get(owner).kind();
        boolean fits = switch (kind) {
            case LayerKind.Memory _ -> owner < n && source instanceof LayerKind.Recurrence r && r.rule().isStateSpace();
            case LayerKind.Recurrence _ -> owner == n && n < lastTokenFrom;
            case LayerKind.Attention a -> source instanceof LayerKind.Attention s && s.rotary() == a.rotary()
                    && (s.span() == LayerKind.Span.FULL || s.equals(a));
            case LayerKind.Selection _ -> kind.equals(source);
        };
        if (!fits) {
            throw new IllegalArgumentException("layer " + n + ", " + kind + ", cannot read layer " + owner + ": attention reads with @-n an attention "
                    + "that keeps all of its keys, turned alike; gmu a state space layer; recurrences keep their own state, and stand before |");
        }
        if (n > lastTokenFrom && owner == n) {
            throw new IllegalArgumentException("layer " + n + " comes after | and needs a cache of the whole prompt; only the first layer after | makes one, "
                    + "others read it with @-n");
        }
    }

    private static int owner(List<Layer> layers, int n) {
        int owner = n;
        while (owner >= 0 && layers.get(owner).reads() > 0) {
            owner -= layers.get(owner).reads();
        }
        return owner;
    }

    /** Index of the layer whose cache or memory a layer reads, most often its own. */
    public int owner(int layer) {
        return owner(layers, layer);
    }

    /** @throws IllegalArgumentException naming what cannot be read */
    @JsonCreator
    public static Schedule of(String text) {
        return new ScheduleText(text, true).read();
    }

    /** What is in parentheses once, without its number: every kind of layer, and every alias; no more layers than there are. */
    public Schedule once() {
        Schedule once = new ScheduleText(text, false).read();
        return once.layers.size() > layers.size() ? once.first(layers.size()) : once;
    }

    /** @throws IllegalArgumentException if there are fewer layers */
    public Schedule first(int count) {
        if (count < 1 || count > layers.size()) {
            throw new IllegalArgumentException("there must be 1 to " + layers.size() + " layers of " + text + ", got " + count);
        }
        return new Schedule(text, layers.subList(0, count), Math.min(count, lastTokenFrom));
    }

    /** The same with other kinds of layers. */
    public Schedule with(UnaryOperator<LayerKind> change) {
        List<Layer> changed = new ArrayList<>();
        layers.forEach(layer -> changed.add(new Layer(change.apply(layer.kind()), layer.reads())));
        return new Schedule(text, changed, lastTokenFrom);
    }

    /** Its text, and how many layers of it these are where it has been cut. */
    @JsonValue
    @Override
    public String toString() {
        return of(text).layers.size() == layers.size() ? text : "the first " + layers.size() + " of " + text;
    }
}
