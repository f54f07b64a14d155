package tessera.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.concurrent.Callable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine;
import tessera.engine.Device;
import tessera.Tessera;

/** Commands as a user gives them: what they print, their exit codes, and one sentence for what is wrong. */
class CommandLineTest {

    private static Outcome line(String arguments) {
        return Outcome.of(arguments.split(" "));
    }

    @ParameterizedTest
    @ValueSource(strings = {"devices", "plan", "run", "dense", "decode", "growth", "experiment", "layouts", "kvcache", "tune", "cache", "overhead", "verify", "conformance"})
    void helpShowsAnExample(String command) {
        Outcome help = Outcome.of(command, "--help");
        assertEquals(0, help.code());
        assertTrue(help.out().contains("Example: tessera " + command), help.out());
    }

    @Test
    void devicesListsEveryDevice() throws IOException {
        JsonNode devices = line("devices --no-measure --format json").json();
        assertEquals(Tessera.devices().size(), devices.size());
        assertEquals("jvm", devices.path(0).path("id").asText());
        assertTrue(devices.path(0).path("gigaflops").isNull());
        assertTrue(line("devices --device jvm --format json").json().path(0).path("gigaflops").asDouble() > 0);
        assertTrue(line("devices --no-measure").out().startsWith("id "));
        assertTrue(line("devices --no-measure --format csv").out().startsWith("id,name,backend,"));
    }

    @Test
    void planExplainsEveryCandidate() throws IOException {
        JsonNode plan = line("plan --length 2k --heads 4 --kv-heads 2 --causal --window 127,0 --sink 4 --device jvm --no-measure --format json").json();
        assertEquals(2048, plan.path(0).path("spec").path("keys").asInt());
        assertTrue(plan.path(0).path("chosen").asText().startsWith("ATTN strips RANGE "));
        JsonNode blocks = line("explain --length 100 --causal --window 15,0 --block-size 16 --device jvm --no-measure --format json").json();
        assertEquals("BSR", blocks.path(0).path("candidates").path(0).path("layout").asText());
        JsonNode recurrence = line("plan --operator recurrence --gate head-token --feature-map elu-plus-one --normalised --device jvm --format json").json();
        assertEquals("GLR", recurrence.path(0).path("operator").asText());
        assertTrue(recurrence.path(0).path("candidates").path(0).path("predictedMillis").asDouble() > 0);
        assertTrue(line("plan --device jvm --no-measure --causal=top-left --keys 2k").out().contains("* ATTN strips"));
        assertTrue(line("plan --device jvm --no-measure --format csv").out().startsWith("device,plan,chosen,"));
    }

    @Test
    void planSaysHowLongPlanningTakes() throws IOException {
        JsonNode time = line("plan --length 1k --causal --device jvm --time --format json").json().path(0);
        assertTrue(time.path("plan").asText().startsWith("ATTN "), time::toString);
        assertTrue(time.path("first ms").asDouble() > 0 && time.path("again ms").asDouble() > 0, time::toString);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', value = {
        "plam | unknown command 'plam'; did you mean 'plan'?",
        "plan --lenght 3 | unknown option '--lenght'; did you mean '--length'?",
        "plan extra | unexpected argument 'extra'",
        "plan --length 0 | queries must be at least 1",
        "plan --heads -2 | heads must be at least 1",
        "plan --length 5x | is not a length such as",
        "plan --length 8g | is not a length such as",
        "plan --length 4096m | past 2^31 - 1",
        "plan --length 4m --heads 64 | more than 2^31 - 1 elements",
        "plan --heads 3 --kv-heads 2 | kvHeads must divide heads",
        "plan --scale NaN | scale must be a finite number",
        "plan --scale Infinity | scale must be a finite number",
        "plan --scale much | '--scale'",
        "plan --window 3 | is not LEFT,RIGHT",
        "plan --window -5,0 | Invalid value for option '--window': a window needs",
        "plan --sink 4 | --sink needs a --window",
        "plan --global 0 | --global must be at least 1, got 0",
        "plan --stride 0 | a stride needs step >= 1",
        "plan --stride 2,3,4 | is not STEP or STEP,REACH",
        "plan --random 3 | --random needs --block-size",
        "plan --random 0 --block-size 8 | --random must be at least 1, got 0",
        "plan --neighbourhood 8x8 | is not SIZES,WINDOWS",
        "plan --neighbourhood 8x8,9x3 | a window of 1 to its size",
        "plan --neighbourhood 8x8,3x3 | 64 places, too few for 1024 keys",
        "plan --map-block 0 | --map-block must be at least 1, got 0",
        "plan --operator recurrence --map-block 8 | --map-block needs an attention",
        "plan --operator recurrence --stride 2 | --stride does not go with a recurrence",
        "layouts --length 0 | --length must be at least 1, got 0",
        "layouts --block-size 0 | --block-size must be at least 1, got 0",
        "layouts --runs 0 | --runs must be at least 1, got 0",
        "layouts --length 5x | is not a length such as",
        "plan --block-size 0 | --block-size must be at least 1",
        "plan --causal=middle | is not one of top-left",
        "plan --gate none | --gate does not go with an attention",
        "plan --gate decay | is not one of none",
        "plan --operator recurrence --causal | --causal does not go with a recurrence",
        "plan --operator recurrence --keys 3 | do not go with a recurrence",
        "plan --operator mamba | ATTENTION",
        "plan --dtype i8 | F32",
        "plan --dtype f99 | F32",
        "plan --format xml | [TABLE",
        "devices --device jwm | no device 'jwm'; did you mean 'jvm'?; present: jvm",
        "devices --device cuda:7 | no device 'cuda:7'",
        "run --input a --dry --device jvm,jvm | --device takes one device here",
        "run --input src/test/resources/reference-cases.safetensors --dry | has no tensor 'q'",
        "methods --device jvm | --device goes with --verify",
        "compare --heads 0 | --heads must be at least 1, got 0",
        "compare --head-dim -8 --lengths 4 | --head-dim must be at least 1, got -8",
        "decode --keys 0 | keys must be at least 1, got 0",
        "decode --keys 1k,5x | is not a length such as",
        "decode --keys 64k --batch 64k | more than 2^31 - 1 elements",
        "decode --heads 3 --kv-heads 2 | kvHeads must divide heads",
        "decode --dtype i8 | F32",
        "decode --budget 0 | the budget of a point must be above 0",
        "decode --device jwm | no device 'jwm'; did you mean 'jvm'?; present: jvm",
        "linear --lengths 0 | length must be at least 1, got 0",
        "linear --gate mamba | Invalid value for option '--gate'",
        "growth --lengths 0 | --lengths must be at least 1, got 0",
        "growth --lengths 1k,5x | Invalid value for option '--lengths'",
        "growth --contexts 1k,-2 | --contexts must be at least 1, got -2",
        "growth --chunk-length 0 | --chunk-length must be at least 1, got 0",
        "growth --slope-from 0 | --slope-from must be at least 1, got 0",
        "growth --heads 0 | --heads must be at least 1, got 0",
        "growth --lengths 1024m | more than 2^31 - 1 elements",
        "growth --gate mamba | Invalid value for option '--gate'",
        "growth --limit 0 | the limit of a point must be above 0 seconds, got 0",
        "growth --budget 0 | the budget of a point must be above 0",
        "growth --device jwm | no device 'jwm'; did you mean 'jvm'?; present: jvm",
        "verify | Missing required parameter: 'FILE'",
        "verify absent.safetensors | absent.safetensors",
        "conformance | Missing required parameter: 'DIR'",
        "conformance absent | cannot read absent"})
    void badInputIsOneSentence(String arguments, String reason) {
        line(arguments).assertRefused(reason);
    }

    @Test
    void aPlanWithoutSpecialisedKernelsSaysSo() {
        Outcome outcome = line("plan --length 17 --heads 1 --device jvm --no-measure --show-kernel");
        assertEquals(0, outcome.code());
        assertTrue(outcome.out().contains("jvm: no kernel of ATTN"), outcome.out());
        outcome = line("plan --length 17 --heads 1 --device jvm --no-measure --show-kernel --variant registers");
        assertTrue(outcome.out().contains("jvm: no plan of the variant registers"), outcome.out());
    }

    /** As Java sees it, and as the device's compiler does. */
    @Test
    void specialisedKernelsAreShownTwice() {
        for (Device device : Tessera.devices()) {
            if (!device.isJvm()) {
                Outcome outcome = line("plan --length 17 --heads 1 --head-dim 8 --no-measure --show-kernel --variant registers --device " + device.id());
                assertTrue(outcome.out().contains("invokestatic"), outcome.out());
                assertTrue(outcome.out().matches("(?s).*(__kernel void|\\.entry).*"), outcome.out());
            }
        }
    }

    @CommandLine.Command(name = "burst")
    record Burst(Error error) implements Callable<Integer> {
        @Override
        public Integer call() {
            throw error;
        }
    }

    private static String burst(Error error) {
        StringWriter err = new StringWriter();
        CommandLine line = Main.commandLine().addSubcommand(new Burst(error)).setErr(new PrintWriter(err));
        assertEquals(2, line.execute("burst"));
        return err.toString();
    }

    @Test
    void errorsOfTheMachineAreReportedToo() {
        assertEquals("tessera: not enough memory (heap); use smaller sizes, or give it more with TESSERA_OPTS=-Xmx…",
                burst(new OutOfMemoryError("heap")).strip());
        assertTrue(burst(new NoClassDefFoundError("X")).startsWith("tessera: java.lang.NoClassDefFoundError: X"));
    }

    @Test
    void noCommandIsRefused() {
        Outcome.of().assertRefused("Missing required subcommand", "tessera --help");
    }

    @Test
    void verboseShowsWhere() {
        Outcome failed = line("plan --length 0 --verbose");
        assertEquals(2, failed.code());
        assertTrue(failed.err().contains("at tessera."), failed.err());
        assertNotEquals(1, failed.err().lines().count());
    }
}
