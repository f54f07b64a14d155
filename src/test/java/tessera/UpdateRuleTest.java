package tessera;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import tessera.UpdateRule.Correction;
import tessera.UpdateRule.Gate;
import tessera.UpdateRule.Norm;
import tessera.engine.Device;

/** What goes together in a recurrence, and what it takes and gives. */
class UpdateRuleTest {

    private static RecurrenceBuilder recurrence() {
        return RecurrenceSpec.of(1, 4, 10, 8);
    }

    private static void refused(Runnable call, String words) {
        var error = assertThrows(IllegalArgumentException.class, call::run);
        assertTrue(error.getMessage().contains(words), error::getMessage);
    }

    @Test
    void whatDoesNotGoTogetherIsRefused() {
        refused(() -> recurrence().gate(Gate.VALUE_TOKEN).normalised(), "a normaliser needs a gate of keys");
        refused(() -> recurrence().gate(Gate.SSM).delta(), "a correction goes with a gate of keys");
        refused(() -> recurrence().delta().norm(Norm.SUM), "a correction goes with");
        refused(() -> recurrence().delta().bonus(), "the delta rule has no bonus");
        refused(() -> recurrence().gate(Gate.KEY_TOKEN).inputGate(), "an input gate goes with a gate of NONE");
        refused(() -> recurrence().gate(Gate.HEAD_CONST).bidirectional().build(), "without causality there is no gate");
        refused(() -> recurrence().weighted().finalState().build(), "weights between tokens go with");
        refused(() -> recurrence().keyHeads(3, 4).build(), "each number of heads must divide the larger ones");
        refused(() -> RecurrenceSpec.of(2, 4, 10, 8).ragged(2).build(), "a ragged batch must have batch = 1");
    }

    @Test
    void inputsAndOutputsFollowTheRule() {
        RecurrenceSpec spec = RecurrenceSpec.of(2, 8, 10, 6).keyHeads(2, 4).valueDim(5).gate(Gate.HEAD_TOKEN).inputGate().norm(Norm.MAXABS)
                .initialState().finalState().build();
        assertEquals("{q=2x8x10x6, k=2x2x10x6, v=2x4x10x5, gate=2x4x10, logInput=2x4x10, s0=2x4x6x5, z0=2x4x6, m0=2x4}", spec.inputs().toString());
        assertEquals("{out=2x8x10x5, s=2x4x6x5, z=2x4x6, m=2x4}", spec.outputs().toString());
        RecurrenceSpec ragged = recurrence().correction(Correction.RANK_ONE_BY_VALUE).ragged(3).finalState().build();
        assertEquals("{q=1x4x10x8, k=1x4x10x8, v=1x4x10x8, a=1x4x10x8, b=1x4x10x8, c=1x4x10x8, cuSeqlens=4}", ragged.inputs().toString());
        assertEquals("{out=1x4x10x8, s=3x4x8x8}", ragged.outputs().toString());
    }

    @Test
    void sequencesCoverAllTokens() {
        RecurrenceSpec spec = recurrence().ragged(2).build();
        Map<String, Tensor> inputs = new HashMap<>();
        spec.inputs().forEach((name, shape) -> inputs.put(name, Tensor.zeros(spec.type(name), shape)));
        inputs.get("cuSeqlens").set(1, 4);
        inputs.get("cuSeqlens").set(2, 9);
        try (var plan = Tessera.plan(spec, Tessera.device(Device.JVM))) {
            refused(() -> plan.run(inputs), "cuSeqlens must begin at 0, never fall and end at length = 10, got 4 to 9 at 1");
        }
    }
}
