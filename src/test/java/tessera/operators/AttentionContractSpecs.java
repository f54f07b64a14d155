package tessera.operators;

import static tessera.CausalAlignment.BOTTOM_RIGHT;
import static tessera.CausalAlignment.TOP_LEFT;
import static tessera.TensorLayout.BLHD;

import java.util.List;
import java.util.stream.IntStream;
import tessera.AttentionBuilder;
import tessera.AttentionSpec;
import tessera.DType;
import tessera.ScoreStage;
import tessera.Spec;
import tessera.masks.Blocks;
import tessera.masks.Buckets;
import tessera.masks.GlobalTokens;
import tessera.masks.Mask;
import tessera.masks.Neighbourhood;
import tessera.masks.OriginalCausal;
import tessera.masks.Packed;
import tessera.masks.Stride;
import tessera.masks.Window;

/** Attention among the {@link ContractSpecs}. */
final class AttentionContractSpecs {
    private AttentionContractSpecs() {
    }

    static final List<Spec> ALL = List.of(
            // batch, heads, kvHeads, queries, keys, headDim, valueDim
            attention(1, 1, 1, 1, 1, 1, 1).lse().build(),
            attention(3, 5, 5, 2, 2, 8, 8).build(),
            attention(2, 7, 7, 17, 17, 12, 12).lse().build(),
            attention(1, 3, 3, 63, 63, 60, 60).build(),
            attention(5, 2, 2, 100, 100, 64, 64).lse().build(),
            attention(1, 3, 1, 129, 129, 128, 128).build(),
            attention(1, 1, 1, 129, 129, 256, 256).build(),
            attention(1, 2, 2, 500, 500, 64, 64).lse().build(),
            // value dim other than head dim, grouped and shared keys
            attention(1, 6, 2, 100, 100, 60, 128).build(),
            attention(2, 5, 1, 63, 63, 64, 12).lse().build(),
            attention(3, 9, 3, 17, 17, 1, 256).build(),
            attention(1, 4, 2, 129, 129, 256, 1).build(),
            // causal
            attention(1, 3, 3, 1, 1, 256, 8).causal().lse().build(),
            attention(3, 1, 1, 2, 2, 1, 60).causal().build(),
            attention(2, 5, 1, 63, 63, 64, 64).causal().build(),
            attention(1, 6, 2, 100, 100, 60, 128).causal().lse().build(),
            attention(1, 1, 1, 500, 500, 12, 60).causal().build(),
            // other than N keys: prefix, overhang (empty rows), decoding, one key
            attention(2, 3, 3, 17, 100, 64, 64).causal(BOTTOM_RIGHT).lse().build(),
            attention(2, 3, 1, 17, 100, 64, 64).causal(TOP_LEFT).lse().build(),
            attention(2, 3, 3, 100, 17, 12, 60).causal(BOTTOM_RIGHT).lse().build(),
            attention(2, 3, 1, 100, 17, 12, 60).causal(TOP_LEFT).lse().build(),
            attention(1, 4, 2, 1, 500, 128, 128).causal().lse().build(),
            attention(1, 4, 2, 1, 500, 128, 128).causal(TOP_LEFT).lse().build(),
            attention(5, 4, 4, 129, 1, 8, 1).build(),
            attention(1, 2, 2, 500, 129, 8, 64).build(),
            // windows, with sides closed, open and wider than the sequence
            attention(1, 3, 3, 129, 129, 64, 64).mask(Mask.window(16, 16)).lse().build(),
            attention(2, 5, 5, 100, 100, 12, 12).mask(Mask.window(0, 0)).build(),
            attention(1, 2, 1, 63, 63, 8, 60).mask(Mask.window(-1, 3)).lse().build(),
            attention(1, 2, 2, 63, 63, 60, 8).mask(Mask.window(5, -1)).build(),
            attention(1, 2, 2, 17, 17, 64, 64).mask(Mask.window(-1, -1)).build(),
            attention(1, 2, 2, 100, 100, 64, 64).mask(Mask.window(Integer.MAX_VALUE, Integer.MAX_VALUE)).build(),
            attention(1, 2, 2, 500, 500, 64, 64).mask(Mask.window(100, -1)).causal().build(),
            attention(1, 2, 2, 129, 129, 128, 128).mask(Mask.window(7, 7)).causal().lse().build(),
            attention(2, 3, 3, 17, 129, 64, 12).mask(Mask.window(9, 2)).alignment(BOTTOM_RIGHT).lse().build(),
            attention(2, 3, 3, 17, 129, 64, 12).mask(Mask.window(9, 2)).alignment(TOP_LEFT).build(),
            attention(2, 3, 1, 129, 17, 12, 64).mask(Mask.window(9, 2)).alignment(BOTTOM_RIGHT).lse().build(),
            attention(2, 3, 1, 129, 17, 12, 64).mask(Mask.window(9, 2)).alignment(TOP_LEFT).lse().build(),
            // sinks
            attention(1, 3, 3, 129, 129, 64, 64).mask(Mask.streaming(4, 16)).causal().lse().build(),
            attention(1, 4, 2, 100, 100, 60, 60).mask(new Window(3, 8, 8)).build(),
            attention(2, 2, 2, 63, 63, 8, 8).mask(new Window(200, 2, 2)).causal().lse().build(),
            attention(1, 2, 2, 17, 100, 12, 12).mask(new Window(5, 3, 0)).causal(BOTTOM_RIGHT).build(),
            attention(1, 2, 2, 100, 17, 12, 12).mask(new Window(5, 3, 0)).causal(BOTTOM_RIGHT).lse().build(),
            attention(1, 2, 2, 100, 17, 12, 12).mask(new Window(5, 3, 0)).causal(TOP_LEFT).lse().build(),
            attention(1, 1, 1, 500, 500, 64, 64).mask(new Window(300, 0, 0)).lse().build(),
            // blocks: one map, one for each key/value head, one for each head; tails, empty block rows, N != M
            attention(2, 3, 3, 100, 100, 64, 64).mask(blocks(1, 100, 100, 16, 32)).lse().build(),
            attention(1, 6, 2, 129, 129, 60, 128).mask(blocks(2, 129, 129, 64, 16)).causal().lse().build(),
            attention(2, 6, 2, 63, 63, 12, 8).mask(blocks(6, 63, 63, 7, 11)).build(),
            attention(1, 4, 1, 17, 17, 8, 8).mask(blocks(4, 17, 17, 1, 1)).causal().lse().build(),
            attention(1, 2, 2, 17, 129, 256, 12).mask(blocks(2, 17, 129, 4, 32)).causal(BOTTOM_RIGHT).lse().build(),
            attention(1, 2, 2, 129, 17, 1, 64).mask(blocks(1, 129, 17, 32, 4)).causal(TOP_LEFT).lse().build(),
            attention(1, 3, 3, 63, 63, 64, 64).mask(new Blocks(3, 63, 63, Integer.MAX_VALUE, 64, (h, qb, kb) -> h != 1)).lse().build(),
            attention(1, 1, 1, 2, 500, 64, 64).mask(new Blocks(1, 2, 500, 1, 499, (h, qb, kb) -> qb == kb)).build(),
            attention(1, 2, 2, 17, 17, 8, 8).mask(new Blocks(1, 17, 17, 4, 4, (h, qb, kb) -> false)).lse().build(),
            // inputs stored in sixteen bits, scales other than the usual one
            attention(1, 3, 1, 100, 100, 60, 60).causal().dtype(DType.F16).build(),
            attention(2, 2, 2, 17, 63, 8, 12).mask(blocks(2, 17, 63, 8, 8)).dtype(DType.F16).lse().build(),
            attention(1, 3, 3, 63, 63, 64, 64).dtype(DType.BF16).lse().build(),
            attention(1, 2, 2, 63, 63, 12, 12).scale(0).lse().build(),
            attention(1, 2, 2, 63, 63, 12, 12).scale(-0.5f).causal().lse().build(),
            // modified scores: soft cap, slopes, sink logits
            attention(2, 3, 3, 63, 63, 12, 8).softcap(5).lse().build(),
            attention(1, 4, 2, 17, 100, 60, 60).softcap(0.5f).causal().build(),
            attention(2, 3, 1, 100, 100, 64, 64).slopes().causal().lse().build(),
            attention(2, 4, 2, 17, 63, 8, 12).slopes().mask(new Window(3, 9, 2)).alignment(BOTTOM_RIGHT).lse().build(),
            attention(1, 6, 3, 129, 129, 12, 12).sinks().mask(Mask.streaming(4, 16)).causal().lse().build(),
            attention(2, 3, 3, 63, 17, 8, 8).sinks().causal().lse().build(),
            attention(2, 4, 2, 17, 500, 64, 64).softcap(20).slopes().sinks().causal().lse().dtype(DType.F16).build(),
            attention(1, 1, 1, 1, 500, 60, 60).softcap(20).slopes().sinks().lse().build(),
            // biases and mask tensors of any rank that broadcasts
            attention(2, 4, 2, 17, 63, 8, 12).bias(2, 4, 17, 63).lse().build(),
            attention(2, 3, 3, 63, 17, 12, 12).bias(63, 17).causal(TOP_LEFT).lse().build(),
            attention(3, 2, 1, 17, 17, 8, 8).bias(3, 1, 1, 17).dtype(DType.F16).lse().build(),
            attention(2, 5, 5, 63, 63, 60, 12).bias(5, 1, 63).mask(Mask.window(9, 9)).build(),
            attention(2, 3, 3, 100, 2, 8, 8).maskTensor(100, 2).lse().build(),
            attention(2, 4, 2, 63, 63, 64, 64).maskTensor(2, 1, 63, 63).causal().lse().build(),
            attention(1, 3, 1, 17, 129, 8, 60).maskTensor(3, 1, 1).sinks().lse().build(),
            attention(2, 4, 2, 17, 63, 8, 8).maskTensor(2, 4, 17, 1).causal().lse().build(),
            attention(2, 4, 1, 17, 300, 12, 8).maskTensor(2, 1, 1, 300).bias(4, 17, 1).softcap(3).slopes().sinks().lse().build(),
            // padded keys
            attention(5, 2, 2, 17, 63, 8, 8).keyLengths().lse().build(),
            attention(5, 2, 1, 17, 63, 12, 60).keyLengths().causal().lse().build(),
            attention(5, 2, 1, 17, 63, 12, 60).keyLengths().causal(TOP_LEFT).lse().build(),
            attention(5, 2, 2, 63, 17, 8, 12).keyLengths().mask(new Window(3, 5, 1)).alignment(BOTTOM_RIGHT).slopes().lse().build(),
            attention(7, 4, 2, 1, 500, 64, 64).keyLengths().causal().sinks().mask(Mask.window(100, 0)).lse().build(),
            attention(3, 2, 2, 17, 100, 8, 8).keyLengths().causal().bias(1, 100).maskTensor(17, 100).dtype(DType.F16).lse().build(),
            // masks that are no window: their pairs lie in lists of runs or in blocks with bits
            attention(2, 3, 3, 63, 63, 12, 8).mask(new Stride(3, -1)).causal().lse().build(),
            attention(1, 4, 2, 100, 129, 8, 8).mask(new Stride(5, 4)).alignment(TOP_LEFT).lse().build(),
            attention(1, 2, 2, 63, 63, 12, 12).mask(Neighbourhood.of(new int[] {63}, 7)).lse().build(),
            attention(1, 2, 1, 63, 63, 12, 12).mask(Neighbourhood.of(new int[] {7, 9}, 3, 4)).lse().build(),
            attention(2, 2, 2, 60, 60, 8, 12).mask(Neighbourhood.of(new int[] {3, 4, 5}, 2, 3, 5)).build(),
            attention(2, 3, 3, 63, 100, 8, 8).mask(new Buckets(cycle(63, 5), cycle(100, 7))).lse().build(),
            attention(1, 2, 2, 63, 63, 8, 8).mask(new OriginalCausal(shuffled(63), shuffled(63))).lse().build(),
            attention(2, 3, 1, 63, 63, 12, 12).mask(Packed.of(10, 0, 33, 15)).causal().lse().build(),
            attention(1, 2, 2, 17, 100, 8, 8).mask(new Packed(new int[] {0, 5, 17}, new int[] {0, 60, 90})).lse().build(),
            attention(1, 4, 2, 63, 63, 12, 8).mask(Mask.perHead(Mask.window(9, 0), Mask.FULL, Mask.streaming(2, 5), Mask.window(0, 0))).causal().lse().build(),
            attention(2, 4, 4, 63, 17, 8, 8).mask(Mask.perHead(Mask.window(9, 3), new Stride(2, -1))).lse().build(),
            attention(1, 2, 2, 63, 63, 8, 8).mask(Mask.window(4, 4).or(new Stride(8, -1)).and(new Stride(9, -1).not())).lse().build(),
            attention(2, 3, 3, 17, 63, 8, 8).mask(GlobalTokens.of(0, 50, 62)).lse().build(),
            attention(1, 4, 2, 63, 63, 8, 8).mask(Mask.perHead(Mask.window(3, 3), new Stride(4, 3)).or(GlobalTokens.of(7))).lse().build(),
            attention(1, 3, 3, 70, 70, 8, 8).mask((map, query, position, key) -> (query ^ key) % 5 < 2).causal().lse().build(),
            attention(1, 6, 3, 65, 65, 8, 8).mask(Mask.of(3, (map, query, position, key) -> key % 3 == map)).sinks().lse().build(),
            attention(1, 2, 2, 70, 70, 8, 8).mask(blocks(2, 70, 70, 16, 32).or((map, query, position, key) -> key == 5 || key == 40)).lse().build(),
            attention(2, 4, 2, 63, 100, 12, 8).mask(blocks(4, 63, 100, 16, 40)).softcap(3).slopes().sinks().causal().lse().build(),
            // heads that read other heads than their group's
            attention(2, 4, 3, 17, 63, 8, 12).headMaps(List.of(2, 0, 1, 1), List.of(0, 0, 2, 1), List.of(0, 0, 3, 2)).causal().lse().build(),
            // order of dimensions, past tokens
            attention(2, 3, 3, 17, 63, 8, 12).layout(BLHD).causal().lse().build(),
            attention(2, 4, 2, 17, 17, 8, 8).layout(BLHD).slopes().build(),
            attention(2, 4, 2, 5, 63, 8, 12).past(58).causal().lse().build(),
            attention(2, 4, 2, 5, 63, 8, 12).past(1).layout(BLHD).causal().lse().build(),
            attention(3, 2, 2, 1, 17, 8, 8).past(16).keyLengths().layout(BLHD).dtype(DType.F16).build(),
            // ragged, paged, listed
            attention(1, 4, 2, 63, 63, 8, 12).ragged(4).causal().lse().build(),
            attention(1, 2, 2, 63, 100, 8, 8).ragged(5).mask(new Window(2, 9, 1)).alignment(BOTTOM_RIGHT).slopes().sinks().lse().build(),
            attention(1, 2, 2, 100, 63, 8, 8).ragged(3).causal(TOP_LEFT).layout(BLHD).lse().build(),
            attention(3, 4, 2, 1, 64, 8, 12).paged(50, 8).causal().lse().build(),
            attention(2, 4, 4, 9, 60, 12, 12).paged(7, 12).causal().mask(Mask.streaming(3, 20)).sinks().lse().build(),
            attention(3, 2, 1, 17, 48, 8, 8).paged(6, 16).slopes().dtype(DType.F16).lse().build(),
            attention(1, 4, 2, 63, 48, 8, 8).ragged(5).paged(40, 16).causal().lse().build(),
            attention(2, 4, 2, 17, 63, 8, 12).listed(2, 5, 8).lse().build(),
            attention(2, 4, 4, 17, 63, 8, 12).listed(1, 9, 1).causal().keyLengths().lse().build(),
            attention(1, 4, 2, 17, 63, 8, 8).listed(4, 3, 16).mask(Mask.streaming(1, 20)).causal().softcap(4).lse().build(),
            attention(2, 4, 2, 63, 63, 8, 12).listed(2, 5, 16, 8).causal().lse().build(),
            attention(1, 4, 2, 63, 100, 8, 12).listed(1, 9, 7, 11).keyColumns(6).mask(new Window(3, 20, 2)).alignment(BOTTOM_RIGHT).lse().build(),
            attention(2, 4, 4, 63, 100, 8, 8).listed(4, 3, 32, 33).keyColumns(20).causal().keyLengths().sinks().lse().build(),
            attention(1, 2, 2, 100, 63, 8, 8).listed(1, 2, 50, 1).keyColumns(3).mask(Mask.window(3, 1)).alignment(TOP_LEFT).columnMass().build(),
            attention(1, 4, 2, 17, 63, 8, 8).listed(2, 2, 1, 8).keyColumns(70).mask(Mask.perHead(Mask.window(9, 9), Mask.FULL)).slopes().lse().build(),
            // masses, and scores at every stage
            attention(2, 4, 2, 17, 63, 8, 12).causal().columnMass().blockMass(8, 16).lse().build(),
            attention(1, 2, 2, 63, 63, 8, 8).mask(blocks(2, 63, 63, 16, 8)).columnMass().blockMass(16, 8).build(),
            attention(3, 2, 2, 17, 63, 8, 8).keyLengths().causal().sinks().softcap(4).columnMass().build(),
            attention(1, 4, 2, 63, 48, 8, 8).ragged(5).paged(40, 16).causal().columnMass().blockMass(7, 5).build(),
            attention(2, 4, 2, 17, 63, 8, 12).causal().softcap(4).bias(17, 63).scores(ScoreStage.PRODUCT).build(),
            attention(2, 4, 2, 17, 63, 8, 12).causal().softcap(4).maskTensor(17, 63).scores(ScoreStage.MASKED).layout(BLHD).build(),
            attention(2, 4, 2, 17, 63, 8, 12).softcap(4).bias(17, 63).scores(ScoreStage.CAPPED).lse().build(),
            attention(2, 4, 2, 17, 63, 8, 12).causal().softcap(4).bias(17, 63).keyLengths().scores(ScoreStage.WEIGHTS).build(),
            // values that are the first channels of the keys
            attention(2, 4, 1, 63, 63, 60, 1).valuesFromKeys(48).causal().lse().build(),
            attention(1, 6, 2, 100, 100, 12, 1).valuesFromKeys(12).build(),
            attention(1, 8, 1, 1, 600, 20, 1).valuesFromKeys(7).causal().lse().build(),
            attention(2, 4, 2, 17, 63, 12, 1).valuesFromKeys(8).past(40).causal().lse().build(),
            attention(2, 4, 2, 5, 63, 12, 1).valuesFromKeys(8).past(58).layout(BLHD).causal().lse().build(),
            attention(3, 4, 1, 1, 64, 12, 1).valuesFromKeys(8).paged(50, 8).causal().lse().build(),
            attention(2, 6, 2, 63, 63, 12, 1).valuesFromKeys(5).mask(blocks(6, 63, 63, 7, 11)).causal().lse().build(),
            attention(2, 3, 1, 17, 63, 8, 1).valuesFromKeys(3).keyLengths().sinks().softcap(4).dtype(DType.F16).lse().build());

    private static AttentionBuilder attention(int batch, int heads, int kvHeads, int queries, int keys, int headDim, int valueDim) {
        return AttentionSpec.of(batch, heads, queries, headDim).kvHeads(kvHeads).keys(keys).valueDim(valueDim);
    }

    private static int[] cycle(int count, int buckets) {
        return IntStream.range(0, count).map(n -> n * n % buckets).toArray();
    }

    /** Numbers in another order; equal ones where 7 divides the count plus one. */
    private static int[] shuffled(int count) {
        return IntStream.range(0, count).map(n -> (n + 1) * 7 % (count + 1)).toArray();
    }

    /** A pattern without order, whose second block row is empty in every map. */
    private static Blocks blocks(int maps, int queries, int keys, int blockQ, int blockK) {
        return new Blocks(maps, queries, keys, blockQ, blockK, (map, qb, kb) -> qb != 1 && (5 * map + 3 * qb + 7 * kb) % 4 < 2);
    }
}
