package tessera.experiments;

import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import tessera.DType;
import tessera.Tensor;
import tessera.Tessera;
import tessera.TesseraException;
import tessera.engine.Device;
import tessera.io.onnx.OnnxProblem;
import tessera.planner.Candidates;
import tessera.planner.Planner;
import tessera.reference.Accuracy;
import tessera.reference.Expected;
import tessera.reference.Tolerance;

/**
 * What became of a test case on a device.
 *
 * @param accuracy null where nothing was computed
 * @param reason what failed or is not supported; null if it passed
 */
public record Conformance(Status status, Accuracy accuracy, String reason) {

    /** Passed, failed, or not something that can be computed there. */
    public enum Status {
        PASSED, FAILED, UNSUPPORTED;

        /** In lower case, as it is printed. */
        @Override
        public String toString() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /** Runs a case on a device, every data set of it, and compares element by element. */
    public static Conformance of(OnnxProblem problem, Device device) {
        return switch (problem) {
            case OnnxProblem.Unknown(String reason) -> new Conformance(Status.UNSUPPORTED, null, reason);
            case OnnxProblem.Sets sets -> {
                Conformance worst = new Conformance(Status.PASSED, Accuracy.EXACT, null);
                for (OnnxProblem.Known known : sets.all()) {
                    worst = worst.and(of(known, device));
                }
                yield worst;
            }
        };
    }

    private Conformance and(Conformance next) {
        return status != Status.PASSED ? this
                : next.status != Status.PASSED ? next : new Conformance(status, accuracy.worse(next.accuracy), null);
    }

    private static Conformance of(OnnxProblem.Known known, Device device) {
        Candidates candidates = Planner.candidates(known.spec(), device);
        if (candidates.legal().isEmpty()) {
            String limits = candidates.ruledOut().stream().map(Candidates.RuledOut::limit).distinct().collect(Collectors.joining("; "));
            return new Conformance(Status.UNSUPPORTED, null, limits.isEmpty() ? known.spec().operator() + " has no plan for it" : limits);
        }
        Map<String, Tensor> tensors = new LinkedHashMap<>(known.inputs());
        known.spec().outputs().forEach((name, shape) ->
                tensors.put(name, Tensor.zeros(known.spec().outputType(name), shape).fill(Float.NaN)));
        try (var prepared = Tessera.plan(known.spec(), device, candidates.legal().getFirst())) {
            Map<String, Tensor> outputs = new LinkedHashMap<>(prepared.run(tensors).outputs());
            outputs.putAll(known.made());
            return compare(outputs, known.expected());
        } catch (TesseraException e) {
            return new Conformance(Status.FAILED, null, e.getMessage());
        }
    }

    private static Conformance compare(Map<String, Tensor> outputs, Map<String, Tensor> expected) {
        Accuracy worst = Accuracy.EXACT;
        String reason = null;
        for (Map.Entry<String, Tensor> output : expected.entrySet()) {
            Tensor actual = outputs.get(output.getKey());
            Tensor wanted = output.getValue();
            if (!actual.shape().equals(wanted.shape())) {
                return new Conformance(Status.FAILED, null, output.getKey() + " has the shape " + actual.shape() + ", not " + wanted.shape());
            }
            int[] all = IntStream.range(0, wanted.shape().elements()).toArray();
            worst = worst.worse(Accuracy.of(actual, new Expected.Values(all, IntStream.of(all).mapToDouble(wanted::get).toArray())));
            Tolerance tolerance = Tolerance.of(wanted.dtype());
            long wrong = IntStream.of(all).filter(n -> !tolerance.allows(actual.get(n), wanted.get(n))).count();
            if (wrong > 0 && reason == null) {
                reason = String.format(Locale.ROOT, "%d of %d elements of %s differ by more than %.2g + %.2g |expected|", wrong, all.length,
                        output.getKey(), tolerance.absolute(), tolerance.relative());
            }
        }
        return new Conformance(reason == null ? Status.PASSED : Status.FAILED, worst, reason);
    }
}
