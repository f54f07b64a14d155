package tessera.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The shell script that starts the program, with a Java that only prints its arguments. */
class LauncherTest {
    private static final Path SCRIPT = Path.of("src", "main", "dist", "bin", "tessera").toAbsolutePath();

    @TempDir
    private Path folder;

    @BeforeEach
    void fakeJava() throws IOException {
        assumeTrue(Files.isExecutable(Path.of("/bin/sh")), "needs a POSIX shell");
        Path java = Files.createDirectories(folder.resolve("jdk/bin")).resolve("java");
        Files.writeString(java, "#!/bin/sh\nfor a in \"$@\"; do echo \"$a\"; done\n");
        assertTrue(java.toFile().setExecutable(true));
        Files.writeString(folder.resolve("jdk/release"), "JAVA_VERSION=\"25.0.1\"\n");
    }

    private record Output(int code, List<String> lines) {
    }

    private Output start(Map<String, String> environment, String... arguments) throws IOException, InterruptedException {
        ProcessBuilder builder = new ProcessBuilder("/bin/sh", SCRIPT.toString());
        builder.command().addAll(List.of(arguments));
        builder.environment().remove("TORNADOVM_HOME");
        builder.environment().put("JAVA_HOME", folder.resolve("jdk").toString());
        builder.environment().putAll(environment);
        Process process = builder.redirectErrorStream(true).start();
        List<String> lines = new String(process.getInputStream().readAllBytes()).lines().toList();
        return new Output(process.waitFor(), lines);
    }

    @Test
    void startsOnThePlainJvm() throws Exception {
        Output output = start(Map.of("TESSERA_OPTS", "-Xmx1g -Dx=y"), "devices", "--format", "a b");
        assertEquals(0, output.code());
        int main = output.lines().indexOf("tessera.cli.Main");
        assertEquals(List.of("devices", "--format", "a b"), output.lines().subList(main + 1, output.lines().size()));
        assertTrue(output.lines().subList(0, main).containsAll(List.of("-Xmx1g", "-Dx=y")), output.toString());
        assertTrue(output.lines().stream().noneMatch(line -> line.startsWith("@") || line.startsWith("-Dtornado")), output.toString());
    }

    @Test
    void startsOnTornadoVmAndNeverOnTheWorkingDirectory() throws Exception {
        Path argfile = folder.resolve("tornado-argfile");
        Files.writeString(argfile, "-server\n--module-path .:/sdk/modules\n--add-modules ALL-SYSTEM\n");
        Output output = start(Map.of("TORNADOVM_HOME", folder.toString()), "devices");
        assertEquals(0, output.code());
        assertTrue(output.lines().containsAll(List.of("@" + argfile, "@" + SCRIPT.getParent().resolveSibling("etc/compiler-argfile"))), output.toString());
        assertEquals("/sdk/modules", output.lines().get(output.lines().indexOf("--module-path") + 1));
        assertTrue(output.lines().contains("-Dtornado.recover.bailout=False"), output.toString());
    }

    @Test
    void theFolderOfSpecialisedKernelsIsMadeAndOnTheClassPath() throws Exception {
        Path cache = folder.resolve("cache");
        assertTrue(classPath(Map.of("TESSERA_CACHE", cache.toString())).endsWith("/lib/*:" + cache + "/kernels"));
        assertTrue(Files.isDirectory(cache.resolve("kernels")));
        Map<String, String> shared = Map.of("TESSERA_CACHE", "", "XDG_CACHE_HOME", cache.toString());
        assertTrue(classPath(shared).endsWith("/lib/*:" + cache + "/tessera/kernels"));
        Map<String, String> home = Map.of("TESSERA_CACHE", "", "XDG_CACHE_HOME", "", "HOME", folder.toString());
        assertTrue(classPath(home).endsWith("/lib/*:" + folder + "/.cache/tessera/kernels"));
        Path file = Files.createFile(folder.resolve("file"));
        assertTrue(classPath(Map.of("TESSERA_CACHE", file.toString())).endsWith("/lib/*"));
    }

    private String classPath(Map<String, String> environment) throws IOException, InterruptedException {
        Output output = start(environment, "devices");
        return output.lines().get(output.lines().indexOf("-cp") + 1);
    }

    @Test
    void theCompilersThatThereAreAreOpenedToTheExtension() throws Exception {
        Files.writeString(folder.resolve("tornado-argfile"), "-server\n");
        Path modules = Files.createDirectories(folder.resolve("share/java/tornado"));
        assertEquals(List.of("compiler-argfile"), openedCompilers());
        Files.createFile(modules.resolve("tornado-drivers-opencl-5.2.0-jdk25.jar"));
        assertEquals(List.of("compiler-argfile", "opencl-argfile"), openedCompilers());
        Files.createFile(modules.resolve("tornado-drivers-ptx-5.2.0-jdk25.jar"));
        assertEquals(List.of("compiler-argfile", "opencl-argfile", "ptx-argfile"), openedCompilers());
        Files.createFile(modules.resolve("tornado-drivers-cuda-5.2.0-jdk25.jar"));
        assertEquals(List.of("compiler-argfile", "cuda-argfile", "opencl-argfile", "ptx-argfile"), openedCompilers());
    }

    private List<String> openedCompilers() throws IOException, InterruptedException {
        String etc = "@" + SCRIPT.toRealPath().getParent().resolveSibling("etc") + "/";
        Output output = start(Map.of("TORNADOVM_HOME", folder.toString()), "devices");
        List<String> files = output.lines().stream().filter(line -> line.startsWith(etc)).map(line -> line.substring(1)).toList();
        files.forEach(file -> assertTrue(Files.isReadable(Path.of(file)), file));
        return files.stream().map(file -> file.substring(etc.length() - 1)).distinct().sorted().toList();
    }

    @Test
    void thePlainLocaleBecomesUtf8AndOthersStay() throws Exception {
        Files.writeString(folder.resolve("jdk/bin/java"), "#!/bin/sh\necho \"$LC_ALL\"\n");
        assertEquals(List.of("C.UTF-8"), start(Map.of("LC_ALL", "C")).lines());
        assertEquals(List.of("C.UTF-8"), start(Map.of("LC_ALL", "", "LC_CTYPE", "", "LANG", "")).lines());
        assertEquals(List.of("de_DE.UTF-8"), start(Map.of("LC_ALL", "de_DE.UTF-8")).lines());
    }

    @Test
    void aWrongTornadoVmIsNamed() throws Exception {
        Output nowhere = start(Map.of("TORNADOVM_HOME", "/no/such/folder"), "devices");
        assertEquals(2, nowhere.code());
        assertTrue(nowhere.lines().getLast().startsWith("tessera: TORNADOVM_HOME is /no/such/folder, which is no folder"), nowhere.toString());
        Output empty = start(Map.of("TORNADOVM_HOME", folder.toString()), "devices");
        assertEquals(2, empty.code());
        assertTrue(empty.lines().getLast().contains("which has no tornado-argfile"), empty.toString());
    }
}
