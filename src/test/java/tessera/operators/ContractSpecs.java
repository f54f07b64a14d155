package tessera.operators;

import java.util.List;
import java.util.stream.Stream;
import tessera.AttentionBuilder;
import tessera.AttentionSpec;
import tessera.CodedAttentionSpec;
import tessera.ConvolutionSpec;
import tessera.DType;
import tessera.Epilogue;
import tessera.EpilogueSpec;
import tessera.FeatureSpec;
import tessera.Features;
import tessera.MergeSpec;
import tessera.NumberFormat;
import tessera.PermuteSpec;
import tessera.PoolSpec;
import tessera.PoolSpec.Reduction;
import tessera.ProjectionSpec;
import tessera.QuantSpec;
import tessera.QuantisedAttentionSpec;
import tessera.RotarySpec;
import tessera.Spec;
import tessera.masks.Mask;

/** The problems of the contract: shapes that fit no tile, lane, part or block, and every option at least once. */
public final class ContractSpecs {
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

    private static NumberFormat levels(int bits) {
        return new NumberFormat.Integers(bits, false);
    }

    private static NumberFormat symmetric(int bits) {
        return new NumberFormat.Integers(bits, true);
    }

    /** Quantisation: batch, heads, length, dim, then tokens and channels of a group. */
    private static final List<Spec> QUANTISED = List.of(
            QuantSpec.of(1, 1, 1, 1, levels(2)),
            QuantSpec.of(2, 3, 63, 60, levels(2)).groups(32, 1),
            QuantSpec.of(2, 3, 63, 60, levels(2)).groups(1, 32),
            QuantSpec.of(1, 2, 100, 13, levels(4)).groups(16, 1),
            QuantSpec.of(3, 1, 17, 129, levels(4)).groups(1, 50),
            QuantSpec.of(2, 2, 100, 60, levels(8)).groups(16, 60),
            QuantSpec.of(1, 3, 63, 7, levels(8)).groups(5, 3),
            QuantSpec.of(2, 2, 63, 60, symmetric(8)).groups(16, 60).smooth(63),
            QuantSpec.of(2, 2, 100, 12, symmetric(8)).groups(32, 12).smooth(32),
            QuantSpec.of(1, 2, 63, 13, symmetric(4)).groups(1, 5),
            QuantSpec.of(1, 1, 1, 7, symmetric(2)).smooth(4),
            QuantSpec.of(2, 2, 100, 60, new NumberFormat.Codebook(3)).groups(100, 1),
            QuantSpec.of(1, 3, 17, 7, new NumberFormat.Codebook(2)).groups(1, 7),
            QuantSpec.of(2, 1, 63, 12, new NumberFormat.Codebook(4)).groups(10, 5),
            QuantSpec.of(2, 2, 17, 60, levels(4)).groups(8, 1).withDType(DType.F16),
            QuantSpec.of(1, 2, 19, 12, symmetric(8)).groups(1, 12).withDType(DType.BF16),
            QuantSpec.of(1, 1, 1, 1, levels(8)).dequantise(),
            QuantSpec.of(2, 3, 63, 60, levels(2)).groups(32, 1).dequantise(),
            QuantSpec.of(1, 2, 100, 13, levels(4)).groups(1, 5).dequantise(),
            QuantSpec.of(2, 2, 17, 7, symmetric(8)).groups(5, 3).dequantise(),
            QuantSpec.of(2, 2, 63, 60, new NumberFormat.Codebook(3)).groups(63, 1).withOutliers(3),
            QuantSpec.of(1, 3, 17, 12, levels(2)).groups(1, 12).withOutliers(1).withDType(DType.F16),
            QuantSpec.of(2, 3, 63, 60, levels(2)).groups(32, 1).round(),
            QuantSpec.of(2, 2, 100, 13, symmetric(8)).groups(16, 13).smooth(100).round(),
            QuantSpec.of(1, 1, 1, 1, NumberFormat.Floats.FP8),
            QuantSpec.of(2, 3, 63, 60, NumberFormat.Floats.FP8).groups(16, 60),
            QuantSpec.of(1, 2, 100, 13, NumberFormat.Floats.FP8.upTo(4.5f)).groups(100, 1).smooth(100),
            QuantSpec.of(2, 3, 63, 60, NumberFormat.Floats.FP4).groups(1, 16),
            QuantSpec.of(2, 1, 100, 7, NumberFormat.Floats.FP4).groups(16, 1).withDType(DType.F16));

    /** As in KIVI: keys in groups of tokens of a channel, values of channels of a token; the last {@code rest} keys are whole. */
    private static QuantisedAttentionSpec packed(AttentionBuilder builder, NumberFormat format, int group, int rest) {
        AttentionSpec a = builder.build();
        return new QuantisedAttentionSpec(a, QuantSpec.of(a.batch(), a.kvHeads(), a.keys() - rest, a.headDim(), format).groups(group, 1).withDType(a.dtype()),
                QuantSpec.of(a.batch(), a.kvHeads(), a.keys() - rest, a.valueDim(), format).groups(1, group).withDType(a.dtype()));
    }

    /** batch, heads, length, headDim; then the group and the keys that are not quantised. */
    private static final List<Spec> OVER_CODES = List.of(
            packed(AttentionSpec.of(1, 1, 1, 1), levels(2), 1, 0),
            packed(AttentionSpec.of(2, 6, 63, 60).kvHeads(2).causal(), levels(2), 32, 17),
            packed(AttentionSpec.of(1, 4, 1, 60).kvHeads(2).keys(100).lse(), levels(4), 16, 13),
            packed(AttentionSpec.of(2, 3, 17, 13).valueDim(7).keys(63).causal().lse(), levels(8), 5, 0),
            packed(AttentionSpec.of(1, 3, 100, 12).mask(Mask.streaming(3, 10)).causal(), symmetric(4), 8, 30),
            packed(AttentionSpec.of(2, 2, 63, 20).keys(17).causal().lse(), new NumberFormat.Codebook(3), 8, 16),
            packed(AttentionSpec.of(1, 2, 17, 12).kvHeads(1).causal().dtype(DType.F16), levels(2), 4, 5),
            new QuantisedAttentionSpec(AttentionSpec.of(1, 2, 63, 12).mask(Mask.window(7, 3)).build(), QuantSpec.of(1, 2, 60, 12, symmetric(8)).groups(16, 12),
                    QuantSpec.of(1, 2, 60, 12, new NumberFormat.Codebook(2)).groups(7, 5)));

    public static final List<Spec> ALL = Stream.of(AttentionContractSpecs.ALL, RecurrenceContractSpecs.ALL, SelectContractSpecs.ALL, TOKENS, QUANTISED, OVER_CODES).flatMap(List::stream).toList();
}
