package tessera.caches;

import java.util.Arrays;

/**
 * Where the tokens of a sequence lie: slot j in page {@code pages[j / pageSize]}. It never changes; a sequence replaces it.
 *
 * @param count tokens that count for {@link Retention}: all that came, less those that left other than by it
 * @param appended all tokens that ever came
 */
record PageTable(int[] pages, long count, long appended) {
    static final PageTable EMPTY = new PageTable(new int[0], 0, 0);

    /** The first {@code length} of all tokens. */
    PageTable first(int length, int all, int pageSize) {
        return new PageTable(Arrays.copyOf(pages, Math.ceilDiv(length, pageSize)), count - (all - length), appended - (all - length));
    }

    /** Without the first {@code length} tokens, which fill pages or are all there are. */
    PageTable without(int length, int pageSize) {
        return new PageTable(Arrays.copyOfRange(pages, Math.ceilDiv(length, pageSize), pages.length), count - length, appended);
    }
}
