package tessera.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.io.StringWriter;
import java.lang.annotation.Retention;
import java.lang.annotation.Target;
import java.lang.classfile.Attributes;
import java.lang.classfile.ClassFile;
import java.lang.classfile.FieldModel;
import java.lang.reflect.AnnotatedElement;
import java.lang.reflect.Member;
import java.lang.reflect.Modifier;
import java.lang.reflect.Type;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;

import javax.tools.JavaCompiler;
import javax.tools.StandardJavaFileManager;
import javax.tools.ToolProvider;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import uk.ac.manchester.tornado.api.KernelContext;

/** Everything public in our version of the TornadoVM API is in the real one, with the same signature. */
class TornadoApiParityTest {
    private static final Path SOURCES = Path.of("src", "tornado-api", "java");

    @Test
    void oursIsASubsetOfTheRealApi(@TempDir Path compiled) throws Exception {
        assumeTrue("tornadovm".equals(System.getProperty("tessera.flavour")),
                "needs the real tornado-api: build with TORNADOVM_HOME set");
        compile(compiled);
        List<String> names;
        try (Stream<Path> files = Files.walk(compiled)) {
            names = files.map(file -> compiled.relativize(file).toString().replace(File.separatorChar, '.'))
                    .filter(name -> name.endsWith(".class"))
                    .map(name -> name.substring(0, name.length() - ".class".length()))
                    .sorted().toList();
        }
        assertTrue(names.contains(KernelContext.class.getName()), "classes of ours: " + names);

        List<String> differences = new ArrayList<>();
        // no parent but the JVM itself: the platform loader would find the real classes in their module
        try (URLClassLoader loader = new URLClassLoader(new URL[] {compiled.toUri().toURL()}, null)) {
            for (String name : names) {
                Class<?> ours = loader.loadClass(name);
                Class<?> real;
                try {
                    real = Class.forName(name, false, KernelContext.class.getClassLoader());
                } catch (ClassNotFoundException e) {
                    differences.add("the real API has no class " + name);
                    continue;
                }
                assertTrue(ours != real, "two versions of " + name);
                compare(ours, real, differences);
            }
        }
        assertEquals("", String.join("\n", differences));
    }

    private static void compile(Path target) throws IOException {
        JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
        StringWriter messages = new StringWriter();
        try (StandardJavaFileManager files = compiler.getStandardFileManager(null, null, null);
                Stream<Path> sources = Files.walk(SOURCES)) {
            List<Path> java = sources.filter(file -> file.toString().endsWith(".java")).toList();
            List<String> options = List.of("-d", target.toString(), "-cp", target.toString(), "-proc:none");
            boolean done = compiler.getTask(messages, files, null, options, null,
                    files.getJavaFileObjectsFromPaths(java)).call();
            assertTrue(done, messages::toString);
        }
    }

    private static void compare(Class<?> ours, Class<?> real, List<String> differences) throws IOException {
        Set<String> missing = new TreeSet<>(signatures(ours));
        missing.removeAll(signatures(real));
        missing.forEach(signature -> differences.add(ours.getName() + ": not in the real API: " + signature));
        if (Modifier.isFinal(real.getModifiers()) && !Modifier.isFinal(ours.getModifiers())) {
            differences.add(ours.getName() + ": the real one is final");
        }
        if (ours.isEnum() && !Arrays.toString(ours.getEnumConstants()).equals(Arrays.toString(real.getEnumConstants()))) {
            differences.add(ours.getName() + ": the real constants are " + Arrays.toString(real.getEnumConstants()));
        }
    }

    /** What other code can see of a class, each on a line that ours may lack but not change. */
    private static Set<String> signatures(Class<?> type) throws IOException {
        Set<String> lines = new TreeSet<>();
        int kind = Modifier.PUBLIC | Modifier.PROTECTED | Modifier.STATIC | Modifier.ABSTRACT | Modifier.INTERFACE;
        lines.add(Modifier.toString(type.getModifiers() & kind) + " class, enum " + type.isEnum() + ", annotation "
                + type.isAnnotation() + ", parameters " + Arrays.toString(type.getTypeParameters()));
        lines.add("extends " + name(type.getGenericSuperclass()));
        Arrays.stream(type.getGenericInterfaces()).forEach(each -> lines.add("implements " + name(each)));
        lines.addAll(visible(type.getDeclaredFields(), field -> field.toGenericString()));
        lines.addAll(visible(type.getDeclaredConstructors(), constructor -> constructor.toGenericString()));
        lines.addAll(visible(type.getDeclaredMethods(), method -> method.toGenericString()));
        lines.addAll(constants(type));
        if (type.isAnnotation()) {
            lines.addAll(annotations(type));
        }
        return lines;
    }

    private static String name(Type type) {
        return type == null ? "nothing" : type.getTypeName();
    }

    private static <M extends Member> List<String> visible(M[] members, Function<M, String> text) {
        return Arrays.stream(members)
                .filter(member -> (member.getModifiers() & (Modifier.PUBLIC | Modifier.PROTECTED)) != 0)
                .filter(member -> !member.isSynthetic())
                .map(text)
                .toList();
    }

    /** Fields whose values the compiler copies into the classes that use them. */
    private static Set<String> constants(Class<?> type) throws IOException {
        String file = type.getName().substring(type.getPackageName().length() + 1) + ".class";
        try (InputStream bytes = type.getResourceAsStream(file)) {
            Set<String> constants = new TreeSet<>();
            for (FieldModel field : ClassFile.of().parse(bytes.readAllBytes()).fields()) {
                if ((field.flags().flagsMask() & (ClassFile.ACC_PUBLIC | ClassFile.ACC_PROTECTED)) == 0) {
                    continue;
                }
                field.findAttribute(Attributes.constantValue()).ifPresent(value -> constants.add(
                        "constant " + field.fieldName() + " = " + value.constant().constantValue()));
            }
            return constants;
        }
    }

    private static List<String> annotations(AnnotatedElement type) {
        return List.of("retention " + type.getAnnotation(Retention.class).value(),
                Arrays.stream(type.getAnnotation(Target.class).value()).map(Enum::name).sorted()
                        .collect(Collectors.joining(", ", "target ", "")));
    }
}
