package tessera.engine;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;

/** Copies that a work-item has started. They happen as late as a device may let them happen: when the work-item waits for them. */
public final class AsyncCopies {
    private final Deque<List<Runnable>> committed = new ArrayDeque<>();
    private List<Runnable> open = new ArrayList<>();

    AsyncCopies() {
    }

    public void start(Runnable copy) {
        open.add(copy);
    }

    /** Makes a group of the copies started since the last one. */
    public void commit() {
        committed.add(open);
        open = new ArrayList<>();
    }

    /** Waits until no more than the newest {@code pending} groups are under way. */
    public void await(int pending) {
        while (committed.size() > pending) {
            committed.remove().forEach(Runnable::run);
        }
    }
}
