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
 * @param variant the kernel family: rows, split, matrix, registers, tiles, decode, stored, recurrent, scan, quadratic, parallel, chunk,
 *        primal, dual, host
 * @param layout how the allowed pairs are stored; "-" where there are none
 * @param tuning tile sizes, parts, chunk length … by name, in a fixed order
 * @param storage type of the inputs on the device
 * @param cost what it asks of the device
 * @param reason why this plan stands where it does among the candidates
 */
public record Plan(String operator, String variant, String layout, Map<String, Integer> tuning, DType storage, Cost cost, String reason) {

    private static final int LISTED = 8;

    /** Tuning value {@code key}. */
    public int get(String key) {
        return tuning.get(key);
    }

    /** Type of the factors that the operator's products take; sums are float32. */
    public DType operands() {
        return variant.equals("matrix") ? storage : DType.F32;
    }

    /** One line, for example {@code ATTN tiles FULL tileQ=16 tileK=32 lanes=8 F32}. */
    public String summary() {
        String numbers = tuning.entrySet().stream().map(e -> e.getKey() + "=" + e.getValue() + " ").collect(Collectors.joining());
        return operator + " " + variant + " " + (layout.equals("-") ? "" : layout + " ") + numbers + storage;
    }

    /** The summaries of several plans, run one after the other; of more than {@value #LISTED} only which ones and how many of each. */
    public static String summary(List<Plan> plans) {
        if (plans.size() <= LISTED) {
            return plans.stream().map(Plan::summary).collect(Collectors.joining(" + "));
        }
        Map<String, Long> counts = plans.stream().collect(Collectors.groupingBy(Plan::summary, LinkedHashMap::new, Collectors.counting()));
        return counts.entrySet().stream().map(e -> e.getValue() + " x " + e.getKey()).collect(Collectors.joining(" + "));
    }

    @Override
    public String toString() {
        return summary();
    }
}
