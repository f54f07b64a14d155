package tessera.operators;

import java.util.List;
import java.util.stream.Stream;
import tessera.CodedAttentionSpec;
import tessera.ConvolutionSpec;
import tessera.DType;
import tessera.Epilogue;
import tessera.EpilogueSpec;
import tessera.FeatureSpec;
import tessera.Features;
import tessera.MergeSpec;
import tessera.PermuteSpec;
import tessera.PoolSpec;
import tessera.PoolSpec.Reduction;
import tessera.ProjectionSpec;
import tessera.RotarySpec;
import tessera.Spec;

/** The problems of the contract: shapes that fit no tile, lane, part or block, and every option at least once. */
final class ContractSpecs {
    private ContractSpecs() {
    }

    /** What is computed token by token, or merges parts. */
    private static final List<Spec> TOKENS = List.of(
            // parts, batch, heads, queries, valueDim
            MergeSpec.of(1, 1, 1, 1, 1),
            MergeSpec.of(2, 3, 5, 17, 12),
            MergeSpec.of(7, 1, 3, 63, 60),
            MergeSpec.of(3, 2, 1, 129, 256),
            MergeSpec.of(2, 4, 8, 129, 8),
            MergeSpec.of(3, 2, 2, 17, 8).withDType(DType.F16),
            MergeSpec.of(1, 1, 1, 1, 1).withWeights(1, 1, 1, 1),
            MergeSpec.of(3, 2, 5, 63, 12).withWeights(3, 2, 5, 63),
            MergeSpec.of(4, 2, 3, 17, 60).withWeights(4, 1, 3, 1),
            MergeSpec.of(3, 2, 3, 100, 7).withWeights(3, 2, 1, 100).withDType(DType.F16),
            MergeSpec.of(2, 3, 2, 19, 5).withWeights(1, 3, 1, 1).withDType(DType.BF16),
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
            // permutations: batch, heads, length, dim, outLength
            PermuteSpec.gather(1, 1, 1, 1, 1),
            PermuteSpec.gather(2, 3, 63, 60, 100),
            PermuteSpec.gather(3, 5, 17, 7, 9).withIndex(1, 5),
            PermuteSpec.gather(2, 3, 129, 12, 129).withIndex(2, 1),
            PermuteSpec.scatter(1, 1, 1, 1, 1),
            PermuteSpec.scatter(2, 3, 63, 60, 63),
            PermuteSpec.scatter(2, 3, 17, 13, 100).withIndex(1, 1),
            PermuteSpec.scatter(1, 5, 100, 7, 63).withIndex(1, 5).withDType(DType.F16),
            PermuteSpec.gather(2, 1, 19, 12, 17).withDType(DType.BF16),
            // pooling: batch, heads, length, dim, size
            PoolSpec.of(1, 1, 1, 1, 1, Reduction.MEAN),
            PoolSpec.of(2, 3, 63, 60, 16, Reduction.MEAN),
            PoolSpec.of(3, 5, 17, 7, 100, Reduction.MEAN),
            PoolSpec.of(2, 3, 100, 12, 32, Reduction.MEAN).withStride(16),
            PoolSpec.of(1, 2, 129, 13, 8, Reduction.MIN),
            PoolSpec.of(2, 3, 63, 5, 7, Reduction.MAX).withStride(3),
            PoolSpec.of(2, 1, 19, 129, 5, Reduction.SUM).withStride(1),
            PoolSpec.given(2, 3, 63, 60, 9, Reduction.MEAN),
            PoolSpec.given(1, 1, 1, 1, 3, Reduction.MEAN),
            PoolSpec.given(2, 2, 100, 7, 5, Reduction.MIN),
            PoolSpec.given(3, 1, 17, 12, 4, Reduction.MAX).withDType(DType.F16),
            PoolSpec.given(1, 2, 19, 13, 6, Reduction.SUM).withDType(DType.BF16),
            // attention over codes: batch, heads, length, headDim
            CodedAttentionSpec.of(1, 1, 1, 1),
            CodedAttentionSpec.of(2, 3, 63, 60).withCausal(),
            CodedAttentionSpec.of(1, 4, 100, 32).withKeys(150, 2, 48).withBlocks(16, 24),
            CodedAttentionSpec.of(1, 2, 70, 16).withKeys(33, 1, 7).withBlocks(32, 5).withCausal(),
            CodedAttentionSpec.of(1, 2, 129, 64).withCausal().withScale(0.3f).withDType(DType.F16),
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
            new EpilogueSpec(1, 3, 2, 7, new Epilogue.Add(1), DType.BF16));

    static final List<Spec> ALL = Stream.of(AttentionContractSpecs.ALL, RecurrenceContractSpecs.ALL, SelectContractSpecs.ALL, TOKENS).flatMap(List::stream).toList();
}
