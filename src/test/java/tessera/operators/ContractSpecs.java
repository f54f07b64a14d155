package tessera.operators;

import static tessera.CausalAlignment.BOTTOM_RIGHT;
import static tessera.CausalAlignment.TOP_LEFT;
import static tessera.TensorLayout.BLHD;

import java.util.List;
import java.util.stream.IntStream;
import tessera.AttentionBuilder;
import tessera.AttentionSpec;
import tessera.ConvolutionSpec;
import tessera.DType;
import tessera.Epilogue;
import tessera.EpilogueSpec;
import tessera.FastWeightBuilder;
import tessera.FastWeightSpec.Loss;
import tessera.FastWeightSpec.Model;
import tessera.FastWeightSpec.Optimiser;
import tessera.FastWeightSpec;
import tessera.FeatureSpec;
import tessera.Features;
import tessera.MergeSpec;
import tessera.ProjectionSpec;
import tessera.RecurrenceBuilder;
import tessera.RecurrenceSpec.FeatureMap;
import tessera.RecurrenceSpec;
import tessera.RotarySpec;
import tessera.ScoreStage;
import tessera.Spec;
import tessera.UpdateRule.Correction;
import tessera.UpdateRule.Gate;
import tessera.UpdateRule.Norm;
import tessera.masks.Blocks;
import tessera.masks.Buckets;
import tessera.masks.GlobalTokens;
import tessera.masks.Mask;
import tessera.masks.Neighbourhood;
import tessera.masks.OriginalCausal;
import tessera.masks.Packed;
import tessera.masks.Stride;
import tessera.masks.Window;

/** The problems of the contract: shapes that fit no tile, lane, part or block, and every option at least once. */
final class ContractSpecs {
    private ContractSpecs() {
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
            // masses, and scores at every stage
            attention(2, 4, 2, 17, 63, 8, 12).causal().columnMass().blockMass(8, 16).lse().build(),
            attention(1, 2, 2, 63, 63, 8, 8).mask(blocks(2, 63, 63, 16, 8)).columnMass().blockMass(16, 8).build(),
            attention(3, 2, 2, 17, 63, 8, 8).keyLengths().causal().sinks().softcap(4).columnMass().build(),
            attention(1, 4, 2, 63, 48, 8, 8).ragged(5).paged(40, 16).causal().columnMass().blockMass(7, 5).build(),
            attention(2, 4, 2, 17, 63, 8, 12).causal().softcap(4).bias(17, 63).scores(ScoreStage.PRODUCT).build(),
            attention(2, 4, 2, 17, 63, 8, 12).causal().softcap(4).maskTensor(17, 63).scores(ScoreStage.MASKED).layout(BLHD).build(),
            attention(2, 4, 2, 17, 63, 8, 12).softcap(4).bias(17, 63).scores(ScoreStage.CAPPED).lse().build(),
            attention(2, 4, 2, 17, 63, 8, 12).causal().softcap(4).bias(17, 63).keyLengths().scores(ScoreStage.WEIGHTS).build(),
            // linear recurrences: batch, heads, length, keyDim, valueDim
            recurrence(1, 1, 1, 1, 1).finalState().build(),
            recurrence(3, 5, 2, 8, 256).gate(Gate.HEAD_CONST).build(),
            recurrence(2, 7, 17, 12, 8).gate(Gate.HEAD_TOKEN).initialState().finalState().build(),
            recurrence(1, 3, 63, 60, 64).gate(Gate.KEY_TOKEN).initialState().finalState().build(),
            recurrence(2, 2, 100, 64, 12).featureMap(FeatureMap.ELU_PLUS_ONE).normalised().finalState().build(),
            recurrence(1, 3, 129, 128, 60).featureMap(FeatureMap.RELU).gate(Gate.HEAD_TOKEN).scale(0.1f).build(),
            recurrence(1, 1, 129, 1, 128).featureMap(FeatureMap.ELU_PLUS_ONE).gate(Gate.KEY_TOKEN).normalised().initialState().build(),
            recurrence(1, 2, 500, 64, 64).gate(Gate.HEAD_CONST).scale(0.125f).finalState().build(),
            recurrence(1, 3, 100, 12, 8).gate(Gate.HEAD_TOKEN).dtype(DType.F16).build(),
            // gates of constants, values, both, elements
            recurrence(2, 3, 63, 12, 8).gate(Gate.KEY_CONST).initialState().finalState().build(),
            recurrence(1, 2, 150, 8, 12).gate(Gate.KEY_CONST).normalised().featureMap(FeatureMap.RELU).build(),
            recurrence(2, 2, 63, 8, 12).gate(Gate.VALUE_TOKEN).finalState().build(),
            recurrence(1, 3, 150, 12, 8).gate(Gate.KEY_VALUE).initialState().finalState().build(),
            recurrence(2, 1, 200, 16, 24).keyHeads(1, 1).gate(Gate.SSM).initialState().finalState().build(),
            recurrence(1, 2, 140, 8, 8).gate(Gate.IMPLICIT).finalState().build(),
            // reading the previous state, bonus, norms, input gates
            recurrence(2, 3, 150, 12, 8).gate(Gate.KEY_TOKEN).readsPrevious().bonus().initialState().finalState().build(),
            recurrence(1, 2, 63, 8, 8).readsPrevious().build(),
            recurrence(1, 2, 150, 8, 8).gate(Gate.HEAD_TOKEN).readsPrevious().bonus().normalised().initialState().build(),
            recurrence(2, 2, 150, 8, 12).gate(Gate.HEAD_TOKEN).norm(Norm.MAXABS).scale(0.3f).initialState().finalState().build(),
            recurrence(2, 2, 63, 8, 12).gate(Gate.HEAD_TOKEN).norm(Norm.MAXABS).inputGate().scale(0.3f).initialState().finalState().build(),
            recurrence(1, 12, 100, 1, 1).gate(Gate.HEAD_CONST).normalised().inputGate().readsPrevious().bonus().finalState().build(),
            recurrence(1, 2, 17, 8, 8).inputGate().normalised().finalState().build(),
            // corrections
            recurrence(2, 3, 63, 16, 12).delta().initialState().finalState().build(),
            recurrence(1, 2, 200, 60, 64).delta().gate(Gate.HEAD_TOKEN).finalState().build(),
            recurrence(1, 2, 150, 12, 8).delta().gate(Gate.KEY_TOKEN).scale(0.3f).initialState().finalState().build(),
            recurrence(1, 8, 140, 8, 12).keyHeads(2, 4).delta().gate(Gate.HEAD_TOKEN).finalState().build(),
            recurrence(2, 2, 150, 12, 8).correction(Correction.RANK_ONE).gate(Gate.KEY_TOKEN).bonus().initialState().finalState().build(),
            recurrence(1, 2, 63, 8, 12).correction(Correction.RANK_ONE_BY_VALUE).finalState().build(),
            // heads shared, every token reading all, weights between tokens, ragged batches
            recurrence(2, 6, 150, 12, 8).keyHeads(2, 2).gate(Gate.HEAD_TOKEN).initialState().finalState().build(),
            recurrence(1, 2, 150, 12, 8).keyHeads(1, 4).gate(Gate.KEY_TOKEN).normalised().featureMap(FeatureMap.RELU).build(),
            recurrence(2, 3, 100, 12, 8).bidirectional().normalised().featureMap(FeatureMap.RELU).build(),
            recurrence(1, 4, 200, 12, 8).keyHeads(2, 1).bidirectional().initialState().finalState().build(),
            recurrence(1, 2, 70, 8, 12).gate(Gate.HEAD_TOKEN).weighted().build(),
            recurrence(1, 3, 63, 8, 8).gate(Gate.KEY_TOKEN).weighted().normalised().readsPrevious().build(),
            recurrence(1, 4, 150, 12, 8).keyHeads(2, 2).ragged(5).gate(Gate.HEAD_TOKEN).initialState().finalState().build(),
            recurrence(1, 2, 63, 12, 8).ragged(3).delta().gate(Gate.KEY_TOKEN).finalState().build(),
            recurrence(1, 2, 63, 12, 8).ragged(4).inputGate().norm(Norm.MAXABS).gate(Gate.HEAD_TOKEN).finalState().build(),
            recurrence(1, 2, 140, 12, 8).correction(Correction.RANK_ONE).gate(Gate.HEAD_CONST).dtype(DType.F16).build(),
            // parts, batch, heads, queries, valueDim
            MergeSpec.of(1, 1, 1, 1, 1),
            MergeSpec.of(2, 3, 5, 17, 12),
            MergeSpec.of(7, 1, 3, 63, 60),
            MergeSpec.of(3, 2, 1, 129, 256),
            MergeSpec.of(2, 4, 8, 129, 8),
            new MergeSpec(3, 2, 2, 17, 8, DType.F16),
            // rotary: batch, heads, length, headDim, rotaryDim, positions, interleaved
            RotarySpec.of(1, 1, 1, 2),
            RotarySpec.of(2, 3, 63, 60),
            new RotarySpec(3, 5, 17, 64, 64, 0, true, DType.F32),
            new RotarySpec(1, 2, 100, 129, 12, 500, false, DType.F32),
            new RotarySpec(2, 3, 63, 60, 2, 1, true, DType.F32),
            new RotarySpec(2, 2, 17, 8, 6, 129, true, DType.F16),
            new RotarySpec(1, 2, 19, 12, 12, 40, false, DType.BF16),
            // feature maps: batch, heads, length, dim
            FeatureSpec.of(1, 1, 1, 1, Features.Plain.ELU_PLUS_ONE),
            FeatureSpec.of(2, 3, 17, 12, Features.Plain.ELU_PLUS_ONE),
            FeatureSpec.of(1, 5, 63, 7, Features.Plain.RELU),
            FeatureSpec.of(2, 3, 17, 60, Features.Plain.EXP),
            FeatureSpec.of(3, 1, 63, 5, Features.Plain.EXP_BOTH_SIGNS),
            FeatureSpec.of(2, 2, 63, 60, Features.Plain.SOFTMAX),
            FeatureSpec.of(1, 3, 2, 1, Features.Plain.SOFTMAX),
            FeatureSpec.of(2, 3, 19, 13, Features.Plain.TAYLOR),
            FeatureSpec.of(1, 1, 1, 1, Features.Plain.TAYLOR),
            FeatureSpec.of(2, 3, 17, 60, new Features.PositiveRandom(129)),
            FeatureSpec.of(1, 1, 1, 1, new Features.PositiveRandom(1)),
            FeatureSpec.of(1, 2, 63, 13, new Features.TrigonometricRandom(31)),
            FeatureSpec.of(2, 3, 63, 7, new Features.Cosine(63)),
            FeatureSpec.of(1, 2, 1, 20, new Features.Cosine(1)),
            FeatureSpec.of(1, 2, 100, 60, new Features.Cosine(1000)),
            FeatureSpec.of(2, 3, 17, 12, new Features.Square(0.7f, -1.3f, 2.5f)),
            new FeatureSpec(1, 3, 63, 12, new Features.PositiveRandom(17), DType.F16),
            new FeatureSpec(2, 1, 17, 7, Features.Plain.TAYLOR, DType.F16),
            new FeatureSpec(1, 2, 19, 12, Features.Plain.EXP_BOTH_SIGNS, DType.BF16),
            // convolutions: batch, channels, length, width
            ConvolutionSpec.causal(1, 1, 1, 1),
            ConvolutionSpec.causal(2, 5, 17, 4),
            ConvolutionSpec.causal(3, 7, 1, 4).withPast().withPresent().withBias().withSilu(),
            ConvolutionSpec.causal(2, 3, 63, 4).withPresent().withSilu(),
            ConvolutionSpec.causal(2, 3, 2, 5).withPast().withPresent(),
            ConvolutionSpec.causal(2, 3, 2, 5).withPresent().withBias(),
            ConvolutionSpec.causal(1, 2, 100, 129).withPast().withBias(),
            ConvolutionSpec.causal(1, 3, 129, 2).withPast().withPresent().withDType(DType.F16),
            ConvolutionSpec.same(2, 5, 63, 3).withBias(),
            ConvolutionSpec.same(1, 3, 17, 4).withSilu(),
            ConvolutionSpec.same(1, 3, 2, 7),
            ConvolutionSpec.same(1, 2, 17, 1).withBias().withSilu().withDType(DType.BF16),
            // projections: batch, heads, length, dim, features
            ProjectionSpec.channels(1, 1, 1, 1, 1),
            ProjectionSpec.channels(2, 3, 17, 12, 7).withBias(),
            ProjectionSpec.channels(3, 5, 2, 60, 129).withWeightHeads(5).withBias(),
            ProjectionSpec.channels(2, 1, 63, 13, 6).withWeightHeads(7),
            ProjectionSpec.channels(1, 2, 19, 129, 5).withBias().withDType(DType.F16),
            ProjectionSpec.sequence(1, 1, 1, 1, 1),
            ProjectionSpec.sequence(2, 3, 129, 13, 5),
            ProjectionSpec.sequence(2, 3, 17, 12, 63).withWeightHeads(3),
            ProjectionSpec.sequence(3, 1, 63, 7, 2).withWeightHeads(5).withDType(DType.BF16),
            // epilogues: batch, heads, length, dim
            EpilogueSpec.of(1, 1, 1, 1, Epilogue.rmsNorm()),
            EpilogueSpec.of(2, 3, 17, 60, Epilogue.rmsNorm().withWeight(1)),
            EpilogueSpec.of(3, 5, 2, 7, Epilogue.rmsNorm().withWeight(5).withBias().withEpsilon(0.5f)),
            EpilogueSpec.of(2, 3, 63, 12, Epilogue.layerNorm()),
            EpilogueSpec.of(2, 3, 17, 13, Epilogue.layerNorm().withWeight(3).withBias()),
            EpilogueSpec.of(1, 2, 19, 129, Epilogue.layerNorm().withWeight(1).withBias()),
            EpilogueSpec.of(2, 1, 63, 7, Epilogue.l2Norm()),
            EpilogueSpec.of(1, 3, 17, 12, Epilogue.l2Norm().withWeight(3)),
            EpilogueSpec.of(2, 3, 17, 13, Epilogue.Activation.SOFTMAX),
            EpilogueSpec.of(2, 3, 17, 7, Epilogue.Activation.SIGMOID),
            EpilogueSpec.of(1, 5, 63, 7, Epilogue.Activation.SILU),
            EpilogueSpec.of(2, 3, 17, 7, new Epilogue.Gate(Epilogue.Gate.Function.IDENTITY)),
            EpilogueSpec.of(1, 2, 63, 12, new Epilogue.Gate(Epilogue.Gate.Function.SIGMOID)),
            EpilogueSpec.of(2, 1, 19, 60, new Epilogue.Gate(Epilogue.Gate.Function.SILU)),
            EpilogueSpec.of(2, 3, 17, 7, new Epilogue.Add(-0.3f)),
            new EpilogueSpec(1, 2, 17, 12, Epilogue.layerNorm().withWeight(2).withBias(), DType.F16),
            new EpilogueSpec(2, 1, 17, 12, new Epilogue.Gate(Epilogue.Gate.Function.SILU), DType.F16),
            new EpilogueSpec(1, 3, 2, 7, new Epilogue.Add(1), DType.BF16),
            // recurrences: batch, heads, length, keyDim
            RecurrenceSpec.of(1, 1, 1, 1).initialState().finalState().build(),
            RecurrenceSpec.of(2, 3, 63, 60).valueDim(12).build(),
            RecurrenceSpec.of(1, 2, 129, 64).featureMap(FeatureMap.ELU_PLUS_ONE).normalised().finalState().build(),
            RecurrenceSpec.of(3, 1, 100, 12).valueDim(60).featureMap(FeatureMap.RELU).normalised().initialState().finalState().build(),
            RecurrenceSpec.of(2, 5, 129, 8).gate(Gate.HEAD_CONST).scale(0.125f).build(),
            RecurrenceSpec.of(2, 2, 500, 64).gate(Gate.HEAD_TOKEN).initialState().finalState().build(),
            RecurrenceSpec.of(2, 2, 200, 60).valueDim(128).gate(Gate.KEY_TOKEN).featureMap(FeatureMap.ELU_PLUS_ONE).normalised().build(),
            RecurrenceSpec.of(1, 3, 70, 12).gate(Gate.KEY_TOKEN).initialState().finalState().dtype(DType.F16).build(),
            // fast weights: batch, heads, length, keyDim, valueDim, chunk
            memory(1, 1, 1, 1, 1, 1).finalWeights().build(),
            memory(2, 3, 63, 12, 8, 1).optimiser(Optimiser.MOMENTUM).initialWeights().finalWeights().build(),
            memory(1, 2, 100, 60, 64, 16).optimiser(Optimiser.MOMENTUM).finalWeights().build(),
            memory(2, 2, 17, 8, 12, 5).loss(Loss.DOT).finalWeights().build(),
            memory(1, 3, 63, 12, 12, 64).loss(Loss.MSE_RESIDUAL).queryStep().initialWeights().finalWeights().build(),
            memory(2, 3, 70, 12, 12, 16).model(Model.LINEAR_LN).loss(Loss.MSE_RESIDUAL).postNorm().initialWeights().finalWeights().build(),
            memory(1, 2, 129, 64, 64, 16).model(Model.LINEAR_LN).loss(Loss.MSE_RESIDUAL).initialWeights().build(),
            memory(1, 2, 63, 8, 12, 7).model(Model.LINEAR_LN).queryStep().postNorm().initialWeights().finalWeights().build(),
            memory(2, 2, 33, 12, 8, 1).model(Model.LINEAR_LN).loss(Loss.DOT).epsilon(0.01f).initialWeights().finalWeights().build(),
            memory(1, 3, 63, 12, 8, 16).model(Model.LINEAR_LN).optimiser(Optimiser.MOMENTUM).initialWeights().finalWeights().dtype(DType.F16).build(),
            memory(2, 2, 39, 8, 8, 16).model(Model.MLP2, 20).loss(Loss.MSE_RESIDUAL).initialWeights().finalWeights().build(),
            memory(1, 2, 17, 12, 8, 5).model(Model.MLP2, 7).queryStep().postNorm().initialWeights().finalWeights().build(),
            memory(1, 3, 20, 8, 12, 7).model(Model.MLP2, 12).optimiser(Optimiser.MOMENTUM).loss(Loss.DOT).initialWeights().finalWeights().build(),
            memory(2, 2, 50, 8, 8, 20).model(Model.SWIGLU, 12).loss(Loss.DOT).optimiser(Optimiser.MUON).initialWeights().finalWeights().build(),
            memory(1, 3, 63, 12, 8, 64).model(Model.SWIGLU, 6).optimiser(Optimiser.MUON).initialWeights().finalWeights().dtype(DType.F16).build(),
            memory(1, 2, 20, 8, 12, 6).model(Model.SWIGLU, 10).queryStep().initialWeights().finalWeights().build(),
            memory(1, 2, 20, 8, 8, 1).model(Model.SWIGLU, 10).optimiser(Optimiser.MOMENTUM).loss(Loss.MSE_RESIDUAL).initialWeights().finalWeights().build());

    private static FastWeightBuilder memory(int batch, int heads, int length, int keyDim, int valueDim, int chunk) {
        return FastWeightSpec.of(batch, heads, length, keyDim).valueDim(valueDim).chunk(chunk);
    }

    private static AttentionBuilder attention(int batch, int heads, int kvHeads, int queries, int keys, int headDim, int valueDim) {
        return AttentionSpec.of(batch, heads, queries, headDim).kvHeads(kvHeads).keys(keys).valueDim(valueDim);
    }

    private static RecurrenceBuilder recurrence(int batch, int heads, int length, int keyDim, int valueDim) {
        return RecurrenceSpec.of(batch, heads, length, keyDim).valueDim(valueDim);
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
