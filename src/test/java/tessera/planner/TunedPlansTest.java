package tessera.planner;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.stream.Collectors;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tessera.AttentionSpec;
import tessera.Tessera;
import tessera.TesseraException;
import tessera.engine.Device;

class TunedPlansTest {
    private static final Device JVM = Tessera.device("jvm");

    /** How often a process that keeps figures is killed. */
    private static final int KILLS = Integer.getInteger("tessera.kills", 8);

    @TempDir
    private Path folder;

    private static AttentionSpec spec(int length) {
        return AttentionSpec.of(1, 4, length, 64).causal().build();
    }

    private static List<Plan> legal(AttentionSpec spec) {
        return Planner.untuned(spec, JVM).legal();
    }

    private static TunedPlan figure(AttentionSpec spec, Plan plan, long... nanos) {
        return TunedPlan.of(JVM, spec, plan, LongStream.of(nanos).boxed().toList(), nanos.length == 0 ? "out of memory" : null, Instant.EPOCH);
    }

    @Test
    void figuresOutliveTheProcess() {
        AttentionSpec spec = spec(256);
        Plan plan = legal(spec).getFirst();
        TunedPlans kept = TunedPlans.in(folder);
        kept.add(figure(spec, plan, 5, 3, 4, 9));
        kept.reload();
        assertEquals(4.5, kept.find(spec, JVM, plan).median());
        assertNull(kept.find(spec(257), JVM, plan));
        kept.add(figure(spec, plan, 7));
        kept.reload();
        assertEquals(7, kept.find(spec, JVM, plan).median());
    }

    @Test
    void whatCannotBeReadIsRefusedAndTheRestIsUsed() throws IOException {
        AttentionSpec spec = spec(256);
        Plan plan = legal(spec).getFirst();
        TunedPlans kept = TunedPlans.in(folder);
        kept.add(figure(spec, plan, 5));
        Path good = folder.resolve("tuned").toFile().listFiles()[0].toPath();
        String json = Files.readString(good);
        String[] bad = {"", "{", "[]", "null", "{}", json.replace("\"edition\":1", "\"edition\":0"), json.replace("[5]", "[-5]"), json.replace("[5]", "[]"),
            json.replace("[5]", "[null]"), json.replace("[5]", "null")};
        for (int n = 0; n < bad.length; n++) {
            Files.writeString(good.resolveSibling("bad" + n + ".json"), bad[n]);
        }
        kept.reload();
        assertEquals(bad.length, kept.refused().size(), kept.refused()::toString);
        assertEquals(5, kept.find(spec, JVM, plan).median());
        assertEquals(bad.length + 1, kept.clear());
        assertNull(kept.find(spec, JVM, plan));
        assertTrue(kept.refused().isEmpty());
    }

    @Test
    void figuresTravelToTheSameKindOfDeviceOnly() throws IOException {
        AttentionSpec spec = spec(256);
        TunedPlans kept = TunedPlans.in(folder);
        legal(spec).forEach(plan -> kept.add(figure(spec, plan, 5)));
        Path file = folder.resolve("exported.json");
        assertEquals(legal(spec).size(), kept.exportTo(file));
        kept.clear();
        assertEquals(List.of(), kept.importFrom(file, List.of(JVM)));
        assertEquals(5, kept.find(spec, JVM, legal(spec).getLast()).median());
        kept.clear();
        Device other = new Device("jvm", "another", "jvm", "CPU", "1", 1, 1, 1, 0, 0, true);
        List<String> refused = kept.importFrom(file, List.of(other));
        assertEquals(legal(spec).size(), refused.size());
        assertTrue(refused.getFirst().contains("another"), refused::toString);
        Files.writeString(file, "{}");
        assertThrows(TesseraException.class, () -> kept.importFrom(file, List.of(JVM)));
        assertThrows(TesseraException.class, () -> kept.importFrom(folder.resolve("none.json"), List.of(JVM)));
        assertTrue(kept.all().stream().allMatch(kept::isShipped));
    }

    @Test
    void theFastestNearbyComesFirstAndWhatFailedLast() {
        AttentionSpec spec = spec(256);
        List<Plan> legal = legal(spec);
        assertTrue(legal.size() > 1, legal::toString);
        TunedPlans kept = TunedPlans.in(folder);
        kept.add(figure(spec, legal.getFirst(), 9_000_000));
        kept.add(figure(spec, legal.getLast(), 1_000_000));
        AttentionSpec near = spec(300);
        assertEquals(legal(near).getLast().summary(), Calibration.order(near, JVM, legal(near), kept, false).getFirst().summary());
        assertEquals(legal.getLast().summary(), Calibration.order(spec, JVM, legal, kept, false).getFirst().summary());
        assertEquals(legal, Calibration.order(spec, JVM, legal, kept, true), "its own figures are left out");
        AttentionSpec far = spec(16384);
        assertEquals(legal(far), Calibration.order(far, JVM, legal(far), kept, false), "too far away");
        kept.add(figure(spec, legal.getFirst()));
        assertEquals(legal.getFirst().summary(), Calibration.order(spec, JVM, legal, kept, false).getLast().summary());
    }

    @Test
    void theTimeExpectedGrowsWithTheWork() {
        TunedPlans kept = TunedPlans.in(folder);
        AttentionSpec spec = spec(256);
        Plan plan = legal(spec).getFirst();
        kept.add(figure(spec, plan, 1_000_000));
        AttentionSpec twice = AttentionSpec.of(1, 8, 256, 64).causal().build();
        assertEquals(2, Calibration.millis(twice, JVM, legal(twice).getFirst(), kept), 1e-6);
        assertNull(Calibration.millis(AttentionSpec.of(1, 4, 256, 128).causal().build(), JVM, plan, kept), "heads of another size");
    }

    /** A process that keeps figures and says so of each, until it is killed. */
    public static void main(String[] arguments) {
        TunedPlans kept = TunedPlans.in(Path.of(arguments[0]));
        for (int length = 64;; length++) {
            AttentionSpec spec = spec(length);
            Plan plan = legal(spec).getFirst();
            kept.add(figure(spec, plan, length));
            System.out.println(length);
        }
    }

    @Test
    void nothingFinishedIsLostWhenAProcessIsKilled() throws Exception {
        SplittableRandom random = new SplittableRandom(3);
        for (int kill = 0; kill < KILLS; kill++) {
            Path cache = Files.createDirectory(folder.resolve("kill" + kill));
            Path said = folder.resolve("said" + kill);
            Process process = new ProcessBuilder(Path.of(System.getProperty("java.home"), "bin", "java").toString(), "-XX:TieredStopAtLevel=1", "-cp",
                    System.getProperty("java.class.path"), TunedPlansTest.class.getName(), cache.toString())
                    .redirectError(ProcessBuilder.Redirect.DISCARD).redirectOutput(said.toFile()).start();
            while (Files.size(said) < 4 && process.isAlive()) {
                Thread.sleep(20);
            }
            Thread.sleep(random.nextInt(150));
            process.destroyForcibly().waitFor();
            String lines = Files.readString(said);
            Set<Integer> finished = lines.substring(0, lines.lastIndexOf('\n') + 1).lines().map(Integer::valueOf).collect(Collectors.toSet());
            TunedPlans kept = TunedPlans.in(cache);
            Set<Integer> found = kept.all().stream().filter(plan -> !kept.isShipped(plan)).map(plan -> (int) plan.median()).collect(Collectors.toSet());
            assertTrue(found.containsAll(finished), () -> "finished " + finished + ", found " + found);
            assertEquals(List.of(), kept.refused());
            assertFalse(finished.isEmpty());
        }
    }
}
