package tessera.engine.compiler;

import java.lang.reflect.Method;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import jdk.graal.compiler.asm.Assembler;
import jdk.graal.compiler.lir.gen.LIRGeneratorTool;
import jdk.vm.ci.meta.JavaKind;
import jdk.vm.ci.meta.PlatformKind;
import jdk.vm.ci.meta.Value;
import uk.ac.manchester.tornado.api.common.TornadoDevice;
import uk.ac.manchester.tornado.drivers.opencl.OCLDevice;
import uk.ac.manchester.tornado.drivers.opencl.graal.asm.OCLAssembler;
import uk.ac.manchester.tornado.drivers.opencl.graal.compiler.OCLLIRGenerator;
import uk.ac.manchester.tornado.drivers.opencl.graal.lir.OCLKind;

/** Of the OpenCL backend, on NVIDIA's devices. */
final class OpenClDialect extends AsmDialect {

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
    String name(Assembler<?> assembler, Value value) {
        return ((OCLAssembler) assembler).toString(value);
    }

    @Override
    void line(Assembler<?> assembler, String text) {
        ((OCLAssembler) assembler).emitLine(text);
    }
}
