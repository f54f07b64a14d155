package tessera.reference;

import java.util.stream.DoubleStream;
import java.util.stream.IntStream;

/** Values with their positions, as they come. */
final class Collected {
    private final IntStream.Builder at = IntStream.builder();
    private final DoubleStream.Builder value = DoubleStream.builder();

    void add(int position, double[] values) {
        for (int n = 0; n < values.length; n++) {
            at.add(position + n);
            value.add(values[n]);
        }
    }

    Expected.Values values() {
        return new Expected.Values(at.build().toArray(), value.build().toArray());
    }
}
