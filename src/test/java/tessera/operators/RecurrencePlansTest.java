package tessera.operators;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;
import tessera.RecurrenceSpec;
import tessera.Tessera;
import tessera.engine.Device;
import tessera.planner.Candidates;
import tessera.planner.Plan;
import tessera.planner.Planner;

/** Which form of the recurrence is chosen, and which chunks are ruled out. */
class RecurrencePlansTest {

    @Test
    void longSequencesAreChunkedAndShortOnesAreNot() {
        Device device = Tessera.device(Device.JVM);
        Plan prefill = Planner.plan(RecurrenceSpec.of(1, 4, 4096, 64).build(), device);
        assertEquals("GLR chunk chunk=32 F32", prefill.summary());
        assertTrue(prefill.reason().contains("the state takes 65,536 bytes, a key/value cache of 4,096 tokens 8,388,608 bytes"), prefill.reason());
        assertEquals("GLR recurrent F32", Planner.plan(RecurrenceSpec.of(1, 4, 1, 64).initialState().build(), device).summary());
    }

    @Test
    void statesThatNoArrayHoldsAreRuledOut() {
        RecurrenceSpec spec = RecurrenceSpec.of(1, 8, 1_000_000, 256).build();
        Candidates candidates = Operators.of(spec).plans(spec, Tessera.device(Device.JVM));
        assertEquals(List.of("recurrent"), candidates.legal().stream().map(Plan::variant).toList());
        assertEquals(6, candidates.ruledOut().size());
        assertEquals("matrix", candidates.ruledOut().getFirst().plan());
        candidates.ruledOut().subList(1, 5).forEach(r -> assertTrue(r.limit().contains("2^31 - 1"), r::toString));
        assertTrue(candidates.ruledOut().getLast().limit().contains("offered up to 4096 tokens"));
    }
}
