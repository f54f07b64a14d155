package tessera.operators;

import java.util.List;
import tessera.DType;
import tessera.Estimator;
import tessera.Forced;
import tessera.Pooling.Fold;
import tessera.SelectSpec;
import tessera.SelectionRule;
import tessera.Spec;

/** The problems of the contract for SELECT: every estimator, fold, rule and way of forcing, with blocks that do not divide the lengths. */
final class SelectContractSpecs {
    private SelectContractSpecs() {
    }

    private static final Forced OWN = new Forced(1, true, 2, false, false, false, Forced.Counting.FIRST);
    private static final Forced GIVEN = new Forced(0, false, 0, true, true, true, Forced.Counting.ADDED);
    private static final Forced OTHERS = new Forced(2, false, 3, false, true, false, Forced.Counting.EXCLUDED);

    static final List<Spec> ALL = List.of(
            SelectSpec.of(1, 1, 1, 1).topK(1).scores().share().softmax().build(),
            SelectSpec.of(2, 3, 63, 12).topK(5).scores().build(),
            SelectSpec.of(2, 6, 100, 60).kvHeads(2).blocks(16, 8).causal().topK(4).forced(OWN).scores().softmax().share().build(),
            SelectSpec.of(1, 4, 63, 12).kvHeads(2).blocks(1, 8).causal().topK(3).foldGroup(Fold.SUM).forced(OWN).scores().build(),
            SelectSpec.of(1, 4, 63, 12).kvHeads(2).blocks(8, 16).softmax().cover(0.7).foldGroup(Fold.MEAN).forced(OTHERS).share().build(),
            SelectSpec.of(1, 2, 129, 20).blocks(16, 8).softmax().causal().under(0.6).forced(GIVEN).build(),
            SelectSpec.of(2, 2, 100, 20).blocks(16, 8).softmax().causal().cover(0.8).perHead().budget(9, 60).forced(OWN).build(),
            SelectSpec.of(2, 2, 17, 7).keys(100).blocks(4, 8).causal().rule(new SelectionRule.TopRatio(0.3)).budget(2, 3).build(),
            SelectSpec.of(1, 2, 63, 7).blocks(8, 8).rule(new SelectionRule.Threshold(0.1f)).forced(OWN).build(),
            SelectSpec.of(1, 2, 129, 12).blocks(8, 8).softmax().rule(new SelectionRule.Split(0.1, 0.3)).forced(OTHERS).build(),
            SelectSpec.of(1, 6, 129, 12).kvHeads(2).blocks(1, 16).causal().estimator(new Estimator.OverlappedDot(8, 4)).softmax().foldGroup(Fold.SUM)
                    .topK(3).forced(OWN).scores().build(),
            SelectSpec.of(1, 4, 63, 12).kvHeads(2).blocks(8, 8).meanQueries().foldNeighbours(5, Fold.MAX).topK(3).scores().build(),
            SelectSpec.of(1, 4, 63, 12).kvHeads(2).blocks(8, 8).softmax().foldNeighbours(3, Fold.MEAN).cover(0.5).scores().build(),
            SelectSpec.of(2, 4, 63, 12).kvHeads(2).estimator(new Estimator.GivenDot()).blocks(1, 8).weighted().cover(0.9).scores().build(),
            SelectSpec.of(1, 2, 63, 12).blocks(8, 8).estimator(new Estimator.External()).causal().cover(0.5).build(),
            SelectSpec.of(1, 2, 63, 12).blocks(4, 16).estimator(new Estimator.External(8, 4)).causal().foldBlocks(Fold.SUM).topK(2).scores().build(),
            SelectSpec.of(1, 4, 129, 12).kvHeads(2).blocks(16, 8).estimator(new Estimator.MinMax()).causal().topK(4).scores().build(),
            SelectSpec.of(2, 4, 63, 20).kvHeads(2).blocks(1, 8).estimator(new Estimator.MinMax()).meanQueries().topK(3).forced(OWN).scores().build(),
            SelectSpec.of(1, 4, 100, 12).kvHeads(2).blocks(16, 8).estimator(new Estimator.Antidiagonal(4)).causal().cover(0.8).forced(OWN).scores().build(),
            SelectSpec.of(1, 2, 63, 7).blocks(8, 16).estimator(new Estimator.Antidiagonal(8)).cover(0.6).scores().build(),
            SelectSpec.of(2, 4, 63, 12).kvHeads(2).estimator(new Estimator.LastRows(9, false, Estimator.Lines.COLUMNS)).causal().foldGroup(Fold.MEAN)
                    .foldNeighbours(5, Fold.MEAN).topK(11).forced(new Forced(0, false, 9, false, false, false, Forced.Counting.EXCLUDED)).scores().build(),
            SelectSpec.of(1, 2, 63, 12).keys(100).blocks(63, 8).estimator(new Estimator.LastRows(5, false, Estimator.Lines.DIAGONALS)).causal().cover(0.5)
                    .scores().build(),
            SelectSpec.of(1, 2, 100, 12).estimator(new Estimator.LastRows(7, true, Estimator.Lines.COLUMNS)).causal().cover(0.7).scores().build(),
            SelectSpec.of(1, 2, 63, 12).estimator(new Estimator.LastRows(4, true, Estimator.Lines.DIAGONALS)).topK(6).scores().build(),
            SelectSpec.of(2, 4, 17, 12).keys(100).kvHeads(2).estimator(new Estimator.ListedChannels(4)).topK(9).scores().build(),
            SelectSpec.of(2, 4, 17, 12).keys(100).kvHeads(2).estimator(new Estimator.TopChannels(4)).softmax().causal().topK(9).share()
                    .forced(new Forced(0, false, 4, false, false, false, Forced.Counting.ADDED)).scores().build(),
            SelectSpec.of(1, 4, 63, 12).kvHeads(2).blocks(8, 8).estimator(new Estimator.TopChannels(12)).foldGroup(Fold.SUM).topK(3).scores().build(),
            SelectSpec.of(1, 4, 63, 1).kvHeads(2).estimator(new Estimator.Hamming(2)).causal().topK(9).scores().build(),
            SelectSpec.of(1, 2, 63, 1).estimator(new Estimator.Collisions(5)).rule(new SelectionRule.Threshold(2)).scores().build(),
            SelectSpec.of(2, 5, 63, 12).kvHeads(1).estimator(new Estimator.Indexer()).causal().topK(16).scores().build(),
            SelectSpec.of(1, 4, 63, 1).kvHeads(2).estimator(new Estimator.ColumnMass()).topK(16).scores()
                    .forced(new Forced(0, false, 8, false, false, false, Forced.Counting.EXCLUDED)).build(),
            SelectSpec.of(1, 4, 63, 1).kvHeads(2).blocks(63, 8).estimator(new Estimator.ColumnMass()).foldGroup(Fold.MAX).topK(3).scores().build(),
            SelectSpec.of(1, 4, 19, 12).keys(63).kvHeads(2).estimator(new Estimator.LowBit(4)).softmax().cover(0.8).scores().build(),
            SelectSpec.of(1, 4, 100, 12).kvHeads(2).blocks(16, 8).softmax().under(0.5).forced(Forced.dissimilar(0.1f)).causal().scores().build(),
            SelectSpec.of(1, 2, 63, 12).blocks(8, 8).dtype(DType.F16).topK(3).build(),
            SelectSpec.of(1, 2, 63, 12).blocks(8, 8).dtype(DType.BF16).softmax().under(0.5).build());
}
