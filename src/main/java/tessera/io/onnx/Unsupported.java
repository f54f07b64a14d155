package tessera.io.onnx;

/** A case asks for something that no operator of ours computes; the message says what. */
final class Unsupported extends Exception {
    Unsupported(String message) {
        super(message, null, false, false);
    }
}
