package tessera.planner;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import tessera.DType;
import tessera.Shape;
import tessera.Spec;
import tessera.TesseraException;
import tessera.engine.Device;
import tessera.operators.Operators;

/** Chooses a plan: the caller's, if one is named; else the one that should be the fastest by what was measured; else the first legal one. */
public final class Planner {
    private Planner() {
    }

    /** Every legal plan of a spec on a device, best guess first, with storage types, memory and tuned plans taken into account. */
    public static Candidates candidates(Spec spec, Device device) {
        return tuned(spec, device, untuned(spec, device), false);
    }

    /** As {@link #candidates}, by what was measured of all problems but this one; what was not measured nearby stays as it was guessed. */
    public static Candidates unseen(Spec spec, Device device) {
        return tuned(spec, device, untuned(spec, device), true);
    }

    private static Candidates tuned(Spec spec, Device device, Candidates untuned, boolean unseen) {
        Candidates candidates = new Candidates();
        Calibration.order(spec, device, untuned.legal(), TunedPlans.here(), unseen).forEach(candidates::add);
        untuned.ruledOut().forEach(r -> candidates.ruleOut(r.plan(), r.limit()));
        return candidates;
    }

    /** Kernel time of a plan by what was measured of it on problems nearby; null if nothing was, infinite if it failed. */
    public static Double expectedMillis(Spec spec, Device device, Plan plan) {
        return Calibration.millis(spec, device, plan, TunedPlans.here());
    }

    /** Legal plans as operators guess them. */
    public static Candidates untuned(Spec spec, Device device) {
        Candidates all = Operators.of(spec).plans(spec, device);
        Candidates candidates = new Candidates();
        for (Plan plan : all.legal()) {
            for (DType storage : storages(spec, plan)) {
                Plan stored = new Plan(plan.operator(), plan.variant(), plan.layout(), plan.tuning(), storage,
                        cost(spec, plan, storage), plan.reason());
                String limit = limit(spec, stored, device);
                if (limit == null) {
                    candidates.add(stored);
                } else {
                    candidates.ruleOut(stored.summary(), limit);
                }
            }
        }
        all.ruledOut().forEach(r -> candidates.ruleOut(r.plan(), r.limit()));
        return candidates;
    }

    /** Storage on the device: as the caller stores it where kernels can read that, else widened on the host. */
    private static List<DType> storages(Spec spec, Plan plan) {
        return plan.takesHalf() ? List.of(plan.storage()) : spec.dtype() == DType.F16 ? List.of(DType.F16, DType.F32) : List.of(DType.F32);
    }

    /** Inputs in half precision lie beside the widened ones that the operator reads. */
    private static Cost cost(Spec spec, Plan plan, DType storage) {
        if (storage == plan.storage()) {
            return plan.cost();
        }
        long inputs = spec.inputs().entrySet().stream().filter(e -> spec.type(e.getKey()) == storage)
                .map(Map.Entry::getValue).mapToLong(Shape::elements).sum();
        Cost wide = plan.cost();
        return new Cost(wide.flops(), wide.bytes() + 6 * inputs, wide.memoryBytes() + 2 * inputs, wide.density());
    }

    private static String limit(Spec spec, Plan plan, Device device) {
        if (plan.storage() == DType.F16 && !device.half()) {
            return device.id() + " cannot read float16; store as F32 instead";
        }
        long needed = plan.cost().memoryBytes();
        if (needed > device.memoryBytes()) {
            return "needs " + mib(needed) + " MiB, " + device.id() + " has " + mib(device.memoryBytes())
                    + " MiB; use a smaller batch or length, or give it more (-Xmx, -Dtornado.device.memory)";
        }
        List<Long> sizes = new ArrayList<>();
        spec.inputs().values().forEach(s -> sizes.add(4L * s.elements()));
        spec.outputs().values().forEach(s -> sizes.add(4L * s.elements()));
        long largest = sizes.stream().mapToLong(Long::longValue).max().orElse(0);
        if (largest > device.maxArrayBytes()) {
            return "one array needs " + mib(largest) + " MiB, " + device.id() + " allows " + mib(device.maxArrayBytes()) + " MiB";
        }
        return null;
    }

    private static long mib(long bytes) {
        return Math.ceilDiv(bytes, 1L << 20);
    }

    /**
     * The first legal plan.
     *
     * @throws TesseraException if there is none, with the limits that ruled each one out
     */
    public static Plan plan(Spec spec, Device device) {
        return plan(spec, device, plan -> true, "any");
    }

    /**
     * The first legal plan that {@code wanted} accepts; what is asked for is used or the call fails.
     *
     * @param description what was asked for, for the error message
     * @throws TesseraException if there is none, naming the limits and the nearest plan that works
     */
    public static Plan plan(Spec spec, Device device, Predicate<Plan> wanted, String description) {
        Candidates candidates = candidates(spec, device);
        return candidates.legal().stream().filter(wanted).findFirst().orElseThrow(() -> {
            StringBuilder message = new StringBuilder("no plan (" + description + ") for " + spec.operator() + " on " + device.id());
            candidates.ruledOut().stream().map(r -> r.plan() + ": " + r.limit()).distinct().forEach(r -> message.append("; ").append(r));
            candidates.legal().stream().findFirst().ifPresent(p -> message.append("; this one works: ").append(p.summary()));
            return new TesseraException(message.toString());
        });
    }

    /**
     * The device whose plan should take the least time by its profile; the first of equals. Backends that share a GPU differ in what
     * was measured of them.
     *
     * @throws TesseraException if no device has a plan, with the limits of the last one
     */
    public static Device fastest(Spec spec, List<Device> devices) {
        Device fastest = null;
        double least = Double.POSITIVE_INFINITY;
        for (Device device : devices) {
            List<Plan> plans = candidates(spec, device).legal();
            double millis = plans.isEmpty() ? Double.POSITIVE_INFINITY : DeviceProfile.of(device).predictedMillis(plans.getFirst());
            if (millis < least) {
                least = millis;
                fastest = device;
            }
        }
        if (fastest == null) {
            plan(spec, devices.getLast());
        }
        return fastest;
    }
}
