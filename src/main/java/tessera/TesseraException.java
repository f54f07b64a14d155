package tessera;

/** Something that cannot be done here; the message names the cause and a way out, and is fit to show to a user. */
public class TesseraException extends RuntimeException {
    public TesseraException(String message) {
        super(message);
    }

    public TesseraException(String message, Throwable cause) {
        super(message, cause);
    }
}
