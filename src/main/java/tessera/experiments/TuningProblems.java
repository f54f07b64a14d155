package tessera.experiments;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import tessera.AttentionBuilder;
import tessera.AttentionSpec;
import tessera.DType;
import tessera.RecurrenceSpec;
import tessera.Spec;
import tessera.UpdateRule.Gate;
import tessera.masks.Mask;

/** Problems to tune. */
public final class TuningProblems {
    private TuningProblems() {
    }

    /** A few small ones of every kind, which tell the planner what a device is like. */
    public static List<Spec> quick(DType dtype) {
        List<Spec> specs = new ArrayList<>();
        for (int length : new int[] {128, 512}) {
            specs.add(AttentionSpec.of(1, 4, length, 64).dtype(dtype).causal().build());
            specs.add(AttentionSpec.of(1, 4, length, 64).dtype(dtype).build());
            specs.add(AttentionSpec.of(1, 8, 1, 64).kvHeads(2).keys(8 * length).dtype(dtype).build());
            specs.add(RecurrenceSpec.of(1, 4, length, 64).dtype(dtype).gate(Gate.HEAD_TOKEN).build());
        }
        return specs;
    }

    /** Every combination of lengths, heads and head sizes. */
    public static List<Spec> grid(List<Integer> lengths, List<Integer> heads, List<Integer> headDims, boolean causal, DType dtype) {
        List<Spec> specs = new ArrayList<>();
        for (int dim : headDims) {
            for (int h : heads) {
                for (int length : lengths) {
                    AttentionBuilder builder = AttentionSpec.of(1, h, length, dim).dtype(dtype);
                    specs.add((causal ? builder.causal() : builder).build());
                }
            }
        }
        return specs;
    }

    /**
     * Drawn ones: prefill, full, causal or in a window, and decoding; heads of 64 or 128, shared by four or not; lengths from 64 to
     * {@code longest}, evenly on a logarithmic axis.
     */
    public static List<Spec> drawn(int count, int longest, DType dtype, long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        List<Spec> specs = new ArrayList<>();
        while (specs.size() < count) {
            int heads = 1 << random.nextInt(5);
            int dim = random.nextBoolean() ? 64 : 128;
            int length = (int) Math.round(64 * Math.pow(longest / 64.0, random.nextDouble()));
            int kvHeads = heads % 4 == 0 && random.nextInt(3) == 0 ? heads / 4 : heads;
            int kind = random.nextInt(4);
            AttentionBuilder builder = AttentionSpec.of(1, heads, kind == 3 ? 1 : length, dim).kvHeads(kvHeads).keys(kind == 3 ? 4 * length : length).dtype(dtype);
            specs.add(switch (kind) {
                case 0 -> builder.causal().build();
                case 1 -> builder.causal().mask(Mask.window(Math.max(16, length / 8), 0)).build();
                default -> builder.build();
            });
        }
        return specs;
    }
}
