package tessera.reference;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tessera.Estimator;
import tessera.Forced;
import tessera.SelectBuilder;
import tessera.SelectSpec;
import tessera.Tensor;
import tessera.planner.SelfCheck;

class SelectReferenceTest {

    private static SelectSpec spec(String name) {
        SelectBuilder builder = SelectSpec.of(2, 2, 100, 12).blocks(16, 8).causal().scores();
        return (switch (name) {
            case "means" -> builder.softmax().cover(0.8).share();
            case "per head" -> builder.softmax().cover(0.8).perHead();
            case "antidiagonal" -> builder.estimator(new Estimator.Antidiagonal(4)).topK(3);
            case "bounds" -> builder.estimator(new Estimator.MinMax()).topK(3);
            default -> builder.topK(2).forced(Forced.dissimilar(0.1f));
        }).build();
    }

    /** A sample of rows has the values that it has among all rows, though it alone is computed. */
    @ParameterizedTest
    @ValueSource(strings = {"means", "per head", "antidiagonal", "bounds", "forced"})
    void aSampleIsAPartOfTheWhole(String name) {
        SelectSpec spec = spec(name);
        Map<String, Tensor> inputs = SelfCheck.inputs(spec, 5);
        Expected some = SelectReference.compute(spec, inputs, new Sample(9, 3));
        SelectReference.compute(spec, inputs, Sample.ALL).outputs().forEach((output, values) -> {
            Map<Integer, Double> all = new HashMap<>();
            for (int n = 0; n < values.at().length; n++) {
                all.put(values.at()[n], values.value()[n]);
            }
            Expected.Values sampled = some.outputs().get(output);
            assertTrue(sampled.at().length > 0 && sampled.at().length < all.size(), output);
            for (int n = 0; n < sampled.at().length; n++) {
                assertEquals(all.get(sampled.at()[n]), sampled.value()[n], output);
            }
        });
    }
}
