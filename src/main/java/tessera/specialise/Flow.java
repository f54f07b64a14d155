package tessera.specialise;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Which steps of a flat kernel depend on a branch, and which belong to a loop. */
final class Flow {
    /** The steps from {@code header} to {@code last}, which jumps back to it. */
    record Loop(int header, int last) {
        boolean contains(int at) {
            return header <= at && at <= last;
        }
    }

    static final int NOWHERE = -1;

    private final FlatCode code;
    /** By position: those that every way from there to the end passes. */
    private final BitSet[] after;
    private final Map<Integer, Integer> joins = new HashMap<>();

    Flow(FlatCode code) {
        this.code = code;
        this.after = postDominators(code);
    }

    private static BitSet[] postDominators(FlatCode code) {
        int size = code.size();
        BitSet[] after = new BitSet[size];
        for (boolean changed = true; changed; ) {
            changed = false;
            for (int at = size - 1; at >= 0; at--) {
                BitSet common = null;
                for (int next : code.successors(at)) {
                    if (after[next] == null) {
                        continue;
                    }
                    if (common == null) {
                        common = (BitSet) after[next].clone();
                    } else {
                        common.and(after[next]);
                    }
                }
                if (common == null && code.successors(at).length > 0) {
                    continue;
                }
                BitSet now = common == null ? new BitSet() : common;
                now.set(at);
                if (!now.equals(after[at])) {
                    after[at] = now;
                    changed = true;
                }
            }
        }
        return after;
    }

    /** Where all ways from a branch meet again, or NOWHERE if they return apart or never. */
    int join(int branch) {
        return joins.computeIfAbsent(branch, this::findJoin);
    }

    private int findJoin(int branch) {
        if (after[branch] == null) {
            return NOWHERE;
        }
        BitSet common = (BitSet) after[branch].clone();
        common.clear(branch);
        int nearest = NOWHERE;
        for (int at = common.nextSetBit(0); at >= 0; at = common.nextSetBit(at + 1)) {
            if (nearest == NOWHERE || after[at].cardinality() > after[nearest].cardinality()) {
                nearest = at;
            }
        }
        return nearest;
    }

    /** The steps that run or not as a branch decides: all on the ways from it to its join. */
    BitSet region(int branch) {
        int join = join(branch);
        BitSet region = new BitSet();
        Deque<Integer> open = new ArrayDeque<>();
        open.push(branch);
        while (!open.isEmpty()) {
            for (int next : code.successors(open.pop())) {
                if (next != join && !region.get(next)) {
                    region.set(next);
                    open.push(next);
                }
            }
        }
        return region;
    }

    /** One for each step that is jumped back to. */
    List<Loop> loops() {
        List<Loop> loops = new ArrayList<>();
        for (int header = 0; header < code.size(); header++) {
            int last = -1;
            for (int at = header; at < code.size(); at++) {
                for (int target : code.step(at).targets()) {
                    last = target == header ? at : last;
                }
            }
            if (last >= 0) {
                loops.add(new Loop(header, last));
            }
        }
        return loops;
    }
}
