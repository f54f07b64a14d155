package tessera.operators;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import tessera.DType;
import tessera.Shape;
import tessera.Tensor;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.TornadoNativeArray;

/** The inputs of a program that are given, and constants in the place of those that are not. */
final class GivenInputs {
    private final Map<String, Tensor> tensors;
    private final List<TornadoNativeArray> inputs = new ArrayList<>();
    private final List<TornadoNativeArray> constants = new ArrayList<>();

    GivenInputs(Map<String, Tensor> tensors) {
        this.tensors = tensors;
    }

    FloatArray of(String name) {
        FloatArray array = (FloatArray) tensors.get(name).data();
        inputs.add(array);
        return array;
    }

    /** That input, or {@code count} times {@code value}. */
    FloatArray or(String name, int count, float value) {
        if (tensors.containsKey(name)) {
            return of(name);
        }
        FloatArray array = (FloatArray) Tensor.zeros(DType.F32, Shape.of(count)).fill(value).data();
        constants.add(array);
        return array;
    }

    List<TornadoNativeArray> inputs() {
        return inputs;
    }

    List<TornadoNativeArray> constants() {
        return constants;
    }
}
