package tessera;

/** What the output {@code scores} holds; the modes of {@code qk_matmul_output} of ONNX's Attention, in its order. */
public enum ScoreStage {
    /** {@code scale * q·k}, of hidden keys too. */
    PRODUCT,
    /** After soft cap, biases and masks: minus infinity where a key is hidden. */
    MASKED,
    /** After the soft cap, of hidden keys too. */
    CAPPED,
    /** After the softmax: the weight of each value, 0 where a key is hidden. */
    WEIGHTS
}
