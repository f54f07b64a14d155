package tessera.reference;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import tessera.DType;

class ToleranceTest {

    @Test
    void elementsAreCloseRelativelyOrAbsolutely() {
        Tolerance float32 = Tolerance.of(DType.F32);
        assertTrue(float32.allows(1000.9, 1000) && float32.allows(9e-8, 0));
        assertFalse(float32.allows(1001.1, 1000) || float32.allows(2e-7, 0));
        assertTrue(Tolerance.of(DType.F16).allows(1 + 0x1p-9, 1) && Tolerance.of(DType.BF16).allows(1 + 0x1p-6, 1));
        assertFalse(Tolerance.of(DType.F16).allows(1 + 0x1p-7, 1));
    }

    @Test
    void whatIsNotFiniteEqualsItselfOnly() {
        Tolerance any = new Tolerance(1, 1);
        double infinity = Double.POSITIVE_INFINITY;
        assertTrue(any.allows(Double.NaN, Double.NaN) && any.allows(infinity, infinity) && any.allows(-infinity, -infinity));
        assertFalse(any.allows(Double.NaN, 0) || any.allows(0, Double.NaN) || any.allows(infinity, 0) || any.allows(-infinity, infinity));
    }
}
