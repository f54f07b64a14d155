package tessera;

/** What the output {@code scores} holds, in the order in which they come; the modes 0 to 3 of qk_matmul_output of ONNX's Attention. */
public enum ScoreStage {
    /** {@code scale * q·k}, of hidden keys too. */
    PRODUCT,
    /** After the soft cap, of hidden keys too. */
    CAPPED,
    /** After soft cap, biases and masks: minus infinity where a key is hidden. */
    MASKED,
    /** After the softmax: the weight of each value, 0 where a key is hidden. */
    WEIGHTS
}
