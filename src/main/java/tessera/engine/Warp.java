package tessera.engine;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Function;

/** Neighbouring work-items of an emulated group that execute some instructions together; all its state is under the group's lock. */
final class Warp {
    static final int LANES = 32;

    private final WorkGroup group;
    private final ReentrantLock lock;
    private final Condition executed;
    private final int lanes;
    private final Object[] operands = new Object[LANES];
    private List<?> results;
    private String instruction;
    private int waiting;
    private long count;

    Warp(WorkGroup group, ReentrantLock lock, int lanes) {
        this.group = group;
        this.lock = lock;
        this.lanes = lanes;
        executed = lock.newCondition();
    }

    /** The last lane to arrive executes the instruction for all. */
    @SuppressWarnings("unchecked")
    <T, R> R together(String name, int lane, T operand, Function<List<T>, List<R>> body) {
        if (lanes < LANES) {
            throw new IllegalStateException(name + " needs whole warps: work-groups of a multiple of " + LANES + " work-items");
        }
        lock.lock();
        try {
            group.stopIfFailed();
            if (waiting > 0 && !name.equals(instruction)) {
                throw new IllegalStateException("warp divergence: lane " + lane + " is at " + name + ", others at " + instruction);
            }
            instruction = name;
            operands[lane] = operand;
            waiting++;
            if (waiting < LANES) {
                group.failIfAllWait();
                for (long before = count; before == count; ) {
                    group.stopIfFailed();
                    executed.awaitUninterruptibly();
                }
                return (R) results.get(lane);
            }
            List<T> all = new ArrayList<>(LANES);
            for (Object each : operands) {
                all.add((T) each);
            }
            results = body.apply(all);
            waiting = 0;
            count++;
            executed.signalAll();
            return (R) results.get(lane);
        } finally {
            lock.unlock();
        }
    }

    int waiting() {
        return waiting;
    }

    void wake() {
        executed.signalAll();
    }
}
