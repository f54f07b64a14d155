package tessera.engine.compiler;

import java.lang.reflect.Method;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import jdk.graal.compiler.lir.LIRInstruction;
import jdk.graal.compiler.lir.LIRInstructionClass;
import jdk.graal.compiler.lir.gen.LIRGeneratorTool;
import jdk.vm.ci.meta.AllocatableValue;
import jdk.vm.ci.meta.JavaKind;
import jdk.vm.ci.meta.PlatformKind;
import jdk.vm.ci.meta.Value;
import uk.ac.manchester.tornado.api.common.TornadoDevice;
import uk.ac.manchester.tornado.drivers.opencl.OCLDevice;
import uk.ac.manchester.tornado.drivers.opencl.graal.asm.OCLAssembler;
import uk.ac.manchester.tornado.drivers.opencl.graal.compiler.OCLCompilationResultBuilder;
import uk.ac.manchester.tornado.drivers.opencl.graal.compiler.OCLLIRGenerator;
import uk.ac.manchester.tornado.drivers.opencl.graal.lir.OCLKind;
import uk.ac.manchester.tornado.drivers.opencl.graal.lir.OCLLIRStmt;

/** Of the OpenCL backend: the text in an {@code asm} statement, which NVIDIA's compiler of OpenCL C takes as that of CUDA does. */
final class OpenClDialect implements Dialect {

    /** CL_DEVICE_COMPUTE_CAPABILITY_MAJOR_NV of cl_nv_device_attribute_query. */
    private static final int CAPABILITY_MAJOR = 0x4000;

    @Override
    public boolean has(TornadoDevice device) {
        return device.getPhysicalDevice() instanceof OCLDevice opencl && device.getPlatformName().contains("NVIDIA")
                && capability(opencl) >= TaughtCompiler.LEAST_CAPABILITY;
    }

    /** TornadoVM asks for facts of a device, but keeps this query to itself. */
    private static int capability(OCLDevice device) {
        byte[] answer = new byte[Integer.BYTES];
        try {
            Method query = OCLDevice.class.getDeclaredMethod("clGetDeviceInfo", long.class, int.class, byte[].class);
            query.setAccessible(true);
            query.invoke(null, device.getDevicePointer(), CAPABILITY_MAJOR, answer);
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException("cannot ask " + device.getDeviceName() + " for its compute capability", e);
        }
        return ByteBuffer.wrap(answer).order(ByteOrder.nativeOrder()).getInt();
    }

    @Override
    public boolean speaks(LIRGeneratorTool generator) {
        return generator instanceof OCLLIRGenerator;
    }

    @Override
    public PlatformKind kind(JavaKind kind) {
        return kind == JavaKind.Float ? OCLKind.FLOAT : OCLKind.INT;
    }

    @Override
    public LIRInstruction instruction(InstructionText text, AllocatableValue[] results, Value[] operands) {
        return new Statements.Asm(text, results, operands);
    }

    /** The class that an instruction must extend is protected in OCLLIRStmt. */
    private static final class Statements extends OCLLIRStmt {

        static final class Asm extends AbstractInstruction {
            public static final LIRInstructionClass<Asm> TYPE = LIRInstructionClass.create(Asm.class);
            @Def private AllocatableValue[] results;
            @Use private Value[] operands;
            private final InstructionText text;

            Asm(InstructionText text, AllocatableValue[] results, Value[] operands) {
                super(TYPE);
                this.text = text;
                this.results = results;
                this.operands = operands;
            }

            @Override
            public void emitCode(OCLCompilationResultBuilder builder, OCLAssembler assembler) {
                String body = text.fill(i -> "%" + i, i -> "%" + (results.length + i)).lines().map(String::strip).collect(Collectors.joining(" "));
                assembler.emitLine("asm volatile(\"" + body + "\" : " + list("=", results, assembler) + " : " + list("", operands, assembler)
                        + (text.touchesMemory() ? " : \"memory\");" : ");"));
            }

            private static String list(String access, Value[] values, OCLAssembler assembler) {
                return IntStream.range(0, values.length)
                        .mapToObj(i -> "\"" + access + constraint(values[i]) + "\"(" + assembler.toString(values[i]) + ")")
                        .collect(Collectors.joining(", "));
            }

            private static String constraint(Value value) {
                OCLKind kind = (OCLKind) value.getPlatformKind();
                return kind == OCLKind.FLOAT ? "f" : kind.getSizeInBytes() == Long.BYTES ? "l" : "r";
            }
        }
    }
}
