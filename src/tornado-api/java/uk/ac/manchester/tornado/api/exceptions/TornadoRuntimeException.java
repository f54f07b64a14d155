package uk.ac.manchester.tornado.api.exceptions;

/** TornadoVM could not do what it was asked. */
public class TornadoRuntimeException extends RuntimeException {
    public TornadoRuntimeException(String message) {
        super(message);
    }

    public TornadoRuntimeException(Exception cause) {
        super(cause);
    }
}
