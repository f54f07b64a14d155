package tessera.planner;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import tessera.DType;

/**
 * How to compute a spec on a device.
 *
 * @param operator the spec's operator, for example ATTN
 * @param variant the kernel family: rows, split, matrix, registers, tiles, stream, decode, stored, recurrent, scan, quadratic, parallel, chunk,
 *        primal, dual, host; divided over devices
 * @param layout how the allowed pairs are stored; "-" where there are none
 * @param tuning tile sizes, parts, chunk length … by name, in a fixed order
 * @param storage type of the inputs on the device
 * @param cost what it asks of the device
 * @param reason why this plan stands where it does among the candidates
 */
public record Plan(String operator, String variant, String layout, Map<String, Integer> tuning, DType storage, Cost cost, String reason) {

    /** A tuning in the order given: names and numbers in turn. */
    public static Map<String, Integer> ordered(Object... keysAndValues) {
        Map<String, Integer> map = new LinkedHashMap<>();
        for (int n = 0; n < keysAndValues.length; n += 2) {
            map.put((String) keysAndValues[n], (Integer) keysAndValues[n + 1]);
        }
        return map;
    }

    /** Tuning value {@code key}. */
    public int get(String key) {
        return tuning.get(key);
    }

    /** Type of the factors that the operator's products take; sums are float32. */
    public DType operands() {
        return takesHalf() ? storage : DType.F32;
    }

    /** Whether its kernel takes float16 as it is stored. */
    boolean takesHalf() {
        return variant.equals("matrix") || variant.equals("stream");
    }

    /** One line, for example {@code ATTN tiles FULL tileQ=16 tileK=32 lanes=8 F32}. */
    public String summary() {
        String numbers = tuning.entrySet().stream().map(e -> e.getKey() + "=" + e.getValue() + " ").collect(Collectors.joining());
        return operator + " " + variant + " " + (layout.equals("-") ? "" : layout + " ") + numbers + storage;
    }

    /** As {@link #summary(List)}; of more than a dozen plans, how often each occurs. */
    public static String brief(List<Plan> plans) {
        return plans.size() <= 12 ? summary(plans)
                : plans.stream().collect(Collectors.groupingBy(Plan::summary, LinkedHashMap::new, Collectors.counting())).entrySet().stream()
                        .map(plan -> plan.getValue() + " x " + plan.getKey()).collect(Collectors.joining(" + "));
    }

    /** The summaries of several plans, run one after the other. */
    public static String summary(List<Plan> plans) {
        return plans.stream().map(Plan::summary).collect(Collectors.joining(" + "));
    }

    @Override
    public String toString() {
        return summary();
    }
}
