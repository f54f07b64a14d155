package tessera.operators;

import java.util.List;
import tessera.DType;
import tessera.FastWeightBuilder;
import tessera.FastWeightSpec.Loss;
import tessera.FastWeightSpec.Model;
import tessera.FastWeightSpec.Optimiser;
import tessera.FastWeightSpec;
import tessera.RecurrenceBuilder;
import tessera.RecurrenceSpec.FeatureMap;
import tessera.RecurrenceSpec;
import tessera.Spec;
import tessera.UpdateRule.Correction;
import tessera.UpdateRule.Gate;
import tessera.UpdateRule.Norm;

/** Linear recurrences and fast weights among the {@link ContractSpecs}. */
final class RecurrenceContractSpecs {
    private RecurrenceContractSpecs() {
    }

    static final List<Spec> ALL = List.of(
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

    private static RecurrenceBuilder recurrence(int batch, int heads, int length, int keyDim, int valueDim) {
        return RecurrenceSpec.of(batch, heads, length, keyDim).valueDim(valueDim);
    }

    private static FastWeightBuilder memory(int batch, int heads, int length, int keyDim, int valueDim, int chunk) {
        return FastWeightSpec.of(batch, heads, length, keyDim).valueDim(valueDim).chunk(chunk);
    }
}
