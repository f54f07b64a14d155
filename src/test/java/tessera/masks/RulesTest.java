package tessera.masks;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import tessera.AttentionSpec;

/** Masks other than windows and blocks, against truth tables written by hand: a row a query, x where it sees the key. */
class RulesTest {

    private static String picture(AttentionSpec spec, int head) {
        return IntStream.range(0, spec.queries()).mapToObj(i -> IntStream.range(0, spec.keys())
                .mapToObj(j -> spec.allows(head, i, j) ? "x" : ".").collect(Collectors.joining())).collect(Collectors.joining(" "));
    }

    static Stream<Arguments> tables() {
        return Stream.of(
                Arguments.of(new Stride(2, -1), "x.x.x .x.x. x.x.x .x.x. x.x.x"),
                Arguments.of(new Stride(2, 1), "x.x.. .x.x. x.x.x .x.x. ..x.x"),
                Arguments.of(new Stride(1, 0), "x.... .x... ..x.. ...x. ....x"),
                Arguments.of(Neighbourhood.of(new int[] {5}, 3), "xxx.. xxx.. .xxx. ..xxx ..xxx"),
                Arguments.of(Neighbourhood.of(new int[] {5}, 2), "xx... xx... .xx.. ..xx. ...xx"),
                Arguments.of(new Buckets(new int[] {0, 1, 0, 2, 9}, new int[] {1, 0, 0, 2, 1}), ".xx.. x...x .xx.. ...x. ....."),
                Arguments.of(new OriginalCausal(new int[] {4, 0, 2, 1, 3}, new int[] {4, 0, 2, 1, 3}), "xxxxx .x... .xxx. .x.x. .xxxx"),
                Arguments.of(Packed.of(2, 0, 3), "xx... xx... ..xxx ..xxx ..xxx"),
                Arguments.of(new Packed(new int[] {0, 1, 4}, new int[] {0, 3, 5}), "xxx.. ...xx ...xx ...xx ....."),
                Arguments.of(Mask.window(1, 0).or((map, query, position, key) -> key == 0), "x.... xx... xxx.. x.xx. x..xx"),
                Arguments.of(Mask.window(1, 1).and(new Stride(2, -1).not()), ".x... x.x.. .x.x. ..x.x ...x."));
    }

    @ParameterizedTest
    @MethodSource("tables")
    void asWrittenByHand(Mask mask, String table) {
        assertEquals(table, picture(AttentionSpec.of(1, 1, 5, 4).mask(mask).build(), 0), mask::toString);
    }

    @Test
    void aNeighbourhoodOfThePlaneIsAProductOfLines() {
        Neighbourhood plane = Neighbourhood.of(new int[] {2, 3}, 1, 2);
        assertEquals("xx.... xx.... .xx... ...xx. ...xx. ....xx", picture(AttentionSpec.of(1, 1, 6, 4).mask(plane).build(), 0));
    }

    @Test
    void masksPerHead() {
        AttentionSpec spec = AttentionSpec.of(1, 4, 3, 4).mask(Mask.perHead(Mask.FULL, Mask.window(0, 0))).build();
        assertEquals("xxx xxx xxx", picture(spec, 1));
        assertEquals("x.. .x. ..x", picture(spec, 2));
        Mask both = Mask.of(4, (map, query, position, key) -> key <= map).and(Mask.perHead(Mask.FULL, Mask.window(0, 0)));
        AttentionSpec combined = AttentionSpec.of(1, 4, 3, 4).mask(both).build();
        assertEquals("xx. xx. xx.", picture(combined, 1));
        assertEquals("x.. .x. ..x", picture(combined, 2));
    }

    @Test
    void aLambdaIsAMask() {
        AttentionSpec spec = AttentionSpec.of(1, 2, 3, 4).keys(4).mask((map, query, position, key) -> position == key).build();
        assertEquals(".x.. ..x. ...x", picture(spec, 1));
    }

    @Test
    void rulesThatDoNotFitAreRefused() {
        refused(() -> AttentionSpec.of(1, 1, 5, 4).mask(new Buckets(new int[4], new int[5])).build(), "buckets for 4 queries");
        refused(() -> AttentionSpec.of(1, 1, 5, 4).mask(Mask.FULL.and(new OriginalCausal(new int[5], new int[3]))).build(), "and 3 keys, too few");
        refused(() -> AttentionSpec.of(1, 1, 5, 4).mask(Mask.perHead(Neighbourhood.of(new int[] {2, 2}, 1, 1))).build(), "4 places, too few for 5 keys");
        refused(() -> AttentionSpec.of(1, 4, 5, 4).mask(Mask.perHead(Mask.FULL, Mask.FULL, Mask.FULL)).build(), "3 does not divide 4");
        refused(() -> Mask.of(2, Mask.FULL).and(Mask.of(3, Mask.FULL)), "2 and 3 maps");
        refused(() -> Mask.perHead(Mask.of(2, Mask.FULL)), "each with one map");
        refused(() -> new Stride(0, 1), "step >= 1");
        refused(() -> Neighbourhood.of(new int[] {3}, 4), "a window of 1 to its size");
        refused(() -> Neighbourhood.of(new int[] {3, 3}, 3), "1 to 3 axes");
        refused(() -> new Packed(new int[] {0, 3, 2}, new int[] {0, 1, 2}), "queryStarts must begin at 0 and never fall");
        refused(() -> new Packed(new int[] {0, 3}, new int[] {0, 1, 2}), "same length");
    }

    private static void refused(Runnable call, String words) {
        var error = assertThrows(IllegalArgumentException.class, call::run);
        assertTrue(error.getMessage().contains(words), error::getMessage);
    }
}
