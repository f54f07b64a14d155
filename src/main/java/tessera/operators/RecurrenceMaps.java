package tessera.operators;

import java.util.Map;
import tessera.RecurrenceSpec;
import tessera.Tensor;
import tessera.UpdateRule.Correction;
import tessera.UpdateRule.Gate;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/** Which heads, gates and tokens belong to each state and output of a recurrence, as its kernels read it. */
final class RecurrenceMaps {
    private static final int OUTPUTS = 4;
    private static final int OF_STATE = 8;

    private final RecurrenceSpec spec;
    private final IntArray maps;
    private final int statesAt;

    RecurrenceMaps(RecurrenceSpec spec, int chunks) {
        this.spec = spec;
        int outputs = spec.batch() * spec.outHeads();
        statesAt = OUTPUTS + 2 * outputs;
        maps = new IntArray(statesAt + OF_STATE * spec.states());
        int group = spec.outHeads() / spec.stateHeads();
        maps.set(0, chunks);
        maps.set(1, group);
        maps.set(2, statesAt);
        maps.set(3, spec.length());
        for (int output = 0; output < outputs; output++) {
            int batch = output / spec.outHeads();
            maps.set(OUTPUTS + 2 * output, batch * spec.heads() + output % spec.outHeads() / (spec.outHeads() / spec.heads()));
            maps.set(OUTPUTS + 2 * output + 1, output / group);
        }
        for (int state = 0; state < spec.states(); state++) {
            int head = state % spec.stateHeads();
            int batch = spec.sequences() > 0 ? 0 : state / spec.stateHeads();
            int row = batch * spec.stateHeads() + head;
            int at = statesAt + OF_STATE * state;
            boolean ownKeys = spec.rule().correction() == Correction.DELTA;
            maps.set(at, ownKeys ? row : batch * spec.keyHeads() + head / (spec.stateHeads() / spec.keyHeads()));
            maps.set(at + 1, batch * spec.valueHeads() + head / (spec.stateHeads() / spec.valueHeads()));
            maps.set(at + 2, gateBase(row, head));
            maps.set(at + 3, row);
            maps.set(at + 4, 0);
            maps.set(at + 5, spec.length());
            maps.set(at + 6, row * group);
            maps.set(at + 7, head);
        }
    }

    private int gateBase(int row, int head) {
        return switch (spec.gate()) {
            case HEAD_CONST -> head;
            case KEY_CONST -> head * spec.keyDim();
            case HEAD_TOKEN -> row * spec.length();
            case KEY_TOKEN, KEY_VALUE -> row * spec.length() * spec.keyDim();
            default -> 0;
        };
    }

    /** How far apart the gates of two tokens lie. */
    int gateStep() {
        return switch (spec.gate()) {
            case HEAD_TOKEN -> 1;
            case KEY_TOKEN, KEY_VALUE -> spec.keyDim();
            default -> 0;
        };
    }

    /** How far apart the gates of two key channels lie. */
    int gateChannel() {
        return spec.gate() == Gate.KEY_CONST || spec.gate() == Gate.KEY_TOKEN || spec.gate() == Gate.KEY_VALUE ? 1 : 0;
    }

    IntArray array() {
        return maps;
    }

    /** @throws IllegalArgumentException if the starts of sequences do not begin at 0, never fall and end at the last token */
    void fill(Map<String, Tensor> tensors) {
        if (spec.sequences() == 0) {
            return;
        }
        IntArray starts = (IntArray) tensors.get("cuSeqlens").data();
        for (int s = 0; s < spec.sequences(); s++) {
            boolean fits = (s > 0 || starts.get(0) == 0) && starts.get(s + 1) >= starts.get(s)
                    && (s + 1 < spec.sequences() || starts.get(s + 1) == spec.length());
            if (!fits) {
                throw new IllegalArgumentException("cuSeqlens must begin at 0, never fall and end at length = " + spec.length() + ", got " + starts.get(s)
                        + " to " + starts.get(s + 1) + " at " + s);
            }
            for (int head = 0; head < spec.stateHeads(); head++) {
                int at = statesAt + OF_STATE * (s * spec.stateHeads() + head);
                maps.set(at + 4, starts.get(s));
                maps.set(at + 5, starts.get(s + 1));
            }
        }
    }
}
