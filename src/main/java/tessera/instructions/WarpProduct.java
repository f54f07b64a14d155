package tessera.instructions;

import java.util.ArrayList;
import java.util.List;
import tessera.engine.WorkItem;

/**
 * D = A B + C of a warp, A 16×k, B k×8; with g = lane / 4 and t = lane % 4 a lane holds of C rows g and g + 8, columns 2 t and
 * 2 t + 1, and of A and B what {@link #multiply} says. The layouts are the PTX ISA's "matrix fragments for mma".
 */
final class WarpProduct {

    /** Before {@code mma} with its shape and types. */
    static final String OPERANDS = """
            {
            .reg .b32 a<4>, b<2>;
            mov.b32 a0, ${4};
            mov.b32 a1, ${5};
            mov.b32 a2, ${6};
            mov.b32 a3, ${7};
            mov.b32 b0, ${8};
            mov.b32 b1, ${9};
            """;

    /** And after it. */
    static final String REGISTERS = """
             {$r_0, $r_1, $r_2, $r_3}, {a0, a1, a2, a3}, {b0, b1}, {${0}, ${1}, ${2}, ${3}};
            }""";

    /** What a lane holds, as numbers. */
    private record Lane(float[] c, float[] a, float[] b) {
    }

    private WarpProduct() {
    }

    /**
     * This lane's four elements of D.
     *
     * @param pack elements in a register; k is eight times that
     * @param a elements of four registers: register {@code i} is row g + 8 (i % 2), columns from pack (t + 4 (i / 2)) on
     * @param b elements of two registers: register {@code i} is column g, rows from pack (t + 4 i) on
     */
    static float[] multiply(String instruction, int pack, float[] c, float[] a, float[] b) {
        return WorkItem.current().together(instruction, new Lane(c, a, b), lanes -> multiply(pack, lanes));
    }

    private static List<float[]> multiply(int pack, List<Lane> lanes) {
        float[][] a = new float[16][8 * pack];
        float[][] b = new float[8 * pack][8];
        for (int lane = 0; lane < 32; lane++) {
            int g = lane / 4;
            int t = lane % 4;
            for (int e = 0; e < pack; e++) {
                for (int i = 0; i < 4; i++) {
                    a[g + 8 * (i % 2)][pack * (t + 4 * (i / 2)) + e] = lanes.get(lane).a[i * pack + e];
                }
                for (int i = 0; i < 2; i++) {
                    b[pack * (t + 4 * i) + e][g] = lanes.get(lane).b[i * pack + e];
                }
            }
        }
        List<float[]> results = new ArrayList<>();
        for (int lane = 0; lane < 32; lane++) {
            float[] d = new float[4];
            for (int i = 0; i < 4; i++) {
                double sum = lanes.get(lane).c[i];
                for (int k = 0; k < 8 * pack; k++) {
                    sum += (double) a[lane / 4 + 8 * (i / 2)][k] * b[k][2 * (lane % 4) + i % 2];
                }
                d[i] = (float) sum;
            }
            results.add(d);
        }
        return results;
    }
}
