package tessera.specialise;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tessera.TesseraException;
import tessera.engine.Kernel;
import tessera.engine.Task;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;

/** What cannot be specialised is refused with the kernel, the line and the cause. */
class SpecialiserErrorsTest {

    @ParameterizedTest(name = "{0}")
    @CsvSource(delimiter = '|', textBlock = """
            unknownBound  | a loop is to be unrolled, but no known value ends it
            unknownStart  | d is to be unrolled, but its value is not known here
            unknownIndex  | the register array sum has an index that is not known; unroll the loop that counts it
            unknownLength | the length of the register array sum is not known
            outside       | the register array sum of length 16 has no element 16
            escapes       | the register array sum goes where only an ordinary array can
            exchanged     | goes where only an ordinary array can
            outOfReach    | hidden is called from another class: it must be public or annotated with @Inline
            recursive     | again is inlined into itself
            choice        | a switch over a value that is not known cannot be specialised
            division      | division by zero
            thrown        | a kernel cannot be specialised with
            noOverload    | there is no overload void UnspecialisableKernels.onlyArrays(float, float)
            ordinaryArray | the instruction UnspecialisableKernels.onlyArrays takes register arrays here
            """)
    void namesKernelLineAndCause(String name, String cause) {
        String message = refused(name);
        assertTrue(message.matches("kernel UnspecialisableKernels\\." + name + ", line \\d+: .*"), message);
        assertTrue(message.contains(cause), message);
    }

    @ParameterizedTest
    @CsvSource({"tooLarge", "endless"})
    void namesTheConstantsToLower(String name) {
        assertEquals("kernel UnspecialisableKernels." + name + ": unrolled, it does not fit into the 64 KB that a method may have;"
                + " unroll fewer loops or lower one of dim = 16", refused(name));
    }

    @Test
    void constantsAreNumbers() {
        Kernel kernel = Kernel.of(SampleKernels.class, "dot");
        assertThrows(IllegalArgumentException.class, () -> Specialiser.specialise(kernel, new Object[] {null, null, null, 1, null}));
        assertThrows(IllegalArgumentException.class, () -> Specialiser.specialise(kernel, new Object[] {null, null, null, 1}));
    }

    @Test
    void rowsAreNotSpecialised() {
        Task task = Task.rows("rows", Kernel.of(tessera.tasks.Copy.class, "rows"), 1, new FloatArray(1), new FloatArray(1));
        assertThrows(IllegalArgumentException.class, () -> Specialiser.specialise(task));
    }

    private static String refused(String name) {
        Kernel kernel = Kernel.of(UnspecialisableKernels.class, name);
        return assertThrows(TesseraException.class, () -> Specialiser.specialise(kernel, new Object[] {null, null, 3, 16})).getMessage();
    }
}
