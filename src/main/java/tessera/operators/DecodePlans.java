package tessera.operators;

import java.util.List;
import tessera.AttentionSpec;
import tessera.DType;
import tessera.engine.Device;
import tessera.layouts.Layout;
import tessera.layouts.Range;

/** The plans of an attention of one query for each sequence, best guess first. */
final class DecodePlans {
    private final AttentionSpec spec;
    private final Device device;
    private final AttentionPlans plans;

    DecodePlans(AttentionSpec spec, Device device, AttentionPlans plans) {
        this.spec = spec;
        this.device = device;
        this.plans = plans;
    }

    /** By warps that read keys each for themselves, where a device has instructions. */
    void streamed(Layout layout) {
        for (DType storage : spec.dtype() == DType.F16 ? List.of(DType.F16, DType.F32) : List.of(DType.F32)) {
            String never = StreamTiling.never(spec, device, storage);
            if (never != null) {
                plans.candidates.ruleOut("stream " + storage, never);
                continue;
            }
            for (StreamTiling t : StreamTiling.of(spec, StreamTask.visible(spec), device, storage)) {
                String limit = t.limit(spec, device, storage);
                if (limit != null) {
                    plans.candidates.ruleOut("stream " + t.tuning() + " " + storage, limit);
                } else {
                    String reason = "each warp reads keys for " + t.tileH() + " query heads, in " + t.groups(spec) * t.parts() + " work-groups for "
                            + device.computeUnits() + " compute units" + (storage == DType.F16 ? "; weights are rounded to float16" : "");
                    plans.candidates.add(plans.plan(layout, "stream", t.tuning(), storage, t.parts(), reason));
                }
            }
        }
    }

    /** By work-groups that share tiles of keys in local memory. */
    void shared(Range range) {
        if (spec.queries() != 1 || device.localMemoryBytes() == 0 || spec.arrangement().valuesInKeys()) {
            plans.candidates.ruleOut("decode", spec.arrangement().valuesInKeys() ? AttentionPlans.VALUES_IN_KEYS : spec.queries() != 1
                    ? "the decode kernel takes one query for each sequence, not " + spec.queries() : device.id() + " has no local memory");
            return;
        }
        for (DecodeTiling t : DecodeTiling.of(spec, range.visible(spec, 0), device)) {
            String limit = t.limit(spec, device);
            if (limit != null) {
                plans.candidates.ruleOut("decode " + t.tuning(), limit);
            } else {
                String reason = "a read of the keys serves " + t.tileH() + " query heads, in " + t.groups(spec) * t.parts() + " work-groups for "
                        + device.computeUnits() + " compute units";
                plans.candidates.add(plans.plan(range, "decode", t.tuning(), DType.F32, t.parts(), reason));
            }
        }
    }
}
