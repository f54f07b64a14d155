package tessera.tasks;

import java.util.stream.Stream;
import org.junit.jupiter.params.provider.Arguments;

/** A good kernel of each kind, and for each rule one that differs from it in just that. */
final class BadKernelSources {
    private static final String SIGNATURE = "public static void rows(FloatArray x, FloatArray y, int rowOffset, int rowCount)";
    private static final String STATEMENT = "y.set(rowOffset + r, x.get(rowOffset + r));";
    private static final String LOOP = "for (@Parallel int r = 0; r < rowCount; r++)";
    private static final String FORMULA = "/** {@code y_r = x_r}. */";

    static final String GOOD = """
            package tessera.tasks.sample;

            import tessera.tasks.Dot;
            import uk.ac.manchester.tornado.api.annotations.Parallel;
            import uk.ac.manchester.tornado.api.math.TornadoMath;
            import uk.ac.manchester.tornado.api.types.arrays.FloatArray;

            /** {@code y_r = x_r}. */
            public final class Sample {
                private Sample() {
                }

                // members
                public static void rows(FloatArray x, FloatArray y, int rowOffset, int rowCount) {
                    for (@Parallel int r = 0; r < rowCount; r++) {
                        y.set(rowOffset + r, x.get(rowOffset + r));
                    }
                }
            }
            """;

    static final String GOOD_TILES = """
            package tessera.tasks.sample;

            import uk.ac.manchester.tornado.api.KernelContext;
            import uk.ac.manchester.tornado.api.types.arrays.FloatArray;

            /** {@code y_r = x_r}. */
            public final class Sample {
                private Sample() {
                }

                // members
                public static void tiles(KernelContext context, FloatArray x, FloatArray y) {
                    float[] tile = context.allocateFloatLocalArray(16);
                    tile[context.localIdx] = x.get(context.globalIdx);
                    context.localBarrier();
                    y.set(context.globalIdx, tile[context.localIdx]);
                }
            }
            """;

    static final String GOOD_SPECIALISED = """
            package tessera.tasks.sample;

            import tessera.specialise.Constant;
            import tessera.specialise.Inline;
            import tessera.specialise.Registers;
            import tessera.specialise.Unroll;
            import uk.ac.manchester.tornado.api.KernelContext;
            import uk.ac.manchester.tornado.api.types.arrays.FloatArray;

            /** {@code y_r = x_r}. */
            public final class Sample {
                private Sample() {
                }

                @Inline
                public static void load(float[] to, FloatArray from, int[] order, int dim) {
                    for (@Unroll int d = 0; d < dim; d++) {
                        order[d] = d;
                        to[order[d]] = from.get(d);
                    }
                }

                // members
                public static void tiles(KernelContext context, FloatArray x, FloatArray y, @Constant int dim) {
                    float @Registers [] row = new float[dim];
                    int @Registers [] order = new int[dim];
                    load(row, x, order, dim);
                    for (@Unroll int d = 0; d < dim; d++) {
                        y.set(d, row[d]);
                    }
                }
            }
            """;

    private BadKernelSources() {
    }

    private static Arguments bad(String rule, String source) {
        return Arguments.of(rule, source, "-g");
    }

    private static Arguments signature(String rule, String signature) {
        return bad(rule, GOOD.replace(SIGNATURE, signature));
    }

    private static Arguments statement(String rule, String statement) {
        return bad(rule, GOOD.replace(STATEMENT, statement));
    }

    private static Arguments member(String rule, String member) {
        return bad(rule, GOOD.replace("// members", member));
    }

    private static Arguments helper(String rule, String helper) {
        return bad(rule, GOOD.replace("// members", helper).replace(STATEMENT, "y.set(rowOffset + r, helped(r));"));
    }

    static Stream<Arguments> all() {
        return Stream.of(
                signature("static", SIGNATURE.replace("static ", "")),
                signature("parameters int, float, long", SIGNATURE.replace("x,", "x, boolean twice,")),
                signature("parameters int, float, long", SIGNATURE.replace("x,", "x, String name,")),
                signature("parameters int, float, long", SIGNATURE.replace("x,", "x, float[] more,")),
                signature("parameters int, float, long", SIGNATURE.replace("x,", "x, double factor,")),
                signature("at most 20 parameters", SIGNATURE.replace("x,", "x, int a, int b, int c, int d, int e, int f, int g, int h, "
                        + "int i, int j, int k, int l, int m, int n, int o, int p, int q,")),
                bad("rowOffset and rowCount last", GOOD.replace("rowOffset", "from")),
                signature("rowOffset and rowCount last", SIGNATURE.replace("int rowOffset, int rowCount", "int rowCount, int rowOffset")),
                signature("rowOffset and rowCount last", SIGNATURE.replace("rowCount", "rowCount, int dim")),
                statement("no athrow", "if (r < 0) { throw null; }"),
                statement("no new", "y.set(r, new StringBuilder(r).length());"),
                statement("no exception table", "try { y.set(r, 0); } finally { y.set(r, 1); }"),
                statement("no invokedynamic", "int n = r; Runnable action = () -> y.set(n, 0);"),
                statement("no invokeinterface", "CharSequence text = null; y.set(r, text.length());"),
                statement("no strings", "y.set(r, \"text\".length());"),
                statement("no multianewarray", "float[][] square = new float[4][4];"),
                statement("no anewarray", "FloatArray[] both = {x, y};"),
                statement("no arrays but new float[n]", "int[] counts = new int[4];"),
                statement("no double constants", "y.set(r, (float) (x.get(r) * 0.1));"),
                statement("no double arithmetic", "y.set(r, (float) ((double) x.get(r) * x.get(r)));"),
                statement("no infinities or NaN", "y.set(r, Float.NEGATIVE_INFINITY);"),
                statement("no infinities or NaN", "y.set(r, 0.0f / 0.0f);"),
                statement("calls only", "y.set(r, Math.fma(x.get(r), 2.0f, 1.0f));"),
                statement("calls only", "System.gc();"),
                statement("no early return", "if (r == 3) { return; }"),
                bad("no static arrays", GOOD.replace("// members", "static final float[] TABLE = {1, 2};").replace(STATEMENT, "y.set(r, TABLE[0]);")),
                bad("no static arrays", GOOD.replace("// members", "static int count;").replace(STATEMENT, "count = r;")),
                helper("no recursion", "static float helped(int n) { return n < 1 ? 1 : helped(n - 1); }"),
                helper("no recursion", "static float helped(int n) { return other(n); } static float other(int n) { return helped(n); }"),
                helper("a helper's parameters", "static float helped(Object n) { return 1; }"),
                helper("a helper's parameters", "static byte helped(int n) { return 1; }"),
                member("a helper is called", "static float helped(int n) { return n; }"),
                member("no nested classes", "static final class Nested { }"),
                member("at most one kernel a class", SIGNATURE.replace("rows", "more") + " { }"),
                bad("a name that is no keyword", GOOD.replace(" rows(", " isnan(")),
                bad("a class name without", GOOD.replaceAll("(class|private) Sample", "$1 SampleFP16").replace("public final", "final")),
                bad("no local array passed", GOOD_TILES.replace("// members", "static float first(float[] a) { return a[0]; }")
                        .replace("context.localBarrier();", "y.set(0, first(tile));")),
                bad("no local array passed", GOOD_SPECIALISED.replace("@Inline", "").replace("public static void load", "static float load")
                        .replace("// members", "//").replaceFirst("(?s)(get\\(d\\);\\s+\\})", "$1 return 0;")),
                bad("no arrays but new float[n]", GOOD_SPECIALISED.replace("@Registers", "")),
                bad("at most one kernel a class", GOOD_SPECIALISED.replace("@Inline", "")),
                Arguments.of("a LocalVariableTable", GOOD, "-g:none"),
                Arguments.of("rowOffset and rowCount last", GOOD, "-g:lines"),
                bad("a @Parallel loop from literal 0", GOOD.replace("r = 0", "r = 1")),
                bad("a @Parallel loop from literal 0", GOOD.replace("r++", "r += 2")),
                bad("a @Parallel loop from literal 0", GOOD.replace(LOOP, "for (@Parallel int r = rowCount; r > 0; r--)")),
                bad("a @Parallel loop from literal 0", GOOD.replace(LOOP, "for (@Parallel int r = 0; r < 8; r++)")),
                bad("one @Parallel loop over rows", GOOD.replace("@Parallel int", "int")),
                bad("one @Parallel loop over rows", GOOD.replace(STATEMENT, LOOP.replaceAll("\\br\\b", "s") + " { y.set(s, 0); }")),
                bad("a formula in the Javadoc", GOOD.replace(FORMULA, "/** Copies {@code x}. */")),
                bad("a formula in the Javadoc", GOOD.replace(FORMULA, "// {@code y_r = x_r}")));
    }
}
