package tessera.tasks;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.File;
import java.io.IOException;
import java.io.StringWriter;
import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassModel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import javax.tools.JavaCompiler;
import javax.tools.StandardJavaFileManager;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import uk.ac.manchester.tornado.api.KernelContext;

/** Every kernel keeps to what TornadoVM can compile; and each rule catches a kernel that breaks it. */
class KernelDialectTest {
    private static final Path CLASSES = Path.of("target", System.getProperty("tessera.flavour", "jvm"), "classes");
    private static final Path SOURCES = Path.of("tornado-tasks");
    private static final JavaCompiler COMPILER = ToolProvider.getSystemJavaCompiler();
    private static final StandardJavaFileManager MANAGER = COMPILER.getStandardFileManager(null, null, null);

    @TempDir
    Path directory;

    @AfterAll
    static void close() throws IOException {
        MANAGER.close();
    }

    @Test
    void everyKernelKeepsTheRules() throws IOException {
        List<ClassModel> classes = new ArrayList<>();
        List<String> violations = new ArrayList<>();
        for (Path source : files(SOURCES, ".java")) {
            String name = SOURCES.relativize(source).toString().replace(".java", "");
            ClassModel model = ClassFile.of().parse(CLASSES.resolve(name + ".class"));
            classes.add(model);
            KernelSource.violations(Files.readString(source)).forEach(v -> violations.add(name + ": " + v));
        }
        violations.addAll(KernelDialect.violations(classes));
        assertTrue(classes.stream().flatMap(model -> model.methods().stream()).filter(KernelDialect::isKernel).count() >= 10);
        assertEquals("", String.join("\n", violations));
    }

    @Test
    void theGoodKernelIsGood() throws IOException {
        assertEquals(List.of(), violations(BadKernelSources.GOOD, "-g"));
        assertEquals(List.of(), violations(BadKernelSources.GOOD_TILES, "-g"));
        assertEquals(List.of(), violations(BadKernelSources.GOOD_SPECIALISED, "-g"));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("tessera.tasks.BadKernelSources#all")
    void eachRuleCatches(String rule, String source, String option) throws IOException {
        List<String> violations = violations(source, option);
        assertTrue(violations.stream().anyMatch(v -> v.contains(": " + rule)), violations::toString);
    }

    @ParameterizedTest
    @CsvSource({"Softmax, true", "RangeAttention, true", "FastWeights, true", "rows, true", "GLA, true", "isnan, false", "local, false",
        "dim3, false", "barrier, false", "__syncthreads, false", "Kernel, false", "AttentionFP16, false", "HalfAttention, false",
        "Int8Dot, false", "AttentionV2, false", "CudaAttention, false", "GPUAttention, false", "rows_f32, false", "AttentionOpt, false"})
    void reservedNames(String name, boolean allowed) {
        assertEquals(allowed, ReservedNames.allowed(name));
    }

    private List<String> violations(String source, String option) throws IOException {
        compile(source, option);
        List<ClassModel> classes = new ArrayList<>();
        for (Path file : files(directory, ".class")) {
            classes.add(ClassFile.of().parse(file));
        }
        List<String> violations = new ArrayList<>(KernelDialect.violations(classes));
        violations.addAll(KernelSource.violations(source));
        return violations;
    }

    private void compile(String source, String option) throws IOException {
        StringWriter messages = new StringWriter();
        Path file = Files.writeString(directory.resolve("Sample.java"), source);
        Path api = Path.of(KernelContext.class.getProtectionDomain().getCodeSource().getLocation().getPath());
        List<String> options = List.of("-d", directory.toString(), "-cp", CLASSES + File.pathSeparator + api, "-proc:none", option);
        boolean done = COMPILER.getTask(messages, MANAGER, null, options, null, MANAGER.getJavaFileObjects(file)).call();
        assertTrue(done, messages::toString);
    }

    private static List<Path> files(Path root, String ending) throws IOException {
        try (Stream<Path> files = Files.walk(root)) {
            return files.filter(file -> file.toString().endsWith(ending)).sorted().toList();
        }
    }
}
