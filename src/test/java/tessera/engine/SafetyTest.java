package tessera.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tessera.DType;
import tessera.Shape;
import tessera.Tensor;
import tessera.TesseraException;
import tessera.planner.SelfCheck;
import tessera.reference.Expected;

/** TornadoVM can be silently wrong; these are the cases that must be errors, on a real device of it. */
class SafetyTest {
    private static final int ROWS = 100;

    private Device device;
    private Tensor in;
    private Tensor out;

    @BeforeEach
    void setUp() {
        device = TornadoEngineTest.anyDevice();
        in = Tensor.random(Shape.of(ROWS), 3);
        out = Tensor.zeros(DType.F32, Shape.of(ROWS)).fill(Float.NaN);
    }

    private Program program(String kernel, Object... flags) {
        Object[] arguments = new Object[2 + flags.length];
        arguments[0] = in.data();
        arguments[1] = out.data();
        System.arraycopy(flags, 0, arguments, 2, flags.length);
        Task task = Task.rows(kernel, Kernel.of(BadKernels.class, kernel), ROWS, arguments);
        return new Program(List.of(task), List.of(in.data()), List.of(), List.of(out.data()));
    }

    private Expected doubled() {
        int[] at = IntStream.range(0, ROWS).toArray();
        return new Expected(Map.of("out", new Expected.Values(at, Arrays.stream(at).mapToDouble(i -> 2.0 * in.get(i)).toArray())));
    }

    private TesseraException runs(Program program) {
        return assertThrows(TesseraException.class, () -> {
            try (Engine.Session session = Engines.of(device).prepare(device, program)) {
                session.run();
            }
        });
    }

    @ParameterizedTest
    @ValueSource(strings = {"fused", "checked"})
    void aKernelThatCannotCompileIsAnErrorAndNeverAJavaRun(String kernel) {
        TesseraException e = runs(program(kernel));
        assertTrue(e.getMessage().contains("BadKernels." + kernel), e.getMessage());
        assertTrue(Float.isNaN(out.get(0)), "the kernel ran as Java");
    }

    @Test
    void aKernelThatTheDriverRefusesIsAnErrorAndNeverAJavaRun() {
        TesseraException e = runs(program("flagged", true));
        assertTrue(e.getMessage().contains("BadKernels.flagged"), e.getMessage());
        assertTrue(Float.isNaN(out.get(0)), "the kernel ran as Java");
    }

    @Test
    void otherKernelsRunAfterOneFailed() {
        runs(program("fused"));
        TesseraException e = assertThrows(TesseraException.class,
                () -> SelfCheck.run("wrong", program("wrong"), device, Map.of("out", out), doubled(), DType.F32));
        assertTrue(e.getMessage().contains("wrong results"), e.getMessage());
        assertEquals(2 * in.get(0), out.get(0), 1e-6);
    }

    @ParameterizedTest
    @ValueSource(strings = {"wrong", "partial"})
    void theSelfCheckFailsABrokenKernel(String kernel) {
        TesseraException e = assertThrows(TesseraException.class,
                () -> SelfCheck.run("the plan " + kernel, program(kernel), device, Map.of("out", out), doubled(), DType.F32));
        assertTrue(e.getMessage().startsWith("the plan " + kernel + " gives wrong results on " + device.id()), e.getMessage());
    }

    private Program grouped(int groupsX, int groupsY, int groupSize) {
        Task task = Task.tiles("grouped", Kernel.of(BadKernels.class, "grouped"), groupsX, groupsY, groupSize, in.data(), out.data());
        return new Program(List.of(task), List.of(in.data()), List.of(), List.of(out.data()));
    }

    @Test
    void aKernelTimeOfZeroIsAnError() {
        Map<String, Kernel> kernels = Map.of("wrong", Kernel.of(BadKernels.class, "wrong"));
        String log = """
                {"tessera": {"tessera.wrong": {"TASK_KERNEL_TIME": "%d"}}}""";
        TornadoSession.requireRun(kernels, device, 5, log.formatted(5));
        TornadoSession.requireRun(kernels, device, 5, "");
        for (Executable zero : List.<Executable>of(() -> TornadoSession.requireRun(kernels, device, 0, ""),
                () -> TornadoSession.requireRun(kernels, device, 5, log.formatted(0)))) {
            TesseraException e = assertThrows(TesseraException.class, zero);
            assertTrue(e.getMessage().startsWith("BadKernels.wrong did not run on " + device.id()), e.getMessage());
        }
    }

    @Test
    void groupsThatTheDeviceLacksAreRefusedBeforeCompiling() {
        int tooLarge = device.maxGroupSize() + 1;
        assertRefused(grouped(1, 1, tooLarge), "larger work-groups than the " + device.maxGroupSize());
        assertRefused(grouped(1, 65_536, 1), "more than the 65535 work-groups in y");
        assertRefused(grouped(10, 1, 0), "empty grid");
        assertRefused(grouped(0, 1, 10), "empty grid");
    }

    private void assertRefused(Program program, String why) {
        TesseraException e = assertThrows(TesseraException.class, () -> Engines.of(device).prepare(device, program));
        assertTrue(e.getMessage().contains(why), e.getMessage());
    }

    @Test
    void withoutTheSwitchAgainstJavaRunsNothingIsPrepared() {
        String set = System.setProperty("tornado.recover.bailout", "True");
        try {
            TesseraException e = assertThrows(TesseraException.class, () -> Engines.of(device).prepare(device, program("wrong")));
            assertTrue(e.getMessage().contains("-Dtornado.recover.bailout=False"), e.getMessage());
        } finally {
            System.setProperty("tornado.recover.bailout", set);
        }
    }
}
