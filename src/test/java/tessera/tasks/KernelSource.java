package tessera.tasks;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The rules for kernels that only their sources show. */
final class KernelSource {
    private static final Pattern KERNEL = Pattern.compile("(?<!@Inline\\s{1,9})public (static )?void (\\w+)\\(([^)]*)\\)");
    private static final Pattern LOOP = Pattern.compile("for \\(@Parallel int (\\w+) = 0; \\1 < rowCount; \\1\\+\\+\\)");
    private static final Pattern PARALLEL = Pattern.compile("@Parallel\\b");
    private static final Pattern FORMULA = Pattern.compile("/\\*\\*(?:(?!\\*/).)*\\{@code (?:[^{}]|\\{[^{}]*\\})*?(=|sum|exp)(?:(?!\\*/).)*\\*/", Pattern.DOTALL);

    private KernelSource() {
    }

    /** Every rule that a kernel's source breaks; a source without a kernel breaks none. */
    static List<String> violations(String source) {
        List<String> violations = new ArrayList<>();
        Matcher kernel = KERNEL.matcher(source);
        if (!kernel.find()) {
            return violations;
        }
        String name = kernel.group(2);
        long loops = LOOP.matcher(source).results().count();
        long annotations = PARALLEL.matcher(source.replaceAll("(?m)^import .*$", "")).results().count();
        if (annotations != loops) {
            violations.add(name + ": a @Parallel loop from literal 0 to rowCount by steps of 1");
        }
        if (annotations != (kernel.group(3).contains("KernelContext") ? 0 : 1)) {
            violations.add(name + ": one @Parallel loop over rows, none beside a KernelContext");
        }
        if (!FORMULA.matcher(source).find()) {
            violations.add(name + ": a formula in the Javadoc, as {@code …}");
        }
        return violations;
    }
}
