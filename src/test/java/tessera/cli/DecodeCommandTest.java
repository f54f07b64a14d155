package tessera.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.util.List;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.Test;
import tessera.AttentionSpec;
import tessera.Tessera;
import tessera.planner.Plan;
import tessera.planner.Planner;

/** The decode command as a user gives it. */
class DecodeCommandTest {
    private static final String SMALL = "decode --device jvm --budget 0.01 --heads 4 --kv-heads 2 --head-dim 8 ";

    private static Outcome decode(String options) {
        return Outcome.of((SMALL + options).strip().split(" "));
    }

    @Test
    void aTableBelowTheMachine() {
        Outcome outcome = decode("--keys 33,16");
        assertEquals(0, outcome.code(), outcome.err());
        List<String> lines = outcome.out().lines().toList();
        assertTrue(lines.getFirst().startsWith("jvm: ") && lines.getFirst().contains("JDK"), lines.getFirst());
        assertTrue(lines.get(2).matches("device +keys +plan +kernel ms +p10 +p90 +GB/s +copy GB/s +of copy +RMS +note"), lines.get(2));
        assertTrue(lines.get(3).matches("jvm +16  ATTN .*") && lines.get(4).matches("jvm +33  ATTN .*"), outcome.out());
        assertEquals(5, lines.size());
    }

    @Test
    void bandwidthIsBytesOverTheMedianTimeAndStandsBesideTheCopy() throws IOException {
        JsonNode document = decode("--batch 3 --keys 100 --format json").json();
        assertEquals("jvm", document.path("machine").path(0).path("device").asText());
        assertEquals(100, document.path("inputs").path(0).path("k").path(2).asInt());
        JsonNode row = document.path("measurements").path(0);
        assertTrue(row.path("verified").asBoolean(), row::toString);
        assertEquals("all 12 rows", row.path("checked").asText());
        assertEquals(4 * 3 * 8 * (4 + 2 * 2 * 100 + 4), row.path("bytes").asInt());
        assertTrue(row.path("kernelMillis").size() >= 5, row::toString);
        double rate = row.path("bytes").asDouble() / row.path("kernelMedian").asDouble() / 1e6;
        assertEquals(rate, row.path("gigabytesPerSecond").asDouble(), 1e-9 * rate);
        double share = rate / row.path("copyGigabytesPerSecond").asDouble();
        assertEquals(share, row.path("shareOfCopy").asDouble(), 1e-9 * share);
    }

    @Test
    void halfPrecisionIsCountedAsItIsStored() throws IOException {
        JsonNode rows = decode("--keys 100 --dtype f16 --all-plans --format json").json().path("measurements");
        rows.forEach(row -> {
            int stored = row.path("plan").asText().endsWith(" F16") ? 2 : 4;
            assertEquals(stored * 8 * (4 + 2 * 2 * 100) + 4 * 8 * 4, row.path("bytes").asInt(), row::toString);
        });
        assertTrue(StreamSupport.stream(rows.spliterator(), false).map(row -> row.path("bytes").asInt()).distinct().count() == 2, rows::toString);
    }

    @Test
    void everyLegalPlanOrThePlannersChoice() throws IOException {
        AttentionSpec spec = AttentionSpec.of(1, 4, 1, 8).kvHeads(2).keys(300).build();
        List<String> legal = Planner.candidates(spec, Tessera.device("jvm")).legal().stream().map(Plan::summary).toList();
        assertNotEquals(1, legal.size());
        assertEquals(legal, plans("--keys 300 --all-plans"));
        assertEquals(legal.subList(0, 1), plans("--keys 300"));
    }

    private static List<String> plans(String options) throws IOException {
        JsonNode rows = decode(options + " --format json").json().path("measurements");
        return StreamSupport.stream(rows.spliterator(), false).map(row -> row.path("plan").asText()).toList();
    }

    @Test
    void csvHasEverySample() {
        List<String> lines = decode("--keys 20 --format csv").out().lines().toList();
        assertEquals("device,batch,heads,kvHeads,keys,headDim,dtype,plan,verified,maxAbs,rms,checked,kernelMillis,transferMillis,totalMillis,"
                + "compileMillis,kernelMedian,kernelP10,kernelP90,bytes,gigabytesPerSecond,copyGigabytesPerSecond,shareOfCopy,reason", lines.getFirst());
        assertTrue(lines.get(1).startsWith("jvm,1,4,2,20,8,F32,ATTN "), lines.get(1));
        assertTrue(lines.get(1).split(",")[12].split(" ").length >= 5, lines.get(1));
    }
}
