package tessera.cli;

import java.util.BitSet;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.TypeConversionException;
import tessera.AttentionBuilder;
import tessera.AttentionSpec;
import tessera.CausalAlignment;
import tessera.RecurrenceBuilder;
import tessera.RecurrenceSpec.FeatureMap;
import tessera.RecurrenceSpec;
import tessera.Shape;
import tessera.Tensor;
import tessera.UpdateRule.Correction;
import tessera.UpdateRule.Gate;
import tessera.layouts.BlockMap;
import tessera.masks.Blocks;

/** What to compute, besides sizes and types: the options that describe a spec. */
final class SpecOptions {

    /** The operators that take q, k and v. */
    enum OperatorName { ATTENTION, RECURRENCE }

    @Option(names = "--operator", paramLabel = "NAME", defaultValue = "ATTENTION", description = "attention or recurrence (default: attention).")
    OperatorName operator;

    @Option(names = "--scale", paramLabel = "X", description = "Factor on q·k; 1/sqrt(headDim) for attention, 1 for a recurrence.")
    private Float scale;

    @Option(names = "--causal", arity = "0..1", paramLabel = "ALIGNMENT", fallbackValue = "bottom-right", converter = AlignmentName.class,
            description = "No key after the query; top-left or bottom-right (default) where queries and keys differ in number.")
    private CausalAlignment causal;

    @Mixin
    private MaskOptions masks;

    @Option(names = "--block-size", paramLabel = "B", converter = LengthConverter.class,
            description = "Round the mask up to blocks of B x B pairs and store it as block-sparse rows.")
    private Integer blockSize;

    @Option(names = "--lse", description = "Also give the log-sum-exp of every row of scores.")
    private boolean lse;

    @Option(names = "--gate", paramLabel = "KIND", converter = GateName.class,
            description = "Decay of a recurrence: none, head-const, key-const, head-token, key-token, value-token, key-value, ssm or implicit.")
    private Gate gate;

    @Option(names = "--correction", paramLabel = "KIND", converter = CorrectionName.class,
            description = "Change of rank one of a recurrence: none, delta, rank-one or rank-one-by-value.")
    private Correction correction;

    @Option(names = "--feature-map", paramLabel = "MAP", converter = MapName.class, description = "Of a recurrence: identity, elu-plus-one or relu.")
    private FeatureMap featureMap;

    @Option(names = "--normalised", description = "Divide the result of a recurrence by the sum of its weights.")
    private boolean normalised;

    @Option(names = "--final-state", description = "Also give the last state of a recurrence.")
    private boolean finalState;

    /**
     * Adds these options to an attention.
     *
     * @param blockMask [query blocks, key blocks] or [maps, query blocks, key blocks], 0 where a block is left out; or null
     */
    AttentionSpec attention(AttentionBuilder builder, int queries, int keys, Tensor blockMask) {
        if (blockMask == null) {
            AttentionSpec exact = unrounded(builder, queries, keys);
            return blockSize == null ? exact : exact.toBuilder().mask(rounded(exact)).build();
        }
        refuse("an input with a block_mask", masks.given());
        if (blockSize == null) {
            throw new IllegalArgumentException("an input with a block_mask needs --block-size, for example --block-size 64");
        }
        AttentionSpec exact = unrounded(builder, queries, keys);
        return exact.toBuilder().mask(blocks(blockMask, queries, keys)).build();
    }

    /** As {@link #attention}, without rounding the mask up to blocks. */
    AttentionSpec unrounded(AttentionBuilder builder, int queries, int keys) {
        refuse("an attention", "--gate", gate, "--correction", correction, "--feature-map", featureMap, "--normalised", normalised, "--final-state", finalState);
        CompareCommand.atLeastOne("--block-size", blockSize, 1);
        if (causal != null) {
            builder.causal(causal);
        }
        if (scale != null) {
            builder.scale(scale);
        }
        if (lse) {
            builder.lse();
        }
        builder.build(); // what is wrong with sizes is said before the mask is made
        if (blockSize != null) {
            BlockReport.requireFew("--block-size", blockSize, queries, keys);
        }
        return builder.mask(masks.mask(queries, keys, blockSize)).build();
    }

    Integer blockSize() {
        return blockSize;
    }

    /** The blocks that hold at least one pair which mask and causality allow. */
    private Blocks rounded(AttentionSpec exact) {
        BlockMap map = BlockMap.of(exact, blockSize, blockSize);
        int columns = map.keys().count();
        BitSet visited = new BitSet();
        for (int row = 0; row < map.rows(); row++) {
            for (int place = map.rowPtr()[row]; place < map.rowPtr()[row + 1]; place++) {
                visited.set(row * columns + map.colIdx()[place]);
            }
        }
        return new Blocks(1, exact.queries(), exact.keys(), blockSize, blockSize, (_, queryBlock, keyBlock) -> visited.get(queryBlock * columns + keyBlock));
    }

    private Blocks blocks(Tensor map, int queries, int keys) {
        Shape shape = map.shape();
        int rows = Math.ceilDiv(queries, blockSize);
        int columns = Math.ceilDiv(keys, blockSize);
        boolean fits = (shape.rank() == 2 || shape.rank() == 3) && shape.dim(-2) == rows && shape.dim(-1) == columns;
        if (!fits) {
            throw new IllegalArgumentException("'block_mask' must be [maps, " + rows + ", " + columns + "] for blocks of " + blockSize + ", got " + shape);
        }
        return new Blocks(shape.elements() / rows / columns, queries, keys, blockSize, blockSize,
                (head, queryBlock, keyBlock) -> map.get((head * rows + queryBlock) * columns + keyBlock) != 0);
    }

    /**
     * Adds these options to a recurrence.
     *
     * @param given kind of the gate that the inputs have, or null if that is not known
     */
    RecurrenceSpec recurrence(RecurrenceBuilder builder, Gate given) {
        refuse("a recurrence, which is always causal", "--causal", causal, "--block-size", blockSize, "--lse", lse);
        refuse("a recurrence", masks.given());
        if (given != null && gate != null && given != gate) {
            throw new IllegalArgumentException("--gate " + hyphened(gate) + " does not fit the input, whose gate is " + hyphened(given));
        }
        Gate kind = given != null ? given : gate != null ? gate : Gate.NONE;
        builder.gate(kind).correction(correction == null ? Correction.NONE : correction).featureMap(featureMap == null ? FeatureMap.IDENTITY : featureMap);
        if (scale != null) {
            builder.scale(scale);
        }
        if (normalised) {
            builder.normalised();
        }
        return (finalState ? builder.finalState() : builder).build();
    }

    private static void refuse(String what, Object... namesAndValues) {
        for (int n = 0; n < namesAndValues.length; n += 2) {
            if (namesAndValues[n + 1] != null && !namesAndValues[n + 1].equals(false)) {
                throw new IllegalArgumentException(namesAndValues[n] + " does not go with " + what);
            }
        }
    }

    private static String hyphened(Enum<?> value) {
        return value.name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    static <E extends Enum<E>> E named(Class<E> type, String text) {
        List<E> values = List.of(type.getEnumConstants());
        return values.stream().filter(value -> hyphened(value).equals(text.toLowerCase(Locale.ROOT))).findFirst()
                .orElseThrow(() -> new TypeConversionException("'" + text + "' is not one of "
                        + values.stream().map(SpecOptions::hyphened).collect(Collectors.joining(", "))));
    }

    static final class AlignmentName implements ITypeConverter<CausalAlignment> {
        @Override
        public CausalAlignment convert(String text) {
            return named(CausalAlignment.class, text);
        }
    }

    static final class GateName implements ITypeConverter<Gate> {
        @Override
        public Gate convert(String text) {
            return named(Gate.class, text);
        }
    }

    static final class CorrectionName implements ITypeConverter<Correction> {
        @Override
        public Correction convert(String text) {
            return named(Correction.class, text);
        }
    }

    static final class MapName implements ITypeConverter<FeatureMap> {
        @Override
        public FeatureMap convert(String text) {
            return named(FeatureMap.class, text);
        }
    }
}
