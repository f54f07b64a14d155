package tessera.stacks;

import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * The attention layers of a model, in order.
 *
 * @param name what it goes by, in lower case
 * @param row its row in the catalogue of methods; that of choosing a mechanism for each layer where the schedule is given
 * @param source paper or page that the schedule is from
 * @param heads query heads of the published model, with its key/value heads and their size
 * @param note what is not certain, or left out
 */
public record Stack(String name, String row, String title, String source, int heads, int kvHeads, int headDim, Schedule schedule, String note) {
    private static final String GIVEN = "X05";
    private static final List<Stack> ALL = load();

    /** Stacks of published models, and a dense one. */
    public static List<Stack> all() {
        return ALL;
    }

    /**
     * The stack of that name or row in any case, or one with the given {@link Schedule}, on sizes of the dense one.
     *
     * @throws IllegalArgumentException if it is neither, naming those that exist
     */
    public static Stack of(String nameOrSchedule) {
        String wanted = nameOrSchedule.strip().toLowerCase(Locale.ROOT);
        return ALL.stream().filter(s -> s.name.equals(wanted) || s.row.equalsIgnoreCase(wanted)).findFirst().orElseGet(() -> {
            try {
                return with(wanted, Schedule.of(wanted));
            } catch (IllegalArgumentException e) {
                throw new IllegalArgumentException("no stack '" + nameOrSchedule + "'; there are " + ALL.stream().map(Stack::name)
                        .collect(Collectors.joining(", ")) + "; as a schedule: " + e.getMessage(), e);
            }
        });
    }

    /**
     * Eight layers, some of full attention spread evenly among linear ones.
     *
     * @param linear schedule of a linear layer, for example {@code lightning}
     * @throws IllegalArgumentException unless there are 0 to 8 full ones
     */
    public static Stack ratio(int full, String linear) {
        if (full < 0 || full > 8) {
            throw new IllegalArgumentException("of eight layers 0 to 8 can be full, got " + full);
        }
        return with(full + ":" + (8 - full), Schedule.of(IntStream.range(0, 8).mapToObj(n -> (n + 1) * full / 8 > n * full / 8 ? "full" : linear)
                .collect(Collectors.joining(" + "))));
    }

    private static Stack with(String name, Schedule schedule) {
        return new Stack(name, GIVEN, "given schedule", "", 32, 8, 128, schedule, "");
    }

    /** The same with another schedule. */
    public Stack with(Schedule other) {
        return new Stack(name, row, title, source, heads, kvHeads, headDim, other, note);
    }

    public List<Layer> layers() {
        return schedule.layers();
    }

    /** Bytes that all layers keep after so many tokens. */
    public long cacheBytes(StackShape shape, int length) {
        return layers().stream().mapToLong(layer -> layer.cacheBytes(shape, length)).sum();
    }

    private static List<Stack> load() {
        try (InputStream json = Stack.class.getResourceAsStream("stacks.json")) {
            return List.copyOf(new ObjectMapper().readValue(json, new TypeReference<List<Stack>>() { }));
        } catch (IOException e) {
            throw new UncheckedIOException("the stacks inside the program cannot be read", e);
        }
    }
}
