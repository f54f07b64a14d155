package tessera;

/** Argument checks shared by the specs. */
final class Require {
    private Require() {
    }

    /** Name, value, name, value … : every value at least 1. */
    static void positive(Object... namesAndValues) {
        for (int i = 0; i < namesAndValues.length; i += 2) {
            if ((Integer) namesAndValues[i + 1] <= 0) {
                throw new IllegalArgumentException(namesAndValues[i] + " must be at least 1, got " + namesAndValues[i + 1]);
            }
        }
    }

    /** Name, value, name, value … : no value null. */
    static void given(Object... namesAndValues) {
        for (int i = 0; i < namesAndValues.length; i += 2) {
            if (namesAndValues[i + 1] == null) {
                throw new IllegalArgumentException(namesAndValues[i] + " must not be null");
            }
        }
    }

    static void finite(String name, float value) {
        if (!Float.isFinite(value)) {
            throw new IllegalArgumentException(name + " must be a finite number, got " + value);
        }
    }

    static void storage(DType dtype) {
        given("dtype", dtype);
        if (!dtype.isFloat()) {
            throw new IllegalArgumentException("dtype must be F32, F16 or BF16, got " + dtype);
        }
    }
}
