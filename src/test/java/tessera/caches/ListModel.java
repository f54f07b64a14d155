package tessera.caches;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.random.RandomGenerator;
import java.util.stream.IntStream;
import tessera.Shape;
import tessera.Tensor;

/** A sequence beside what should be in it: for each head a list of numbers, a token each, the oldest first. */
final class ListModel {
    static final int HEADS = 2;
    static final int KEY_DIM = 3;
    static final int VALUE_DIM = 2;

    final KvSequence sequence;
    final int sinks;
    private final int recent;
    private final List<List<Integer>> heads = new ArrayList<>();
    private long appended;

    /** @param recent 0 for no ring */
    ListModel(KvSequence sequence, int sinks, int recent) {
        this.sequence = sequence;
        this.sinks = sinks;
        this.recent = recent;
        IntStream.range(0, HEADS).forEach(_ -> heads.add(new ArrayList<>()));
    }

    static ListModel in(KvCache cache, int sinks, int recent) {
        return new ListModel(recent == 0 ? cache.sequence() : cache.sequence(Retention.ring(sinks, recent)), sinks, recent);
    }

    boolean isRing() {
        return recent > 0;
    }

    int length() {
        return heads.getFirst().size();
    }

    private static Tensor tensor(int first, int count, int dim, int sign) {
        Tensor x = Tensor.zeros(1, HEADS, count, dim);
        for (int e = 0; e < x.shape().elements(); e++) {
            x.set(e, element(first + e / dim % count, e / dim / count, e % dim, sign));
        }
        return x;
    }

    private static float element(int number, int head, int channel, int sign) {
        return sign * (number + head * 0.5f + channel * 0.125f);
    }

    static Tensor keys(int first, int count) {
        return tensor(first, count, KEY_DIM, 1);
    }

    static Tensor values(int first, int count) {
        return tensor(first, count, VALUE_DIM, -1);
    }

    /** Tokens with numbers from {@code first} on. */
    void append(int first, int count) {
        sequence.append(keys(first, count), values(first, count));
        for (List<Integer> head : heads) {
            for (int n = first; n < first + count; n++) {
                head.add(n);
                if (isRing() && head.size() > sinks + recent) {
                    head.remove(sinks);
                }
            }
        }
        appended += count;
    }

    void rewrite(int from, int first, int count) {
        sequence.rewrite(from, keys(first, count), values(first, count));
        heads.forEach(head -> IntStream.range(0, count).forEach(n -> head.set(from + n, first + n)));
    }

    ListModel fork(int length) {
        ListModel fork = new ListModel(sequence.fork(length), sinks, recent);
        IntStream.range(0, HEADS).forEach(h -> fork.heads.get(h).addAll(heads.get(h).subList(0, length)));
        fork.appended = appended - (length() - length);
        return fork;
    }

    /** Other tokens of each head. */
    void compact(RandomGenerator random, int count) {
        int[][] keep = IntStream.range(0, HEADS).mapToObj(_ -> random.ints(0, length()).distinct().limit(count).toArray()).toArray(int[][]::new);
        sequence.compact(keep);
        IntStream.range(0, HEADS).forEach(h -> heads.set(h, new ArrayList<>(IntStream.of(keep[h]).sorted().mapToObj(heads.get(h)::get).toList())));
    }

    void check() {
        assertEquals(length(), sequence.length(), sequence::toString);
        assertEquals(appended, sequence.appended());
        if (length() == 0) {
            return;
        }
        Tokens tokens = sequence.read(0, length());
        assertTrue(holds(tokens.k(), KEY_DIM, 1) && holds(tokens.v(), VALUE_DIM, -1), sequence::toString);
    }

    private boolean holds(Tensor x, int dim, int sign) {
        assertEquals(Shape.of(1, HEADS, length(), dim), x.shape());
        return IntStream.range(0, x.shape().elements()).allMatch(e -> {
            int head = e / dim / length();
            return x.get(e) == element(heads.get(head).get(e / dim % length()), head, e % dim, sign);
        });
    }
}
