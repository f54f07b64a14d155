package tessera.experiments;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Function;
import tessera.TesseraException;
import tessera.engine.Device;
import tessera.engine.Timing;
import tessera.methods.Case;
import tessera.methods.PreparedCase;
import tessera.methods.Row;
import tessera.planner.Plan;
import tessera.reference.Accuracy;

/**
 * How a point is measured: verify, then warm up, then time, then verify again.
 *
 * @param budgetSeconds time for the timed runs of one point; warming up takes from half as much to three times as much
 * @param fewest timed runs, however long they take
 * @param most timed runs, however quick they are
 */
public record Protocol(double budgetSeconds, int fewest, int most) {

    /** @throws IllegalArgumentException naming the argument that does not fit */
    public Protocol {
        if (!(budgetSeconds > 0) || budgetSeconds > 3600) {
            throw new IllegalArgumentException("the budget of a point must be above 0 and at most 3600 seconds, got " + budgetSeconds);
        }
        if (fewest < 1 || most < fewest) {
            throw new IllegalArgumentException("a point needs at least 1 run and no fewer at most than at least, got " + fewest + " to " + most);
        }
    }

    /** At least 5 and at most 30 runs of each point. */
    public static Protocol of(double budgetSeconds) {
        return new Protocol(budgetSeconds, 5, 30);
    }

    /** One line for reports. */
    public String describe() {
        return "Each point is verified, warmed up until its time stops falling, timed with " + fewest + " to " + most + " runs in about "
                + budgetSeconds + " s, and verified again. Times are kernel times; compiling and copying to and from the device are kept apart.";
    }

    /** Measures a case on a device; whatever goes wrong becomes the measurement's reason. */
    Measurement measure(Row method, Case problem, Check check, Workload workload, Device device) {
        return measure(method, problem, problem::plans, check, workload, device);
    }

    /** As above, with plans of the caller's choice. */
    Measurement measure(Row method, Case problem, Function<Device, List<Plan>> choice, Check check, Workload workload, Device device) {
        List<Plan> plans = List.of();
        try {
            plans = choice.apply(device);
            try (PreparedCase prepared = new PreparedCase(problem, device, plans)) {
                return measure(method, problem, check, workload, device, plans, prepared);
            }
        } catch (RuntimeException | OutOfMemoryError | LinkageError e) {
            return Measurement.impossible(method, device, workload.length(), problem, plans, reason(e));
        }
    }

    private Measurement measure(Row method, Case problem, Check check, Workload workload, Device device, List<Plan> plans, PreparedCase prepared) {
        double tolerance = problem.dtype().tolerance();
        prepared.poison();
        Timing first = prepared.run();
        Accuracy accuracy = check.of(prepared);
        Accuracy outside = workload.outside(problem, prepared.out());
        List<Timing> runs = new ArrayList<>();
        long[] kernels = new long[plans.size()];
        if (accuracy.within(tolerance)) {
            warmUp(prepared);
            prepared.poison();
            runs = time(prepared, kernels);
            accuracy = accuracy.worse(check.of(prepared));
        }
        if (!accuracy.within(tolerance)) {
            return Measurement.wrong(method, device, workload.length(), problem, plans, check.description(), accuracy, outside);
        }
        return new Measurement(method, device, workload.length(), problem, plans, check.description(), accuracy, outside, true, first.compile(),
                runs, null, check.fidelity(prepared, plans, kernels, workload.needle()));
    }

    /** Runs for half the budget, then on while three more runs still bring the best time down by a twentieth, for three budgets at most. */
    private void warmUp(PreparedCase prepared) {
        long start = System.nanoTime();
        double best = Double.MAX_VALUE;
        boolean improving = true;
        while (elapsed(start) < budgetSeconds / 2 || improving && elapsed(start) < 3 * budgetSeconds) {
            double now = Double.MAX_VALUE;
            for (int run = 0; run < 3 && elapsed(start) < 3 * budgetSeconds; run++) {
                now = Math.min(now, prepared.run().kernel());
            }
            improving = now < 0.95 * best;
            best = Math.min(best, now);
        }
    }

    private static double elapsed(long start) {
        return (System.nanoTime() - start) / 1e9;
    }

    /** @param kernels gets the kernel time of each step */
    private List<Timing> time(PreparedCase prepared, long[] kernels) {
        List<Timing> runs = new ArrayList<>();
        long start = System.nanoTime();
        while (runs.size() < fewest || runs.size() < most && elapsed(start) < budgetSeconds) {
            runs.add(prepared.run());
            Arrays.setAll(kernels, n -> kernels[n] + prepared.timings().get(n).kernel());
        }
        return runs;
    }

    /** What went wrong in one line: the message of an error that users know, else with its class. */
    public static String reason(Throwable e) {
        boolean plain = e instanceof IllegalArgumentException || e instanceof TesseraException;
        return plain && e.getMessage() != null ? e.getMessage() : e.toString();
    }
}
