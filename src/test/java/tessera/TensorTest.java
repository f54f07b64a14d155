package tessera;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;

class TensorTest {

    @ParameterizedTest
    @EnumSource(DType.class)
    void zerosAreZeroAndAsLargeAsTheTypeSays(DType dtype) {
        Tensor tensor = Tensor.zeros(dtype, Shape.of(3, 7));
        assertArrayEquals(new float[21], tensor.toArray());
        assertEquals(21L * dtype.bytes(), tensor.data().getSegment().byteSize());
        assertEquals(dtype + "[3x7]", tensor.toString());
    }

    @ParameterizedTest
    @EnumSource(DType.class)
    void smallIntegersSurviveEveryType(DType dtype) {
        Tensor source = Tensor.of(Shape.of(2, 3), 0, 1, -1, 100, -128, 127);
        Tensor stored = source.to(dtype);
        assertEquals(dtype, stored.dtype());
        assertArrayEquals(source.toArray(), stored.to(DType.F32).toArray());
    }

    @ParameterizedTest
    @CsvSource({
        // type, stored, read back
        "F16, 1.00048828125, 1.0", "F16, 65504, 65504", "F16, 65520, Infinity", "F16, 5.9604645e-8, 5.9604645e-8", "F16, 1e-9, 0",
        "F16, -Infinity, -Infinity", "F16, NaN, NaN", "BF16, 3.0e38, 2.9908e38", "BF16, 1.01171875, 1.0156250", "BF16, Infinity, Infinity",
        "BF16, NaN, NaN", "I8, 1.4, 1", "I8, -1.6, -2", "I8, 1000, 127", "I8, -1000, -128", "I8, NaN, 0", "I32, 2.5, 3", "I32, -2.6, -3",
        "I32, 1e20, 2147483647"})
    void valuesAreRoundedToTheType(DType dtype, float value, float readBack) {
        Tensor tensor = Tensor.zeros(dtype, Shape.of(1));
        tensor.set(0, value);
        float tolerance = dtype == DType.BF16 && Float.isFinite(readBack) ? readBack * 0.0079f : 0;
        assertEquals(readBack, tensor.get(0), tolerance);
    }

    @Test
    void sixteenBitRoundingIsWithinHalfASpacing() {
        Tensor values = Tensor.random(Shape.of(500), 9);
        Tensor half = values.to(DType.F16);
        Tensor brain = values.to(DType.BF16);
        for (int i = 0; i < 500; i++) {
            float x = values.get(i);
            assertEquals(Float.float16ToFloat(Float.floatToFloat16(x)), half.get(i));
            // TornadoVM's own class rounds some ties the other way, by one spacing at most
            assertEquals(x, brain.get(i), Math.abs(x) / 128);
        }
    }

    @Test
    void valuesMustFillTheShape() {
        var error = assertThrows(IllegalArgumentException.class, () -> Tensor.of(Shape.of(2, 2), 1, 2, 3));
        assertEquals("shape 2x2 needs 4 values, got 3", error.getMessage());
    }

    @Test
    void theSameSeedGivesTheSameTensor() {
        assertArrayEquals(Tensor.random(Shape.of(50), 4).toArray(), Tensor.random(Shape.of(5, 10), 4).toArray());
        double mean = 0;
        double square = 0;
        for (float x : Tensor.random(Shape.of(10_000), 5).toArray()) {
            mean += x / 10_000;
            square += x * x / 10_000;
        }
        assertEquals(0, mean, 0.05);
        assertEquals(1, square, 0.05);
    }

    @Test
    void aCopyHasMemoryOfItsOwnAndAViewDoesNot() {
        Tensor tensor = Tensor.of(Shape.of(2, 2), 1, 2, 3, 4);
        assertSame(tensor, tensor.to(DType.F32));
        Tensor copy = Tensor.zeros(2, 2);
        tensor.copyTo(copy);
        Tensor view = tensor.reshape(4);
        tensor.fill(9);
        assertArrayEquals(new float[] {1, 2, 3, 4}, copy.toArray());
        assertArrayEquals(new float[] {9, 9, 9, 9}, view.toArray());
        assertSame(tensor.data(), view.data());
        assertNotSame(tensor.data(), copy.data());
        assertEquals(9, ((FloatArray) tensor.data()).get(3));
    }

    @Test
    void differentShapesDoNotMix() {
        var copy = assertThrows(IllegalArgumentException.class, () -> Tensor.zeros(2, 3).copyTo(Tensor.zeros(3, 2)));
        assertEquals("cannot copy 2x3 into 3x2", copy.getMessage());
        var view = assertThrows(IllegalArgumentException.class, () -> Tensor.zeros(2, 3).reshape(4));
        assertEquals("cannot view 2x3 as 4", view.getMessage());
    }

    @Test
    void typeNamesAreReadInAnyCase() {
        assertEquals(DType.BF16, DType.parse("bf16"));
        var error = assertThrows(IllegalArgumentException.class, () -> DType.parse("F64"));
        assertTrue(error.getMessage().contains("F64") && error.getMessage().contains("F32, F16, BF16, I8, I32"), error::getMessage);
    }

    @Test
    void tooLargeATensorSaysHowToGetMemory() {
        var error = assertThrows(TesseraException.class, () -> Tensor.zeros(DType.F32, Shape.of(Integer.MAX_VALUE)));
        assertTrue(error.getMessage().contains("8191 MiB") && error.getMessage().contains("-Xmx"), error::getMessage);
    }
}
