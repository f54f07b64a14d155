package tessera.engine;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.Collectors;
import tessera.TesseraException;
import uk.ac.manchester.tornado.api.GridScheduler;
import uk.ac.manchester.tornado.api.TaskGraph;
import uk.ac.manchester.tornado.api.TornadoExecutionPlan;
import uk.ac.manchester.tornado.api.TornadoProfilerResult;
import uk.ac.manchester.tornado.api.common.TornadoDevice;
import uk.ac.manchester.tornado.api.enums.DataTransferMode;
import uk.ac.manchester.tornado.api.enums.ProfilerMode;
import uk.ac.manchester.tornado.api.exceptions.TornadoExecutionPlanException;

/** A program as a task graph of TornadoVM on one device. */
final class TornadoSession implements Engine.Session {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String GRAPH = "tessera";

    private final Device device;
    private final Program program;
    private final Map<String, Kernel> kernels = new LinkedHashMap<>();
    private final TornadoExecutionPlan plan;
    private final Canaries canaries;
    private boolean ran;
    private boolean profiled = true;
    private TesseraException failure;

    TornadoSession(Device device, TornadoDevice target, Program program) {
        this.device = device;
        this.program = program;
        canaries = new Canaries(program);
        TaskGraph graph = new TaskGraph(GRAPH);
        GridScheduler grids = new GridScheduler();
        graph.transferToDevice(DataTransferMode.EVERY_EXECUTION, program.inputs().toArray());
        graph.transferToDevice(DataTransferMode.FIRST_EXECUTION, program.constants().toArray());
        // TornadoVM frees only what is in a transfer; other arrays would stay on the device, their pages pinned
        graph.transferToDevice(DataTransferMode.FIRST_EXECUTION, program.scratch().toArray());
        for (Launch launch : Launch.of(program, device)) {
            kernels.put(launch.id(), launch.kernel());
            TaskCode.add(graph, launch.id(), launch.kernel(), launch.arguments());
            if (launch.grid() != null) {
                grids.addWorkerGrid(GRAPH + "." + launch.id(), launch.grid());
            }
        }
        graph.transferToHost(DataTransferMode.EVERY_EXECUTION, program.outputs().toArray());
        TornadoExecutionPlan onDevice = new TornadoExecutionPlan(graph.snapshot()).withDevice(target).withProfiler(ProfilerMode.SILENT);
        plan = grids.keySet().isEmpty() ? onDevice : onDevice.withGridScheduler(grids);
    }

    @Override
    public Timing run(boolean timed) {
        if (failure != null) {
            throw failure;
        }
        long start = System.nanoTime();
        profile(timed || !ran);
        program.start().run();
        canaries.put();
        TornadoProfilerResult profile;
        try {
            profile = plan.execute().getProfilerResult();
            if (profiled) {
                requireRun(kernels, device, profile.getDeviceKernelTime(), ran ? "" : profile.getProfileLog());
            }
            if (canaries.anyAlive()) {
                throw new TesseraException("nothing came back from " + device + " after " + names(kernels) + "; an earlier fault of a kernel may"
                        + " have stopped the device for this process: start anew");
            }
            ran = true;
        } catch (VirtualMachineError e) {
            throw e;
        } catch (RuntimeException | Error e) {
            failure = e instanceof TesseraException t ? t
                    : new TesseraException(names(kernels) + " failed on " + device + ": " + reason(e), e);
            throw failure;
        }
        long onHost = System.nanoTime();
        program.finish().run();
        long end = System.nanoTime();
        if (!profiled) {
            return Timing.of(end - start);
        }
        long transfer = profile.getDeviceWriteTime() + profile.getDeviceReadTime();
        return new Timing(profile.getDeviceKernelTime() + end - onHost, transfer, profile.getCompileTime(), end - start);
    }

    /** TornadoVM's profiler waits for every single step, and writes a log. */
    private void profile(boolean wanted) {
        if (wanted != profiled) {
            if (wanted) {
                plan.withProfiler(ProfilerMode.SILENT);
            } else {
                plan.withoutProfiler();
            }
            profiled = wanted;
        }
    }

    /** TornadoVM prints it while it compiles. */
    @Override
    public String source() {
        PrintStream terminal = System.out;
        ByteArrayOutputStream printed = new ByteArrayOutputStream();
        System.setOut(new PrintStream(printed, true, StandardCharsets.UTF_8));
        try {
            plan.withPrintKernel();
            run();
        } finally {
            System.setOut(terminal);
        }
        return printed.toString(StandardCharsets.UTF_8);
    }

    /**
     * A kernel that took no time did not run on the device, whatever the outputs hold.
     *
     * @param kernels by the ids of their tasks
     * @param log TornadoVM's profile as JSON, or empty to look at the total only
     */
    static void requireRun(Map<String, Kernel> kernels, Device device, long kernelTime, String log) {
        if (kernelTime <= 0) {
            throw notRun(names(kernels), device);
        }
        try {
            JsonNode times = JSON.readTree(log).path(GRAPH);
            kernels.forEach((id, kernel) -> {
                if (times.path(GRAPH + "." + id).path("TASK_KERNEL_TIME").asLong(1) <= 0) {
                    throw notRun(kernel.toString(), device);
                }
            });
        } catch (JsonProcessingException e) {
            throw new TesseraException("TornadoVM's profile is not readable: " + e.getOriginalMessage(), e);
        }
    }

    private static TesseraException notRun(String kernels, Device device) {
        return new TesseraException(kernels + " did not run on " + device + ": TornadoVM reports a kernel time of 0 ns");
    }

    private static String names(Map<String, Kernel> kernels) {
        return kernels.values().stream().map(Kernel::toString).distinct().collect(Collectors.joining(" or "));
    }

    /** The innermost cause on one line; TornadoVM colours its messages and puts stack traces into them. */
    static String reason(Throwable e) {
        Throwable cause = e;
        while (cause.getCause() != null) {
            cause = cause.getCause();
        }
        String message = cause.getMessage() == null ? cause.getClass().getSimpleName() : cause.getMessage();
        String plain = message.replaceAll("\u001B\\[[0-9;]*m", "").replaceAll("\\s+", " ").strip();
        return plain.replaceFirst(" ?Stacktrace:.*", "").replaceFirst("^Bailout is disabled. Reason: ", "");
    }

    @Override
    public void close() {
        try {
            plan.close();
        } catch (TornadoExecutionPlanException e) {
            throw new TesseraException("cannot free memory of " + device + ": " + reason(e), e);
        }
    }
}
