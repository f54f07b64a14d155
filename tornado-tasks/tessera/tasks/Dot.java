package tessera.tasks;

import uk.ac.manchester.tornado.api.types.arrays.FloatArray;

/** Inner product of two contiguous rows; every compiler inlines it into the kernel that calls it. */
public final class Dot {
    private Dot() {
    }

    /** {@code sum_c a[aBase + c] * b[bBase + c]}, in four partial sums so that the additions do not wait for each other. */
    public static float dot(FloatArray a, int aBase, FloatArray b, int bBase, int size) {
        float s0 = 0.0f;
        float s1 = 0.0f;
        float s2 = 0.0f;
        float s3 = 0.0f;
        int body = size & ~3;
        for (int c = 0; c < body; c += 4) {
            s0 += a.get(aBase + c) * b.get(bBase + c);
            s1 += a.get(aBase + c + 1) * b.get(bBase + c + 1);
            s2 += a.get(aBase + c + 2) * b.get(bBase + c + 2);
            s3 += a.get(aBase + c + 3) * b.get(bBase + c + 3);
        }
        for (int c = body; c < size; c++) {
            s0 += a.get(aBase + c) * b.get(bBase + c);
        }
        return (s0 + s1) + (s2 + s3);
    }

    /** {@code sum_c a[c] * b[bBase + c]} with a private array. */
    public static float dot(float[] a, FloatArray b, int bBase, int size) {
        float s0 = 0.0f;
        float s1 = 0.0f;
        float s2 = 0.0f;
        float s3 = 0.0f;
        int body = size & ~3;
        for (int c = 0; c < body; c += 4) {
            s0 += a[c] * b.get(bBase + c);
            s1 += a[c + 1] * b.get(bBase + c + 1);
            s2 += a[c + 2] * b.get(bBase + c + 2);
            s3 += a[c + 3] * b.get(bBase + c + 3);
        }
        for (int c = body; c < size; c++) {
            s0 += a[c] * b.get(bBase + c);
        }
        return (s0 + s1) + (s2 + s3);
    }
}
