package tessera;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ShapeTest {

    @Test
    void dimensionsCountFromEitherEnd() {
        Shape shape = Shape.of(2, 3, 5);
        assertEquals(3, shape.rank());
        assertEquals(30, shape.elements());
        assertEquals(2, shape.dim(0));
        assertEquals(5, shape.dim(-1));
        assertEquals("2x3x5", shape.toString());
        assertEquals("scalar", Shape.of().toString());
    }

    @Test
    void equalDimensionsMakeEqualShapes() {
        assertEquals(Shape.of(2, 3), Shape.of(2, 3));
        assertEquals(Shape.of(2, 3).hashCode(), Shape.of(2, 3).hashCode());
        assertNotEquals(Shape.of(2, 3), Shape.of(3, 2));
        assertNotEquals(Shape.of(6), Shape.of(6, 1));
    }

    @Test
    void theCallersArrayIsNotKept() {
        int[] dims = {2, 3};
        Shape shape = Shape.of(dims);
        dims[0] = 7;
        shape.dims()[1] = 7;
        assertArrayEquals(new int[] {2, 3}, shape.dims());
    }

    @ParameterizedTest
    @ValueSource(ints = {0, -1, Integer.MIN_VALUE})
    void dimensionsArePositive(int dim) {
        var error = assertThrows(IllegalArgumentException.class, () -> Shape.of(4, dim, 2));
        assertTrue(error.getMessage().contains("at least 1") && error.getMessage().contains("[4, " + dim + ", 2]"), error::getMessage);
    }

    @Test
    void moreElementsThanOneArrayHoldsAreRefusedWithAWayOut() {
        assertEquals(Integer.MAX_VALUE, Shape.of(Integer.MAX_VALUE).elements());
        for (int[] dims : new int[][] {{1 << 16, 1 << 15}, {1 << 30, 1 << 30, 1 << 30}, {Integer.MAX_VALUE, Integer.MAX_VALUE}}) {
            var error = assertThrows(IllegalArgumentException.class, () -> Shape.of(dims));
            assertTrue(error.getMessage().contains("2^31 - 1") && error.getMessage().contains("split"), error::getMessage);
        }
    }
}
