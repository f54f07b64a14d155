package tessera;

import java.util.List;
import tessera.engine.Device;
import tessera.engine.Engines;
import tessera.planner.Plan;
import tessera.planner.Planner;

/**
 * The front door.
 *
 * {@snippet :
 * var spec = AttentionSpec.of(1, 8, 512, 64).causal().build();
 * try (var plan = Tessera.plan(spec, Tessera.device("jvm"))) {
 *     plan.run(q, k, v, out);
 * }
 * }
 */
public final class Tessera {
    private Tessera() {
    }

    /** Every device present: the JVM, and what TornadoVM lists where it is present. */
    public static List<Device> devices() {
        return Engines.devices();
    }

    /**
     * The device with that id, for example {@code jvm} or {@code opencl:0}.
     *
     * @throws TesseraException naming the devices there are
     */
    public static Device device(String id) {
        return Engines.device(id);
    }

    /**
     * Plans a spec for a device and makes it ready to run.
     *
     * @throws TesseraException if no plan is legal there, naming the limits, or if the chosen plan fails its self-check
     */
    public static Prepared plan(Spec spec, Device device) {
        return plan(spec, device, Planner.plan(spec, device));
    }

    /**
     * Plans a spec for the device present on which it should take the least time by what was measured of each.
     *
     * @throws TesseraException if no plan is legal on any device, naming the limits
     */
    public static Prepared plan(Spec spec) {
        return plan(spec, Planner.fastest(spec, devices()));
    }

    /**
     * Divides the batches and heads of an attention, or the states of a recurrence, over several devices that run at the same time,
     * in proportion to their speed by what was measured of each.
     *
     * @throws TesseraException if the spec cannot be divided, or if a device has no legal plan, naming it and the limits
     * @throws IllegalArgumentException if a device is named twice, or none is
     */
    public static Divided plan(Spec spec, Device... devices) {
        return Divided.of(spec, List.of(devices));
    }

    /** Makes ready a plan that the caller chose among {@link Planner#candidates}. */
    public static Prepared plan(Spec spec, Device device, Plan plan) {
        return new Prepared(spec, plan, device, true);
    }

    /** As {@link #plan(Spec, Device, Plan)}, without the self-check. */
    public static Prepared unchecked(Spec spec, Device device, Plan plan) {
        return new Prepared(spec, plan, device, false);
    }
}
