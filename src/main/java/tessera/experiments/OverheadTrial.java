package tessera.experiments;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import tessera.AttentionSpec;
import tessera.Prepared;
import tessera.Tensor;
import tessera.Tessera;
import tessera.engine.Device;
import tessera.engine.Timing;
import tessera.methods.Case;
import tessera.methods.Catalogue;
import tessera.methods.Row;
import tessera.planner.Plan;
import tessera.planner.Planner;
import tessera.reference.Accuracy;

/** Measures a point of {@link Overhead}: the plan that the planner chooses, first anew, then again, then many times. */
record OverheadTrial(AttentionSpec spec, Device device, Protocol protocol, long seed) {

    /** Softmax attention. */
    private static final Row METHOD = Catalogue.row("H01");

    OverheadPoint run() {
        Workload workload = Workload.drawn(spec, seed);
        Map<String, Tensor> inputs = Map.of("q", workload.q(), "k", workload.k(), "v", workload.v());
        Case problem = new Case(spec, inputs);
        try {
            Plan plan = Planner.plan(spec, device);
            long start = System.nanoTime();
            double compile;
            try (Prepared anew = Tessera.unchecked(spec, device, plan)) {
                compile = anew.run(inputs).timing().compile() / 1e6;
            }
            long once = System.nanoTime();
            try (Prepared prepared = Tessera.unchecked(spec, device, plan)) {
                prepared.run(inputs);
                long twice = System.nanoTime();
                return measure(problem, workload, prepared, (once - start) / 1e6, compile, (twice - once) / 1e6);
            }
        } catch (RuntimeException | OutOfMemoryError | LinkageError e) {
            return unmeasured(Measurement.impossible(METHOD, device, spec.keys(), problem, List.of(), Protocol.reason(e)));
        }
    }

    private OverheadPoint measure(Case problem, Workload workload, Prepared prepared, double first, double compile, double again) {
        Check check = new Check(problem, seed);
        Measurement timed = protocol.measure(METHOD, problem, _ -> List.of(prepared.plan()), check, workload, device);
        if (!timed.verified()) {
            return unmeasured(timed);
        }
        Map<String, Tensor> callers = new LinkedHashMap<>(problem.inputs());
        callers.put("out", Tensor.zeros(spec.outputType("out"), spec.outputs().get("out")));
        Map<String, Tensor> plans = new LinkedHashMap<>();
        callers.keySet().forEach(name -> plans.put(name, prepared.tensor(name)));
        problem.inputs().forEach((name, tensor) -> tensor.copyTo(plans.get(name)));
        List<Timing> inPlace = runs(prepared, plans);
        List<Timing> copied = runs(prepared, callers);
        for (Tensor out : List.of(plans.get("out"), callers.get("out"))) {
            Map<String, Tensor> result = new LinkedHashMap<>(problem.inputs());
            result.put("out", out);
            Accuracy accuracy = check.of(result);
            if (!accuracy.within(problem.dtype().tolerance())) {
                return unmeasured(Measurement.wrong(METHOD, device, spec.keys(), problem, timed.plans(), check.description(), accuracy, null));
            }
        }
        return new OverheadPoint(timed, inPlace, copied, first, compile, again);
    }

    private static OverheadPoint unmeasured(Measurement measurement) {
        return new OverheadPoint(measurement, List.of(), List.of(), Double.NaN, Double.NaN, Double.NaN);
    }

    /** Runs after a warm-up of as many; one more starts from an output without a value. */
    private List<Timing> runs(Prepared prepared, Map<String, Tensor> tensors) {
        time(prepared, tensors);
        List<Timing> runs = time(prepared, tensors);
        tensors.get("out").poison();
        prepared.run(tensors);
        return runs;
    }

    private List<Timing> time(Prepared prepared, Map<String, Tensor> tensors) {
        List<Timing> runs = new ArrayList<>();
        long start = System.nanoTime();
        while (runs.size() < protocol.fewest() || runs.size() < protocol.most() && System.nanoTime() - start < 1e9 * protocol.budgetSeconds()) {
            runs.add(prepared.run(tensors).timing());
        }
        return runs;
    }
}
