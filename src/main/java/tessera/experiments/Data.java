package tessera.experiments;

import java.util.Arrays;
import java.util.SplittableRandom;
import tessera.Shape;
import tessera.Tensor;

/** How q, k and v of a comparison are drawn; the same seed gives the same numbers. */
public enum Data {
    /** Standard normal. */
    RANDOM,

    /**
     * A mixture: each head has 16 standard normal centres. Runs of 32 tokens on average belong to one centre, around which their
     * queries and keys are normal with a deviation of 1/2. Values are standard normal.
     */
    CLUSTERED,

    /**
     * Standard normal, but for one direction of each head in which no query or key has any part. There lie a key, the needle, in the
     * second quarter of the tokens, and part of the last 4 queries: the product of the two, scaled, is 100. The needle's value is 10 in
     * every channel.
     */
    NEEDLE,

    /**
     * Standard normal, but one in 16 channels of a head, on average, has keys that are 10 to 30 times as large, and queries that are as much
     * smaller: scores are what they would have been. Language models have such channels (KIVI, arXiv:2402.02750).
     */
    OUTLIERS,

    /** Standard normal, but each channel of each head adds a constant to its keys, normal with a deviation of 8; softmax does not see it. */
    OFFSET;

    private static final int CHANNELS = 16;
    private static final double LEAST = 10;
    private static final double MOST = 30;
    private static final double OFFSETS = 8;
    private static final int CENTRES = 16;
    private static final int RUN = 32;
    private static final double DEVIATION = 0.5;
    private static final int SEEKERS = 4;
    private static final double SCORE = 100;
    private static final float VALUE = 10;

    Workload draw(int batch, int heads, int length, int headDim, long seed) {
        Shape shape = Shape.of(batch, heads, length, headDim);
        Tensor q = Tensor.random(shape, seed);
        Tensor k = Tensor.random(shape, seed + 1);
        Tensor v = Tensor.random(shape, seed + 2);
        SplittableRandom random = new SplittableRandom(seed + 3);
        Needle needle = null;
        if (this == CLUSTERED) {
            cluster(q, k, random);
        } else if (this == NEEDLE) {
            needle = plant(q, k, v, random);
        } else if (this == OUTLIERS || this == OFFSET) {
            change(q, k, random);
        }
        String how = switch (this) {
            case RANDOM -> "drawn from a normal distribution";
            case CLUSTERED -> "drawn from a mixture of " + CENTRES + " normal distributions";
            case NEEDLE -> "drawn from a normal distribution, with a needle for the last " + needle.queries() + " queries";
            case OUTLIERS -> "drawn from a normal distribution, with a few large channels of the keys";
            case OFFSET -> "drawn from a normal distribution, with a constant in each channel of the keys";
        };
        return new Workload(how + ", seed " + seed, q, k, v, null, false, needle);
    }

    private static void cluster(Tensor q, Tensor k, SplittableRandom random) {
        int length = q.shape().dim(2);
        int dim = q.shape().dim(3);
        for (int head = 0; head < q.shape().dim(0) * q.shape().dim(1); head++) {
            Tensor centres = Tensor.random(Shape.of(CENTRES, dim), random.nextLong());
            int centre = random.nextInt(CENTRES);
            for (int token = head * length; token < (head + 1) * length; token++) {
                centre = random.nextInt(RUN) == 0 ? random.nextInt(CENTRES) : centre;
                for (int c = 0; c < dim; c++) {
                    q.set(token * dim + c, (float) (centres.get(centre * dim + c) + DEVIATION * q.get(token * dim + c)));
                    k.set(token * dim + c, (float) (centres.get(centre * dim + c) + DEVIATION * k.get(token * dim + c)));
                }
            }
        }
    }

    private void change(Tensor q, Tensor k, SplittableRandom random) {
        int dim = q.shape().dim(3);
        int size = q.shape().dim(2) * dim;
        for (int channel = 0; channel < q.shape().elements() / size * dim; channel++) {
            boolean large = this == OUTLIERS && random.nextInt(CHANNELS) == 0;
            double factor = large ? random.nextDouble(LEAST, MOST) : 1;
            double constant = this == OFFSET ? OFFSETS * random.nextGaussian() : 0;
            for (int e = channel / dim * size + channel % dim; e < (channel / dim + 1) * size; e += dim) {
                q.set(e, (float) (q.get(e) / factor));
                k.set(e, (float) (factor * k.get(e) + constant));
            }
        }
    }

    private static Needle plant(Tensor q, Tensor k, Tensor v, SplittableRandom random) {
        int length = q.shape().dim(2);
        int dim = q.shape().dim(3);
        int seekers = Math.min(SEEKERS, length);
        double size = Math.sqrt(SCORE * Math.sqrt(dim));
        int[] keys = new int[q.shape().dim(0) * q.shape().dim(1)];
        for (int head = 0; head < keys.length; head++) {
            double[] direction = random.doubles(dim, -1, 1).toArray();
            double norm = Math.sqrt(Arrays.stream(direction).map(x -> x * x).sum());
            Arrays.setAll(direction, c -> direction[c] / norm);
            keys[head] = length / 4 + random.nextInt(Math.max(1, length / 4));
            int last = (head + 1) * length - 1;
            for (int token = head * length; token <= last; token++) {
                add(q, token * dim, direction, (token > last - seekers ? size : 0) - dot(q, token * dim, direction));
                add(k, token * dim, direction, -dot(k, token * dim, direction));
            }
            int needle = (head * length + keys[head]) * dim;
            for (int c = 0; c < dim; c++) {
                k.set(needle + c, (float) (size * direction[c]));
                v.set(needle + c, VALUE);
            }
        }
        return new Needle(keys, seekers);
    }

    private static double dot(Tensor x, int at, double[] direction) {
        double dot = 0;
        for (int c = 0; c < direction.length; c++) {
            dot += x.get(at + c) * direction[c];
        }
        return dot;
    }

    private static void add(Tensor x, int at, double[] direction, double factor) {
        for (int c = 0; c < direction.length; c++) {
            x.set(at + c, (float) (x.get(at + c) + factor * direction[c]));
        }
    }
}
