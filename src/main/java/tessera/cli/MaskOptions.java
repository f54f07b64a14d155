package tessera.cli;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Option;
import picocli.CommandLine.TypeConversionException;
import tessera.masks.Blocks;
import tessera.masks.GlobalTokens;
import tessera.masks.Mask;
import tessera.masks.Neighbourhood;
import tessera.masks.Stride;
import tessera.masks.Window;

/** Patterns of a mask; a query sees what one of those that are given lets it see. */
final class MaskOptions {
    private static final long SEED = 7;

    @Option(names = "--window", paramLabel = "LEFT,RIGHT", converter = Sides.class, description = "Keys before and after the query that it sees; -1 is open.")
    private Window window;

    @Option(names = "--sink", paramLabel = "S", converter = LengthConverter.class, description = "The first S keys are seen by every query; goes with --window.")
    private Integer sink;

    @Option(names = "--global", paramLabel = "G", converter = LengthConverter.class, description = "The first G tokens see all and are seen by all.")
    private Integer global;

    @Option(names = "--stride", paramLabel = "STEP[,REACH]", converter = Steps.class,
            description = "Dilated: every STEP-th key before and after the query, REACH of them on each side or all.")
    private Stride stride;

    @Option(names = "--neighbourhood", paramLabel = "SIZES,WINDOWS", converter = Places.class,
            description = "Of a line, plane or volume: sizes and windows along its axes, for example 32x64,7x7.")
    private Neighbourhood neighbourhood;

    @Option(names = "--random", paramLabel = "R", converter = LengthConverter.class,
            description = "R key blocks drawn for every query block, always the same ones; needs --block-size.")
    private Integer random;

    /** Names and values of the options, null where one is not given. */
    Object[] given() {
        return new Object[] {"--window", window, "--sink", sink, "--global", global, "--stride", stride, "--neighbourhood", neighbourhood, "--random", random};
    }

    /** @throws IllegalArgumentException if an option lacks another one, naming it */
    Mask mask(int queries, int keys, Integer blockSize) {
        if (sink != null && window == null) {
            throw new IllegalArgumentException("--sink needs a --window, for example --window 127,0");
        }
        if (random != null && blockSize == null) {
            throw new IllegalArgumentException("--random needs --block-size, for example --block-size 64");
        }
        CompareCommand.atLeastOne("--global", global, 1);
        CompareCommand.atLeastOne("--random", random, 1);
        List<Mask> patterns = new ArrayList<>();
        if (window != null) {
            patterns.add(new Window(sink == null ? 0 : sink, window.left(), window.right()));
        }
        if (global != null) {
            patterns.add(GlobalTokens.of(IntStream.range(0, Math.min(global, Math.max(queries, keys))).toArray()));
        }
        if (stride != null) {
            patterns.add(stride);
        }
        if (neighbourhood != null) {
            patterns.add(neighbourhood);
        }
        if (random != null) {
            patterns.add(Blocks.random(1, queries, keys, blockSize, blockSize, random, SEED));
        }
        return patterns.stream().reduce(Mask::or).orElse(Mask.FULL);
    }

    /** Numbers between separators; -1 is one, other negative ones are not. */
    private static int[] numbers(String text, String separator) {
        return Arrays.stream(text.split(separator, -1)).map(String::strip).mapToInt(n -> n.equals("-1") ? -1 : new LengthConverter().convert(n)).toArray();
    }

    private static TypeConversionException not(String text, String form) {
        return new TypeConversionException("'" + text + "' is not " + form);
    }

    static final class Sides implements ITypeConverter<Window> {
        @Override
        public Window convert(String text) {
            int[] sides = numbers(text, ",");
            if (sides.length != 2) {
                throw not(text, "LEFT,RIGHT, for example 127,0");
            }
            try {
                return new Window(0, sides[0], sides[1]);
            } catch (IllegalArgumentException e) {
                throw new TypeConversionException(e.getMessage());
            }
        }
    }

    static final class Steps implements ITypeConverter<Stride> {
        @Override
        public Stride convert(String text) {
            int[] steps = numbers(text, ",");
            if (steps.length > 2) {
                throw not(text, "STEP or STEP,REACH, for example 4,64");
            }
            try {
                return new Stride(steps[0], steps.length == 1 ? -1 : steps[1]);
            } catch (IllegalArgumentException e) {
                throw new TypeConversionException(e.getMessage());
            }
        }
    }

    static final class Places implements ITypeConverter<Neighbourhood> {
        @Override
        public Neighbourhood convert(String text) {
            String[] parts = text.split(",", -1);
            if (parts.length != 2) {
                throw not(text, "SIZES,WINDOWS, for example 32x64,7x7");
            }
            try {
                return Neighbourhood.of(numbers(parts[0], "x"), numbers(parts[1], "x"));
            } catch (IllegalArgumentException e) {
                throw new TypeConversionException(e.getMessage());
            }
        }
    }
}
