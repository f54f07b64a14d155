package tessera.experiments;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;

/**
 * Where a method and the dense one change places on a device. Lengths at which their spreads overlap decide nothing.
 *
 * @param undecided number of lengths at which their spreads overlap
 * @param below last length with the old order, 0 if the order does not change
 * @param above first length with the new order, 0 if the order does not change
 * @param at length at which the medians meet, interpolated between the two on logarithmic axes; 0 if they do not
 * @param shortest first length that was compared
 * @param longest last length that was compared
 */
public record Crossover(String method, String family, String dense, String device, Kind kind, int below, int above, double at, int shortest,
        int longest, int undecided) {

    /** What happens as the length grows. */
    public enum Kind { OVERTAKES, FALLS_BEHIND, ALWAYS, NEVER, LEVEL }

    /** Every change of order as the length grows; where there is none, one entry that says so. */
    static List<Crossover> of(String method, String family, String dense, String device, Map<Integer, Summary> times,
            Map<Integer, Summary> denseTimes) {
        NavigableMap<Integer, Double> speedups = new TreeMap<>();
        List<Crossover> found = new ArrayList<>();
        Boolean faster = null;
        int last = 0;
        int undecided = 0;
        for (int length : new TreeMap<>(times).keySet()) {
            Summary other = denseTimes.get(length);
            if (other == null) {
                continue;
            }
            Summary own = times.get(length);
            speedups.put(length, other.median() / own.median());
            if (!own.clearlyBelow(other) && !other.clearlyBelow(own)) {
                undecided++;
                continue;
            }
            boolean now = own.clearlyBelow(other);
            if (faster != null && faster != now) {
                found.add(new Crossover(method, family, dense, device, now ? Kind.OVERTAKES : Kind.FALLS_BEHIND, last, length,
                        meeting(speedups.subMap(last, true, length, true)), 0, 0, 0));
            }
            faster = now;
            last = length;
        }
        if (speedups.isEmpty()) {
            return List.of();
        }
        if (found.isEmpty()) {
            Kind kind = faster == null ? Kind.LEVEL : faster ? Kind.ALWAYS : Kind.NEVER;
            found.add(new Crossover(method, family, dense, device, kind, 0, 0, 0, 0, 0, 0));
        }
        int level = undecided;
        return found.stream().map(c -> new Crossover(method, family, dense, device, c.kind, c.below, c.above, c.at, speedups.firstKey(),
                speedups.lastKey(), level)).toList();
    }

    /** The shortest length from which on a method is faster at every length, by more than the spread; 0 if there is none. */
    static int from(Map<Integer, Summary> times, Map<Integer, Summary> denseTimes) {
        int from = 0;
        for (int length : new TreeMap<>(times).descendingKeySet()) {
            Summary other = denseTimes.get(length);
            if (other != null && !times.get(length).clearlyBelow(other)) {
                break;
            }
            from = other == null ? from : length;
        }
        return from;
    }

    /** The last length at which the speed-up passes 1, linear in the logarithms. */
    private static double meeting(NavigableMap<Integer, Double> speedups) {
        double at = 0;
        for (int a = speedups.firstKey(); a != speedups.lastKey(); a = speedups.higherKey(a)) {
            int b = speedups.higherKey(a);
            double from = Math.log(speedups.get(a));
            double to = Math.log(speedups.get(b));
            if (from * to <= 0 && from != to) {
                at = Math.exp(Math.log(a) + from / (from - to) * (Math.log(b) - Math.log(a)));
            }
        }
        return at;
    }

    /** A sentence for people. */
    public String sentence() {
        String who = family + " " + method;
        String whom = family.equals("dense") ? dense : "dense " + dense;
        String range = shortest == longest ? "at " + longest + ", the only length compared" : "from " + shortest + " to " + longest;
        return switch (kind) {
            case OVERTAKES -> who + " overtakes " + whom + " between " + below + " and " + above + " on " + device
                    + " (slower up to " + below + ")";
            case FALLS_BEHIND -> who + " falls behind " + whom + " between " + below + " and " + above + " on " + device;
            case ALWAYS -> who + (undecided == 0 ? " is faster than " : " is faster than or level with ") + whom + " on " + device + " " + range;
            case NEVER -> who + " never overtakes " + whom + " on " + device + " " + range;
            case LEVEL -> who + " and " + whom + " are level within their spread on " + device + " " + range;
        };
    }
}
