package tessera.planner;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.List;
import org.junit.jupiter.api.Test;
import tessera.AttentionSpec;
import tessera.Tessera;
import tessera.engine.Device;

class ExplanationTest {

    private static final Device DEVICE = Tessera.device("jvm");
    private static final AttentionSpec SPEC = AttentionSpec.of(2, 4, 100, 16).causal().build();

    @Test
    void theFirstLegalPlanIsTheChosenOne() {
        Explanation explanation = Explanation.of(SPEC, DEVICE, new DeviceProfile(DEVICE, 10, 100));
        assertEquals(Planner.plan(SPEC, DEVICE), explanation.legal().getFirst());
        assertEquals(true, explanation.rows().getFirst().get("chosen"));
        assertEquals(1, explanation.rows().stream().filter(row -> row.get("chosen").equals(true)).count());
        assertFalse(explanation.ruledOut().isEmpty());
        assertEquals(explanation.legal().size() + explanation.ruledOut().size(), explanation.rows().size());
    }

    @Test
    void theTextIsATable() {
        Explanation explanation = Explanation.of(SPEC, DEVICE, new DeviceProfile(DEVICE, 10, 100));
        List<String> lines = explanation.toString().lines().skip(3).toList();
        assertEquals(1 + explanation.rows().size(), lines.size());
        assertTrue(lines.get(0).matches(" +plan +predicted ms +operations +moved +memory +density +reason or limit"), lines.get(0));
        assertTrue(lines.get(1).startsWith("* " + Planner.plan(SPEC, DEVICE).summary()), lines.get(1));
        int reason = lines.get(0).indexOf("reason or limit");
        assertEquals(explanation.legal().getFirst().reason(), lines.get(1).substring(reason));
        String last = lines.getLast();
        assertTrue(last.startsWith("- " + explanation.ruledOut().getLast().plan()), last);
        assertEquals(explanation.ruledOut().getLast().limit(), last.substring(reason));
    }

    @Test
    void theTreeIsJson() {
        JsonNode json = new ObjectMapper().valueToTree(Explanation.of(SPEC, DEVICE, new DeviceProfile(DEVICE, 10, 100)).tree());
        assertEquals("ATTN", json.path("operator").asText());
        assertEquals(100, json.path("spec").path("queries").asInt());
        assertEquals("full", json.path("spec").path("mask").asText());
        JsonNode first = json.path("candidates").path(0);
        assertEquals("strips", first.path("variant").asText());
        assertTrue(first.path("predictedMillis").asDouble() > 0);
        assertTrue(first.path("density").asDouble() < 0.51);
        assertTrue(json.path("ruledOut").findValuesAsText("limit").stream().anyMatch(limit -> limit.contains("jvm")), json::toString);
    }

    @Test
    void withoutAProfileNothingIsPredicted() {
        Explanation explanation = Explanation.of(SPEC, DEVICE, null);
        assertNull(explanation.rows().getFirst().get("predictedMillis"));
        assertFalse(explanation.toString().contains("predicted"));
    }
}
