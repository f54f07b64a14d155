package tessera.specialise;

import java.io.IOException;
import java.io.InputStream;
import java.lang.classfile.ClassFile;
import java.lang.classfile.CodeModel;
import java.lang.constant.ClassDesc;
import java.lang.constant.MethodTypeDesc;
import java.lang.invoke.MethodType;
import java.lang.reflect.Method;
import java.util.LinkedHashMap;
import java.util.Map;
import tessera.TesseraException;

/** The class files of kernels and of what they inline. */
final class ClassSources {
    private final ClassLoader loader;
    private final Map<Class<?>, byte[]> files = new LinkedHashMap<>();

    ClassSources(ClassLoader loader) {
        this.loader = loader;
    }

    /** Those read so far. */
    Map<Class<?>, byte[]> files() {
        return files;
    }

    byte[] read(Class<?> owner) {
        return files.computeIfAbsent(owner, type -> {
            try (InputStream in = type.getResourceAsStream(type.getName().substring(type.getPackageName().length() + 1) + ".class")) {
                return in.readAllBytes();
            } catch (IOException | NullPointerException e) {
                throw new TesseraException("no class file of " + type.getName() + " on the class path", e);
            }
        });
    }

    /** A method's code, with labels that no other call returns. */
    CodeModel code(Method method) {
        String type = type(method).descriptorString();
        return ClassFile.of().parse(read(method.getDeclaringClass())).methods().stream()
                .filter(m -> m.methodName().equalsString(method.getName()) && m.methodType().equalsString(type))
                .findFirst().flatMap(m -> m.code()).orElseThrow();
    }

    static MethodTypeDesc type(Method method) {
        return MethodType.methodType(method.getReturnType(), method.getParameterTypes()).describeConstable().orElseThrow();
    }

    /** The method that an instruction calls, or null if there is none such. */
    Method method(ClassDesc owner, String name, String type) {
        try {
            String binary = owner.descriptorString().substring(1, owner.descriptorString().length() - 1).replace('/', '.');
            Class<?> found = Class.forName(binary, false, loader);
            return found.getDeclaredMethod(name, MethodType.fromMethodDescriptorString(type, loader).parameterArray());
        } catch (ClassNotFoundException | NoSuchMethodException e) {
            return null;
        }
    }
}
