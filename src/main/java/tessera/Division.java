package tessera;

import java.math.BigInteger;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import tessera.masks.Mask;

/**
 * A way to cut a spec into parts that need nothing of each other.
 *
 * @param whole the spec that is cut, or the same problem with all its heads in one batch
 * @param unit what is not cut any further, for messages
 * @param units how many of them there are
 * @param cut the spec of consecutive units
 */
record Division(Spec whole, String unit, int units, Cut cut) {

    interface Cut {
        Spec of(int first, int count);
    }

    /** @throws TesseraException if parts of the spec would need something of each other */
    static List<Division> of(Spec spec) {
        List<Division> divisions = switch (spec) {
            case AttentionSpec attention -> of(attention);
            case RecurrenceSpec recurrence -> of(recurrence);
            default -> throw new TesseraException(spec.operator() + " is not divided over devices, only ATTN and GLR are; name one device");
        };
        if (divisions.stream().noneMatch(division -> division.units > 1)) {
            throw new TesseraException(spec.operator() + " has one batch and one group of heads that share keys, values or masks, and cannot be divided"
                    + " over devices; name one device");
        }
        return divisions;
    }

    private static List<Division> of(AttentionSpec spec) {
        if (spec.scores().isOwn()) {
            throw new TesseraException("a change of the scores by the user is told which head it is for, and so is not divided over devices; name one device");
        }
        List<Division> divisions = new ArrayList<>();
        if (spec.hasGroupedHeads()) {
            if (spec.mask().maps() == 1 && spec.arrangement().lists() == 0 && spec.arrangement().layout() == TensorLayout.BHLD) {
                AttentionSpec flat = resized(spec, 1, spec.batch() * spec.heads(), spec.batch() * spec.kvHeads(), spec.mask(), 0);
                if (isSameMemory(spec, flat)) {
                    divisions.add(heads(flat));
                }
            }
            divisions.add(heads(spec));
        }
        if (spec.arrangement().sequences() == 0) {
            divisions.add(new Division(spec, "batches", spec.batch(),
                    (_, count) -> resized(spec, count, spec.heads(), spec.kvHeads(), spec.mask(), spec.arrangement().listHeads())));
        }
        return divisions;
    }

    /** Groups of heads that share keys, a mask or lists stay together. */
    private static Division heads(AttentionSpec spec) {
        int maps = spec.mask().maps();
        int lists = spec.arrangement().listHeads();
        int units = spec.kvHeads() == 1 ? 1 : greatestDivisor(Stream.of(spec.kvHeads(), maps, lists));
        return new Division(spec, "groups of heads", units, (first, count) -> resized(spec, spec.batch(), spec.heads() / units * count,
                spec.kvHeads() / units * count, maps == 1 ? spec.mask() : spec.mask().maps(maps / units * first, maps / units * count),
                share(lists, units, count)));
    }

    private static AttentionSpec resized(AttentionSpec s, int batch, int heads, int kvHeads, Mask mask, int listHeads) {
        Arrangement a = s.arrangement();
        Arrangement arrangement = new Arrangement(a.layout(), a.past(), a.sequences(), a.pages(), a.pageSize(), a.lists(), listHeads, a.listQueries(),
                a.listBlock(), a.columns(), a.pvSkip(), a.valuesInKeys());
        HeadMaps maps = s.hasGroupedHeads() ? HeadMaps.grouped(heads, kvHeads) : s.headMaps();
        return new AttentionSpec(batch, heads, kvHeads, s.queries(), s.keys(), s.headDim(), s.valueDim(), s.scale(), mask, s.causal(), s.alignment(),
                s.dtype(), s.scores().resized(batch, heads, s.queries(), s.keys()), maps, arrangement, s.requested());
    }

    private static List<Division> of(RecurrenceSpec spec) {
        List<Division> divisions = new ArrayList<>();
        RecurrenceSpec flat = resized(spec, 1, spec.batch() * spec.heads(), spec.batch() * spec.keyHeads(), spec.batch() * spec.valueHeads());
        if (isSameMemory(spec, flat)) {
            divisions.add(states(flat));
        }
        divisions.add(states(spec));
        if (spec.sequences() == 0) {
            divisions.add(new Division(spec, "batches", spec.batch(),
                    (_, count) -> resized(spec, count, spec.heads(), spec.keyHeads(), spec.valueHeads())));
        }
        return divisions;
    }

    /** Groups of states that share queries, keys or values; what all of them share, each part has. */
    private static Division states(RecurrenceSpec s) {
        int units = s.stateHeads() == 1 ? 1 : greatestDivisor(Stream.of(s.heads(), s.keyHeads(), s.valueHeads()));
        return new Division(s, "groups of states", units, (_, count) -> resized(s, s.batch(), share(s.heads(), units, count),
                share(s.keyHeads(), units, count), share(s.valueHeads(), units, count)));
    }

    private static RecurrenceSpec resized(RecurrenceSpec s, int batch, int heads, int keyHeads, int valueHeads) {
        return new RecurrenceSpec(batch, heads, keyHeads, valueHeads, s.length(), s.keyDim(), s.valueDim(), s.scale(), s.rule(), s.featureMap(),
                s.causal(), s.weighted(), s.sequences(), s.initialState(), s.finalState(), s.dtype());
    }

    /** One head is for all units. */
    private static int share(int heads, int units, int count) {
        return heads <= 1 ? heads : heads / units * count;
    }

    private static int greatestDivisor(Stream<Integer> heads) {
        return heads.filter(count -> count > 1).map(BigInteger::valueOf).reduce(BigInteger::gcd).map(BigInteger::intValue).orElse(1);
    }

    /** Whether batches of heads lie where all heads of one batch would. */
    private static boolean isSameMemory(Spec spec, Spec flat) {
        return sizes(spec.inputs()).equals(sizes(flat.inputs())) && sizes(spec.outputs()).equals(sizes(flat.outputs()));
    }

    private static List<Integer> sizes(Map<String, Shape> tensors) {
        return tensors.values().stream().map(Shape::elements).toList();
    }

    /**
     * How many units each device takes, such that the last one is done as early as can be.
     *
     * @param millis time of all units on each device
     */
    int[] shares(double... millis) {
        int[] shares = new int[millis.length];
        for (int n = 0; n < units; n++) {
            int next = 0;
            for (int d = 1; d < millis.length; d++) {
                next = (shares[d] + 1) * millis[d] < (shares[next] + 1) * millis[next] ? d : next;
            }
            shares[next]++;
        }
        return shares;
    }
}
