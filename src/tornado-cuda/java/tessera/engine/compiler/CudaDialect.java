package tessera.engine.compiler;

import jdk.graal.compiler.asm.Assembler;
import jdk.graal.compiler.lir.gen.LIRGeneratorTool;
import jdk.vm.ci.meta.JavaKind;
import jdk.vm.ci.meta.PlatformKind;
import jdk.vm.ci.meta.Value;
import uk.ac.manchester.tornado.api.common.TornadoDevice;
import uk.ac.manchester.tornado.drivers.cuda.CUDADevice;
import uk.ac.manchester.tornado.drivers.cuda.graal.asm.CUDAAssembler;
import uk.ac.manchester.tornado.drivers.cuda.graal.compiler.CUDALIRGenerator;
import uk.ac.manchester.tornado.drivers.cuda.graal.lir.CUDAKind;

/** Of the CUDA backend. */
final class CudaDialect extends AsmDialect {

    @Override
    public boolean has(TornadoDevice device) {
        return device.getPhysicalDevice() instanceof CUDADevice cuda && cuda.getComputeCapabilityMajor() >= TaughtCompiler.LEAST_CAPABILITY;
    }

    @Override
    public boolean speaks(LIRGeneratorTool generator) {
        return generator instanceof CUDALIRGenerator;
    }

    @Override
    public PlatformKind kind(JavaKind kind) {
        return kind == JavaKind.Float ? CUDAKind.FLOAT : CUDAKind.INT;
    }

    @Override
    String name(Assembler<?> assembler, Value value) {
        return ((CUDAAssembler) assembler).toString(value);
    }

    @Override
    void line(Assembler<?> assembler, String text) {
        ((CUDAAssembler) assembler).emitLine(text);
    }
}
