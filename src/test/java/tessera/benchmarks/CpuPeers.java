package tessera.benchmarks;

import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.onnxruntime.OrtException;
import com.sun.management.OperatingSystemMXBean;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.junit.jupiter.api.Test;
import tessera.AttentionSpec;
import tessera.DType;
import tessera.Tensor;
import tessera.Tessera;
import tessera.engine.Device;
import tessera.engine.Engine;
import tessera.engine.Engines;
import tessera.engine.JvmEngine;
import tessera.experiments.Machine;
import tessera.experiments.Summary;
import tessera.operators.Operators;
import tessera.operators.Storage;
import tessera.planner.Plan;
import tessera.planner.Planner;
import tessera.planner.SelfCheck;
import tessera.reference.Accuracy;
import tessera.reference.Sample;

/**
 * Dense float32 attention on the CPU beside ONNX Runtime, taking turns in one process: by {@code mvn test -Dtest=CpuPeers}, not with the
 * other tests. System properties: {@code tessera.peers.lengths}, {@code .headDims}, {@code .heads} and {@code .rounds} say what;
 * {@code tessera.peers.record} names a file to write the result to.
 */
class CpuPeers {
    private static final OperatingSystemMXBean SYSTEM = (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
    private static final int CORES = Runtime.getRuntime().availableProcessors();
    private static final int HEADS = Integer.getInteger("tessera.peers.heads", 4);
    private static final int ROUNDS = Integer.getInteger("tessera.peers.rounds", 11);

    private static final int WARM_UP_ROUNDS = 6;

    /** Threads of another contender spin for a while when they have nothing to do. */
    private static final int PAUSE_MILLIS = 150;

    /** A sample runs on until there are as many, since CPU time is told in steps of 10 ms. */
    private static final double LEAST_OPERATIONS = 4e9;

    private static final List<String> HEADER = List.of("problem", "threads", "who", "ms", "p10", "p90", "GFLOP/s", "GFLOP per CPU s");

    /** Who computes the same, and what was measured of it. */
    private record Contender(String name, int threads, boolean ours, Runnable run, List<Double> millis, List<Double> cpuMillis) {
        Contender(String name, int threads, boolean ours, Runnable run) {
            this(name, threads, ours, run, new ArrayList<>(), new ArrayList<>());
        }

        void measure(int runs) {
            long cpu = SYSTEM.getProcessCpuTime();
            long start = System.nanoTime();
            for (int n = 0; n < runs; n++) {
                run.run();
            }
            millis.add((System.nanoTime() - start) / 1e6 / runs);
            cpuMillis.add((SYSTEM.getProcessCpuTime() - cpu) / 1e6 / runs);
        }

        Summary time() {
            return Summary.of(millis.stream().mapToDouble(Double::doubleValue).toArray());
        }

        double cpuTime() {
            return cpuMillis.stream().mapToDouble(Double::doubleValue).average().orElseThrow();
        }
    }

    private final StringBuilder report = new StringBuilder();

    @Test
    void denseAttention() throws Exception {
        List<Device> devices = Tessera.devices().stream().filter(device -> device.kind().equals("CPU")).toList();
        devices.forEach(device -> print(Machine.here(devices).line(device)));
        print("ONNX Runtime " + OnnxPeer.version() + ": the faster of its operator Attention and of two MatMul with a Softmax between them");
        print(HEADS + " heads, " + ROUNDS + " rounds in turn; operations are those of the pairs that are visible; load "
                + SYSTEM.getSystemLoadAverage() + " when it began\n");
        print("%-22s %7s  %-28s %8s %8s %8s %8s %15s".formatted(HEADER.toArray()));
        for (boolean causal : new boolean[] {true, false}) {
            for (String dim : System.getProperty("tessera.peers.headDims", "64,128").split(",")) {
                for (String length : System.getProperty("tessera.peers.lengths", "1024,2048").split(",")) {
                    var builder = AttentionSpec.of(1, HEADS, Integer.parseInt(length), Integer.parseInt(dim));
                    measure((causal ? builder.causal() : builder).build(), devices);
                }
            }
        }
        String record = System.getProperty("tessera.peers.record");
        if (record != null) {
            Files.writeString(Path.of(record), report);
        }
    }

    private void measure(AttentionSpec spec, List<Device> devices) throws OrtException, InterruptedException {
        Map<String, Tensor> tensors = new LinkedHashMap<>(SelfCheck.inputs(spec, 5));
        tensors.put("out", Tensor.zeros(DType.F32, spec.outputs().get("out")));
        List<AutoCloseable> open = new ArrayList<>();
        List<Contender> contenders = new ArrayList<>();
        for (int threads : CORES == 1 ? new int[] {1} : new int[] {1, CORES}) {
            for (Device device : devices) {
                if (device.isJvm() || threads == CORES) {
                    contenders.add(ours(spec, tensors, device, threads));
                }
            }
            OnnxPeer attention = OnnxPeer.attention(spec, tensors, threads);
            contenders.add(new Contender("ONNX Runtime, Attention", threads, false, attention::run));
            OnnxPeer products = OnnxPeer.products(spec, tensors, threads);
            contenders.add(new Contender("ONNX Runtime, products", threads, false, products::run));
            assertSame(spec, tensors, attention);
            assertSame(spec, tensors, products);
            open.addAll(List.of(attention, products));
        }
        for (int round = -WARM_UP_ROUNDS; round < ROUNDS; round++) {
            for (Contender contender : contenders) {
                Thread.sleep(PAUSE_MILLIS);
                contender.measure((int) Math.ceil(LEAST_OPERATIONS / operations(spec)));
                if (round < 0) {
                    contender.millis().clear();
                    contender.cpuMillis().clear();
                }
            }
        }
        print(spec, contenders);
        for (AutoCloseable peer : open) {
            ((OnnxPeer) peer).close();
        }
    }

    private static Contender ours(AttentionSpec spec, Map<String, Tensor> tensors, Device device, int threads) {
        Plan plan = Planner.plan(spec, device);
        Engine engine = device.isJvm() ? new JvmEngine(threads) : Engines.of(device);
        Engine.Session session = engine.prepare(device, Storage.bind(spec, plan, tensors));
        tensors.get("out").poison();
        session.run();
        Accuracy accuracy = Operators.of(spec).reference(spec, tensors, new Sample(50, 3)).compare(tensors);
        assertTrue(accuracy.within(DType.F32.tolerance()), accuracy::toString);
        return new Contender(device.id() + " " + plan.variant() + " " + plan.tuning(), threads, true, session::run);
    }

    /** That ONNX Runtime computes what was just computed by us. */
    private static void assertSame(AttentionSpec spec, Map<String, Tensor> tensors, OnnxPeer peer) throws OrtException {
        float[] out = peer.out();
        double error = 0;
        double size = 0;
        for (int n = 0; n < out.length; n++) {
            double expected = tensors.get("out").get(n);
            error += (out[n] - expected) * (out[n] - expected);
            size += expected * expected;
        }
        double rms = Math.sqrt(error / size);
        assertTrue(rms < 1e-5, () -> "ONNX Runtime differs by " + rms + " for " + spec);
    }

    private static double operations(AttentionSpec spec) {
        double pairs = spec.causal() ? (spec.queries() + 1) / 2.0 * spec.keys() : (double) spec.queries() * spec.keys();
        return 4.0 * spec.headDim() * spec.heads() * pairs;
    }

    private void print(AttentionSpec spec, List<Contender> contenders) {
        double operations = operations(spec);
        String problem = (spec.causal() ? "causal" : "full") + ", d=" + spec.headDim() + ", " + spec.queries();
        for (Contender c : contenders) {
            Summary time = c.time();
            print(String.format(Locale.ROOT, "%-22s %7d  %-28s %8.2f %8.2f %8.2f %8.1f %15.1f", problem, c.threads(), c.name(), time.median(), time.p10(),
                    time.p90(), operations / time.median() / 1e6, operations / c.cpuTime() / 1e6));
        }
        for (int threads : contenders.stream().mapToInt(Contender::threads).distinct().toArray()) {
            print(String.format(Locale.ROOT, "%-22s %7d  ours against ONNX Runtime: %.2f by time, %.2f by CPU time", problem, threads,
                    best(contenders, threads, false, false) / best(contenders, threads, true, false),
                    best(contenders, threads, false, true) / best(contenders, threads, true, true)));
        }
    }

    private static double best(List<Contender> contenders, int threads, boolean ours, boolean cpu) {
        return contenders.stream().filter(c -> c.threads() == threads && c.ours() == ours)
                .mapToDouble(c -> cpu ? c.cpuTime() : c.time().median()).min().orElseThrow();
    }

    private void print(String line) {
        System.out.println(line);
        report.append(line).append('\n');
    }
}
