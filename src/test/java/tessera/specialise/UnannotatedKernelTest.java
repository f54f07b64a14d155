package tessera.specialise;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import tessera.AttentionSpec;
import tessera.DType;
import tessera.Tensor;
import tessera.engine.Device;
import tessera.engine.Engines;
import tessera.engine.Program;
import tessera.engine.Task;
import tessera.operators.AttentionOperator;
import tessera.planner.Plan;
import tessera.planner.SelfCheck;

/** Kernels without any annotation come out as they went in. */
@ExtendWith(FreshKernels.class)
class UnannotatedKernelTest {
    private static final Device GPU = new Device("emulated", "threads", "emulated", "GPU", "-", 8, 1L << 32, 1L << 32, 48 << 10, 1024, false, false);

    @Test
    void attentionKernelsComputeTheSame() {
        assumeTrue(ModuleLayer.boot().findModule("tornado.runtime").isEmpty(), "the emulation is tested without TornadoVM");
        AttentionSpec prefill = AttentionSpec.of(1, 2, 33, 12).causal().lse().build();
        AttentionSpec decode = AttentionSpec.of(2, 4, 1, 16).kvHeads(2).keys(70).lse().build();
        for (AttentionSpec spec : List.of(prefill, decode)) {
            List<Plan> plans = new AttentionOperator().plans(spec, GPU).legal();
            assertTrue(plans.stream().anyMatch(plan -> plan.variant().equals("tiles") || plan.variant().equals("decode")), plans.toString());
            plans.forEach(plan -> assertSame(spec, plan));
        }
    }

    private static void assertSame(AttentionSpec spec, Plan plan) {
        Map<String, Tensor> plain = run(spec, plan, false);
        Map<String, Tensor> specialised = run(spec, plan, true);
        spec.outputs().keySet().forEach(name -> assertArrayEquals(plain.get(name).toArray(), specialised.get(name).toArray(), plan + " " + name));
    }

    private static Map<String, Tensor> run(AttentionSpec spec, Plan plan, boolean specialised) {
        Map<String, Tensor> tensors = new LinkedHashMap<>(SelfCheck.inputs(spec, 3));
        spec.outputs().forEach((name, shape) -> tensors.put(name, Tensor.zeros(DType.F32, shape).fill(Float.NaN)));
        Program program = new AttentionOperator().bind(spec, plan, tensors);
        List<Task> tasks = program.tasks().stream()
                .map(task -> specialised && task.groupSize() > 0 ? Specialiser.specialise(task) : task).toList();
        Device jvm = Engines.device(Device.JVM);
        Program same = new Program(tasks, program.inputs(), program.constants(), program.outputs(), program.start(), program.finish());
        try (var session = Engines.of(jvm).prepare(jvm, same)) {
            session.run();
        }
        return tensors;
    }
}
