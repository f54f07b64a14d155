package tessera.operators;

import java.util.IdentityHashMap;
import java.util.Map;
import tessera.AttentionSpec;
import tessera.DType;
import tessera.layouts.Bsr;
import tessera.layouts.Layout;
import tessera.layouts.Listing;
import tessera.planner.Cost;

/** What the plans of an attention ask of a device. */
final class AttentionCosts {
    private final AttentionSpec spec;
    private final long rows;
    private final Map<Layout, Long> pairs = new IdentityHashMap<>();

    AttentionCosts(AttentionSpec spec) {
        this.spec = spec;
        this.rows = (long) spec.batch() * spec.heads() * spec.queries();
    }

    /** Counted once for all plans. */
    long pairs(Layout layout) {
        return pairs.computeIfAbsent(layout, visited -> visited.pairs(spec));
    }

    /** Numbers that leaving out values of blocks keeps: one for each query and block of keys. */
    long gaps() {
        return spec.arrangement().pvSkip() < 0 ? rows * Math.ceilDiv(spec.keys(), spec.arrangement().listBlock()) : 0;
    }

    Cost of(Layout layout, String variant, DType storage, int parts) {
        long pairs = pairs(layout);
        int passes = 1 + (spec.requested().columnMass() ? 1 : 0) + (spec.requested().massQ() > 0 ? 1 : 0) + (spec.requested().scores() != null ? 1 : 0);
        long flops = pairs * (passes * 2L * spec.headDim() + 2L * spec.valueDim() + passes);
        long in = spec.inputs().values().stream().mapToLong(s -> s.elements()).sum() / (storage == DType.F16 ? 2 : 1);
        long out = rows * (spec.valueDim() + 1);
        long others = spec.outputs().values().stream().mapToLong(s -> s.elements()).sum() - rows * spec.valueDim();
        long scratch = gaps() + (parts > 1 ? parts * out : 0) + (variant.equals("stored") ? rows * spec.keys() : 0) + TokenOrder.scratch(spec);
        long index = switch (layout) {
            case Bsr b -> b.rowPtr().getSize() + b.colIdx().getSize();
            case Listing l -> l.runs().lists() + l.capacity(spec);
            default -> 0;
        };
        double density = (double) pairs / ((double) rows * spec.keys());
        return new Cost(flops, 4 * (in + out + others + index + 2 * scratch), 4 * (in + out + others + index + scratch), density);
    }
}
