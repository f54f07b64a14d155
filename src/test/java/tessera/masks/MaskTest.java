package tessera.masks;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Locale;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tessera.AttentionSpec;
import tessera.CausalAlignment;

class MaskTest {

    /** Visible keys of every query as a picture: a row a query, a column a key. */
    private static String picture(AttentionSpec spec, int head) {
        return IntStream.range(0, spec.queries()).mapToObj(i -> IntStream.range(0, spec.keys())
                .mapToObj(j -> spec.allows(head, i, j) ? "x" : ".").collect(Collectors.joining())).collect(Collectors.joining(" "));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            # queries | keys | sink | left | right | causal | alignment    | picture
            3         | 3    | 0    | -1   | -1    | false  | BOTTOM_RIGHT | xxx xxx xxx
            3         | 3    | 0    | -1   | -1    | true   | BOTTOM_RIGHT | x.. xx. xxx
            2         | 4    | 0    | -1   | -1    | true   | BOTTOM_RIGHT | xxx. xxxx
            2         | 4    | 0    | -1   | -1    | true   | TOP_LEFT     | x... xx..
            4         | 2    | 0    | -1   | -1    | true   | BOTTOM_RIGHT | .. .. x. xx
            4         | 2    | 0    | -1   | -1    | true   | TOP_LEFT     | x. xx xx xx
            4         | 4    | 0    | 1    | 0     | false  | BOTTOM_RIGHT | x... xx.. .xx. ..xx
            4         | 4    | 0    | 1    | 1     | true   | BOTTOM_RIGHT | x... xx.. .xx. ..xx
            4         | 4    | 0    | -1   | 1     | false  | BOTTOM_RIGHT | xx.. xxx. xxxx xxxx
            4         | 4    | 0    | 1    | -1    | false  | BOTTOM_RIGHT | xxxx xxxx .xxx ..xx
            4         | 4    | 1    | 0    | 0     | false  | BOTTOM_RIGHT | x... xx.. x.x. x..x
            4         | 4    | 2    | 0    | 0     | true   | BOTTOM_RIGHT | x... xx.. xxx. xx.x
            2         | 4    | 1    | 0    | 0     | true   | BOTTOM_RIGHT | x.x. x..x
            4         | 2    | 1    | 0    | 0     | true   | BOTTOM_RIGHT | .. .. x. xx
            4         | 2    | 1    | 0    | 0     | false  | BOTTOM_RIGHT | x. x. x. xx
            """)
    void windowsSinksAndCausality(int queries, int keys, int sink, int left, int right, boolean causal, CausalAlignment alignment, String picture) {
        var builder = AttentionSpec.of(1, 1, queries, 4).keys(keys).mask(new Window(sink, left, right)).alignment(alignment);
        assertEquals(picture, picture(causal ? builder.causal(alignment).build() : builder.build(), 0));
    }

    @Test
    void aWindowOfAnyWidthIsJustWide() {
        int far = Integer.MAX_VALUE;
        AttentionSpec spec = AttentionSpec.of(1, 1, 2, 4).keys(3).mask(Mask.window(far, far)).build();
        assertEquals("xxx xxx", picture(spec, 0));
    }

    @Test
    void consecutiveHeadsShareABlockMap() {
        Blocks blocks = new Blocks(2, 3, 3, 2, 2, (map, qb, kb) -> map == 0 ? qb == kb : kb == 0);
        AttentionSpec spec = AttentionSpec.of(1, 4, 3, 8).mask(blocks).build();
        assertEquals("xx. xx. ..x", picture(spec, 0));
        assertEquals("xx. xx. ..x", picture(spec, 1));
        assertEquals("xx. xx. xx.", picture(spec, 2));
        assertEquals("xx. xx. xx.", picture(spec, 3));
    }

    @Test
    void globalTokensSeeAllAndAreSeenByAll() {
        assertEquals(".x.. xxxx .x.. .x..", picture(AttentionSpec.of(1, 1, 4, 4).mask(GlobalTokens.of(1)).build(), 0));
        assertEquals("x..x x..x xxxx", picture(AttentionSpec.of(1, 1, 3, 4).keys(4).mask(GlobalTokens.of(0, 3)).build(), 0));
        assertEquals("x. x. xx x.", picture(AttentionSpec.of(1, 1, 4, 4).keys(2).mask(GlobalTokens.of(0)).build(), 0));
        assertEquals(GlobalTokens.of(3, 1), GlobalTokens.of(1, 3));
        assertEquals("global tokens {1, 3}", GlobalTokens.of(3, 1).toString());
        assertEquals(GlobalTokens.of(1, 2), GlobalTokens.of(1, 9).resized(7, 30));
    }

    @Test
    void masksAreValuesAndPrintWell() {
        assertEquals(Mask.FULL, new Full());
        assertEquals(Mask.window(2, 0), new Window(0, 2, 0));
        assertEquals("full", Mask.FULL.toString());
        assertEquals("window(16,open)", Mask.window(16, -1).toString());
        assertEquals("window(64,0, sink 4)", Mask.streaming(4, 64).toString());
        Blocks half = new Blocks(1, 8, 8, 4, 4, (h, qb, kb) -> kb <= qb);
        assertTrue(half.block(0, 1, 0));
        assertFalse(half.block(0, 0, 1));
        assertNotEquals(half, new Blocks(1, 8, 8, 4, 4, (h, qb, kb) -> true));
        Locale usual = Locale.getDefault();
        Locale.setDefault(Locale.GERMANY);
        try {
            assertEquals("blocks(4x4, density 0.750)", half.toString());
        } finally {
            Locale.setDefault(usual);
        }
    }
}
