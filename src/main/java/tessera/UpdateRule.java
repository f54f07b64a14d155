package tessera;

/**
 * How a linear recurrence changes its state and reads it:
 * {@code S_t = G_t S_{t-1} + b_t^T ((a_t S_{t-1}) c_t) + k_t^T v_t}, {@code z_t = G_t z_{t-1} + k_t},
 * {@code o_t = q_t S_t + (q_t u · k_t) v_t}, divided as the norm says.
 *
 * @param gate what the state decays by
 * @param correction what is added besides {@code k_t^T v_t}
 * @param norm what the result is divided by
 * @param readsPrevious whether {@code q_t} reads {@code S_{t-1}} and {@code z_{t-1}}
 * @param bonus whether there is an input {@code u [stateHeads, keyDim]}: the current token counts once more with this weight, in the
 *        normaliser too
 * @param inputGate whether there is an input {@code logInput [batch, stateHeads, length]}: keys are scaled by its exponential, and
 *        the state is kept divided by {@code e^m}, {@code m_t = max(log g_t + m_{t-1}, logInput_t)}, so that nothing overflows
 *        (xLSTM, arXiv:2405.04517)
 */
public record UpdateRule(Gate gate, Correction correction, Norm norm, boolean readsPrevious, boolean bonus, boolean inputGate) {

    /** {@code S_t = S_{t-1} + k_t^T v_t} (arXiv:2006.16236). */
    public static final UpdateRule LINEAR = new UpdateRule(Gate.NONE, Correction.NONE, Norm.NONE, false, false, false);

    /** What the decay of the state depends on, and so the inputs that hold its natural logarithm. */
    public enum Gate {
        /** No decay. */
        NONE,
        /** One constant for each head: {@code gate [stateHeads]}. */
        HEAD_CONST,
        /** One constant for each key channel: {@code gate [stateHeads, keyDim]}. */
        KEY_CONST,
        /** One value for each token and head: {@code gate [batch, stateHeads, length]}. */
        HEAD_TOKEN,
        /** One value for each token and key channel: {@code gate [batch, stateHeads, length, keyDim]}. */
        KEY_TOKEN,
        /** One value for each token and value channel: {@code valueGate [batch, stateHeads, length, valueDim]}. */
        VALUE_TOKEN,
        /** Both of the last two. */
        KEY_VALUE,
        /**
         * Element (i, j) of the state decays by {@code delta_t[j] rate[j, i]} (Mamba, arXiv:2312.00752): {@code delta [batch, stateHeads,
         * length, valueDim]}, {@code rate [stateHeads, valueDim, keyDim]}.
         */
        SSM,
        /**
         * Element (i, j) keeps {@code 1 - epsilon_t[j] k_t[i]^2}, not a logarithm (Longhorn, arXiv:2407.14207): {@code epsilon [batch,
         * stateHeads, length, valueDim]}.
         */
        IMPLICIT;

        /** Whether every value channel decays alike, so that decays belong to keys. */
        public boolean isOfKeys() {
            return ordinal() <= KEY_TOKEN.ordinal();
        }

        /** Whether one number decays the whole state. */
        public boolean isScalar() {
            return this == NONE || this == HEAD_CONST || this == HEAD_TOKEN;
        }
    }

    /** A change of rank one that depends on the state. */
    public enum Correction {
        /** None. */
        NONE,
        /**
         * The delta rule: {@code S' = G S}, {@code S = S' + beta_t k_t^T (v_t - k_t S')} with {@code beta [batch, stateHeads, length]}
         * (arXiv:2102.11174, arXiv:2412.06464).
         */
        DELTA,
        /** {@code a, b [batch, stateHeads, length, keyDim]}, c = 1 (RWKV-7, arXiv:2503.14456). */
        RANK_ONE,
        /** Also {@code c [batch, stateHeads, length, valueDim]} (Longhorn, arXiv:2407.14207). */
        RANK_ONE_BY_VALUE
    }

    /** What the result is divided by. */
    public enum Norm {
        /** Nothing; the query is scaled. */
        NONE,
        /** {@code q·z}; the result is 0 where that is exactly 0. */
        SUM,
        /** {@code max(|q·z|, 1)}, the 1 being {@code e^-m} of a state kept with an input gate (xLSTM, arXiv:2405.04517). */
        MAXABS
    }

    /** @throws IllegalArgumentException naming the parts that do not go together */
    public UpdateRule {
        Require.given("gate", gate, "correction", correction, "norm", norm);
        if (norm != Norm.NONE && !gate.isOfKeys()) {
            throw new IllegalArgumentException("a normaliser needs a gate of keys, so that it decays as its keys do, not " + gate);
        }
        if (correction != Correction.NONE && (!gate.isOfKeys() || norm != Norm.NONE || readsPrevious || inputGate)) {
            throw new IllegalArgumentException("a correction goes with a gate of keys, and with no norm, input gate or read of the previous state, got "
                    + gate + ", " + norm);
        }
        if (correction == Correction.DELTA && bonus) {
            throw new IllegalArgumentException("the delta rule has no bonus; give it as a correction of rank one");
        }
        if (inputGate && !gate.isScalar()) {
            throw new IllegalArgumentException("an input gate goes with a gate of NONE, HEAD_CONST or HEAD_TOKEN, not " + gate);
        }
    }
}
