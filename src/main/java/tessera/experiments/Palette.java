package tessera.experiments;

import java.awt.Color;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import tessera.methods.Row;

/** One look for each method in every chart: the family gives the hue, the place in the family the shade and the dashes. */
final class Palette {

    /** How a method's line is drawn. */
    record Look(Color color, float[] dash) {

        /** For CSS and SVG, for example {@code #3b82f6}. */
        String css() {
            return String.format(Locale.ROOT, "#%06x", color.getRGB() & 0xffffff);
        }
    }

    private static final Map<String, int[]> HUES = Map.of("dense", new int[] {0x3b82f6, 0x6366f1}, "sparse", new int[] {0xd97706, 0xdc4f2a, 0xa88a00},
            "linear", new int[] {0x0d9f6e, 0x0891b2, 0x65a30d}, "compact", new int[] {0xa855f7, 0xdb2777});
    private static final int[] OTHER = {0x808890};
    private static final float[][] DASHES = {{1, 0}, {7, 4}, {2, 3}, {9, 3, 2, 3}};

    private final Map<String, Look> looks = new LinkedHashMap<>();

    Palette(List<Row> methods) {
        Map<String, List<String>> families = new HashMap<>();
        for (Row method : methods) {
            List<String> family = families.computeIfAbsent(method.family(), _ -> new ArrayList<>());
            if (!family.contains(method.id())) {
                int[] hues = HUES.getOrDefault(method.family(), OTHER);
                looks.put(method.id(), new Look(new Color(hues[family.size() % hues.length]), DASHES[family.size() % DASHES.length]));
                family.add(method.id());
            }
        }
    }

    Look of(String method) {
        return looks.get(method);
    }
}
