package uk.ac.manchester.tornado.api.enums;

/** The kinds of backend. */
public enum TornadoVMBackendType {
    OPENCL,
    METAL,
    PTX,
    CUDA,
    SPIRV,
    JAVA,
    VIRTUAL
}
