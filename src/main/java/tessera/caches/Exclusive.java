package tessera.caches;

import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Function;
import java.util.function.UnaryOperator;

/** The page table of a sequence, which one thread at a time may use. Who only looks sees the last one that was complete. */
final class Exclusive {
    private final String name;
    private final AtomicBoolean busy = new AtomicBoolean();
    private volatile PageTable table;

    Exclusive(String name, PageTable table) {
        this.name = name;
        this.table = table;
    }

    /** Null once the sequence was freed. */
    PageTable orNull() {
        return table;
    }

    /** @throws IllegalStateException if the sequence was freed */
    PageTable there() {
        PageTable there = table;
        if (there == null) {
            throw new IllegalStateException(name + " was freed; take another one with KvCache.sequence");
        }
        return there;
    }

    /** Puts another table in its place, or leaves it where the change fails. */
    void change(UnaryOperator<PageTable> how) {
        use(there -> table = how.apply(there));
    }

    /** @throws IllegalStateException if another thread is using the sequence, or it was freed */
    <T> T use(Function<PageTable, T> how) {
        if (!busy.compareAndSet(false, true)) {
            throw new IllegalStateException(name + " is in use by another thread; one thread at a time may use a sequence");
        }
        try {
            return how.apply(there());
        } finally {
            busy.set(false);
        }
    }
}
