package tessera.caches;

import java.util.ArrayList;
import java.util.List;

/** Which tokens of a sequence stay in its cache by themselves, and in which slot each lies. */
public sealed interface Retention {

    /** Every token stays. */
    Retention ALL = new All();

    /**
     * The first {@code sinks} tokens stay, and of the others the last {@code recent}: a new one takes the slot of the oldest
     * (StreamingLLM, arXiv:2309.17453).
     */
    static Retention ring(int sinks, int recent) {
        return new Ring(sinks, recent);
    }

    /** The slot of a token, counted from the first. */
    int slot(long token);

    /** Slots in use once {@code count} tokens have come. */
    int length(long count);

    /** The token that is in the cache at that place by age, the oldest at 0, when {@code count} have come. */
    long token(int age, long count);

    /** How many tokens from {@code token} on lie in slots that follow each other. */
    long run(long token);

    /** The part {@code [first, end)} of those tokens that is still there when all of them have come. */
    List<Span> kept(long first, long end);

    /** Tokens {@code [first, end)}. */
    record Span(long first, long end) {
    }

    /** See {@link Retention#ALL}. */
    record All() implements Retention {

        @Override
        public int slot(long token) {
            return (int) token;
        }

        @Override
        public int length(long count) {
            return (int) Math.min(count, Integer.MAX_VALUE);
        }

        @Override
        public long token(int age, long count) {
            return age;
        }

        @Override
        public long run(long token) {
            return Long.MAX_VALUE;
        }

        @Override
        public List<Span> kept(long first, long end) {
            return List.of(new Span(first, end));
        }
    }

    /** See {@link Retention#ring}. */
    record Ring(int sinks, int recent) implements Retention {

        /** @throws IllegalArgumentException for a negative number of sinks, or no recent tokens */
        public Ring {
            if (sinks < 0 || recent < 1) {
                throw new IllegalArgumentException("a ring keeps 0 or more sinks and at least 1 recent token, got " + sinks + " and " + recent);
            }
        }

        @Override
        public int slot(long token) {
            return (int) (token < sinks ? token : sinks + (token - sinks) % recent);
        }

        @Override
        public int length(long count) {
            return (int) Math.min(count, (long) sinks + recent);
        }

        @Override
        public long token(int age, long count) {
            return age < sinks ? age : age + count - length(count);
        }

        @Override
        public long run(long token) {
            return token < sinks ? sinks - token : recent - (token - sinks) % recent;
        }

        @Override
        public List<Span> kept(long first, long end) {
            List<Span> kept = new ArrayList<>();
            if (first < sinks) {
                kept.add(new Span(first, Math.min(end, sinks)));
            }
            long from = Math.max(Math.max(first, sinks), end - recent);
            if (from < end) {
                kept.add(new Span(from, end));
            }
            return kept;
        }
    }
}
