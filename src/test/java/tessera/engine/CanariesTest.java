package tessera.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/** Outputs that nothing wrote. */
class CanariesTest {

    @Test
    void anOutputThatNothingWroteShows() {
        FloatArray written = new FloatArray(3);
        IntArray forgotten = new IntArray(1);
        Canaries canaries = new Canaries(new Program(List.of(), List.of(), List.of(), List.of(written, forgotten)));
        canaries.put();
        assertTrue(Float.isNaN(written.get(0)));
        written.set(0, Float.NaN);
        assertTrue(canaries.anyAlive());
        forgotten.set(0, 0);
        assertFalse(canaries.anyAlive());
    }

    @Test
    void whatGoesInAndComesOutKeepsItsValues() {
        FloatArray state = new FloatArray(2);
        state.set(0, 5);
        new Canaries(new Program(List.of(), List.of(state), List.of(), List.of(state))).put();
        assertEquals(5, state.get(0));
    }
}
