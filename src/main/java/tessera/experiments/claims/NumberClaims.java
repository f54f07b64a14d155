package tessera.experiments.claims;

import static tessera.experiments.claims.Finding.row;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.apache.commons.math3.linear.RealMatrix;

/** Claims about rounded keys and about bounds of scores, tested in double precision. */
final class NumberClaims {
    static final List<Claim> ALL = List.of(
            Claim.exact("V15", "Keys should be quantised by channel, values by token", "arXiv:2402.02750",
                    "error of scores with keys in 2 bits by channel and by token, where a few channels are large and where none is; confirmed if by "
                    + "channel is better in both, conditional if only with large ones", setting -> axes(setting.random())),
            Claim.exact("V16", "Taking the mean of the keys away makes attention in 8 bits more exact", "arXiv:2410.02367",
                    "error of attention weights with keys in 8 bits by token, with and without, where channels have an offset and where they have none; "
                    + "confirmed if it is better in both, conditional if only with offsets", setting -> smoothing(setting.random())),
            Claim.exact("V18", "Quest's bound never misses the best key of a page", "arXiv:2406.10774",
                    "bound from the least and the largest element of each channel of a page, beside the largest score in it, over 10,000 drawn pages; "
                    + "confirmed if it is never below", setting -> bound(setting.random())));

    private NumberClaims() {
    }

    /** Keys of 64 tokens, some channels of which are large. */
    private static RealMatrix keys(SplittableRandom random, int large, double factor) {
        RealMatrix drawn = Matrices.random(64, 32, random);
        return Matrices.of(64, 32, (i, j) -> drawn.getEntry(i, j) * (j < large ? factor : 1));
    }

    /** Rounded to so many levels between the least and the largest element of each row. */
    private static RealMatrix rounded(RealMatrix x, int levels) {
        RealMatrix result = x.copy();
        for (int i = 0; i < x.getRowDimension(); i++) {
            double least = x.getRowVector(i).getMinValue();
            double step = (x.getRowVector(i).getMaxValue() - least) / (levels - 1);
            for (int j = 0; j < x.getColumnDimension(); j++) {
                result.setEntry(i, j, least + step * Math.rint((x.getEntry(i, j) - least) / step));
            }
        }
        return result;
    }

    private static Finding axes(SplittableRandom random) {
        List<Map<String, Object>> rows = new ArrayList<>();
        double[] better = new double[2];
        for (int large = 0; large <= 1; large++) {
            RealMatrix k = keys(random, 2 * large, 20);
            double channel = Matrices.error(rounded(k.transpose(), 4).transpose(), k);
            double token = Matrices.error(rounded(k, 4), k);
            RealMatrix q = Matrices.random(64, 32, random);
            double channelScores = Matrices.error(q.multiply(rounded(k.transpose(), 4)), q.multiply(k.transpose()));
            double tokenScores = Matrices.error(q.multiply(rounded(k, 4).transpose()), q.multiply(k.transpose()));
            better[large] = tokenScores / channelScores;
            rows.add(row("large channels", 2 * large, "by channel, keys", channel, "by token, keys", token, "by channel, scores", channelScores,
                    "by token, scores", tokenScores));
        }
        return axes(better[0], better[1]).with(rows);
    }

    /** Errors of scores by token over those by channel. */
    static Finding axes(double plain, double large) {
        Verdict verdict = large <= 1 ? Verdict.REFUTED : plain > 1.05 ? Verdict.CONFIRMED : Verdict.CONDITIONAL;
        return Finding.of(verdict, "scores with keys in 2 bits by token are %.1f times as far off as by channel where two of 32 channels are large, and "
                + "%.2f times where none is", large, plain);
    }

    private static Finding smoothing(SplittableRandom random) {
        List<Map<String, Object>> rows = new ArrayList<>();
        double[] better = new double[2];
        for (int offset = 0; offset <= 1; offset++) {
            RealMatrix q = Matrices.random(64, 32, random);
            RealMatrix drawn = Matrices.random(64, 32, random);
            RealMatrix offsets = Matrices.random(1, 32, random).scalarMultiply(8.0 * offset);
            RealMatrix k = Matrices.of(64, 32, (i, j) -> drawn.getEntry(i, j) + offsets.getEntry(0, j));
            double[] means = IntStream.range(0, 32).mapToDouble(j -> IntStream.range(0, 64).mapToDouble(i -> k.getEntry(i, j)).average().orElseThrow())
                    .toArray();
            RealMatrix centred = Matrices.of(64, 32, (i, j) -> k.getEntry(i, j) - means[j]);
            RealMatrix exact = weights(q, k);
            double plain = Matrices.error(weights(q, rounded(k, 255)), exact);
            double smooth = Matrices.error(weights(q, rounded(centred, 255)), exact);
            better[offset] = plain / smooth;
            rows.add(row("offsets", offset == 1 ? "normal, deviation 8" : "none", "as they are", plain, "mean taken away", smooth));
        }
        return smoothing(better[0], better[1]).with(rows);
    }

    private static RealMatrix weights(RealMatrix q, RealMatrix k) {
        return Matrices.softmax(q.multiply(k.transpose()).scalarMultiply(1 / Math.sqrt(q.getColumnDimension())));
    }

    /** Errors without over those with. */
    static Finding smoothing(double plain, double offset) {
        Verdict verdict = offset <= 1 ? Verdict.REFUTED : plain > 1.05 ? Verdict.CONFIRMED : Verdict.CONDITIONAL;
        return Finding.of(verdict, "attention weights are %.1f times as far off without it where channels have offsets, and %.2f times where they have none",
                offset, plain);
    }

    private static Finding bound(SplittableRandom random) {
        int missed = 0;
        double slack = 0;
        int pages = 10_000;
        for (int page = 0; page < pages; page++) {
            RealMatrix k = Matrices.random(16, 8, random);
            RealMatrix q = Matrices.random(8, 1, random);
            double most = k.multiply(q).getColumnVector(0).getMaxValue();
            double bound = IntStream.range(0, 8).mapToDouble(c -> Math.max(q.getEntry(c, 0) * k.getColumnVector(c).getMinValue(), q.getEntry(c,
                    0) * k.getColumnVector(c).getMaxValue())).sum();
            missed += bound < most - 1e-12 ? 1 : 0;
            slack += (bound - most) / pages;
        }
        return bound(pages, missed, slack);
    }

    static Finding bound(int pages, int missed, double slack) {
        return Finding.of(missed == 0 ? Verdict.CONFIRMED : Verdict.REFUTED, "the bound is below the best score in %d of %d pages of 16 keys, and above it "
                + "by %.2f on average", missed, pages, slack)
                .with(List.of(row("pages", pages, "missed", missed, "mean slack", slack)));
    }
}
