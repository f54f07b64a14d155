package tessera.specialise;

import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.Map;
import tessera.TesseraException;

/** A kernel's instructions with those of its inlined methods in their places. */
final class FlatCode {
    private final String kernel;
    private final List<Step> steps;
    private final Variables variables;
    private final Map<Class<?>, byte[]> sources;
    private final BitSet targets = new BitSet();

    FlatCode(String kernel, List<Step> steps, Variables variables, Map<Class<?>, byte[]> sources) {
        this.kernel = kernel;
        this.steps = steps;
        this.variables = variables;
        this.sources = sources;
        steps.forEach(step -> Arrays.stream(step.targets()).forEach(targets::set));
    }

    int size() {
        return steps.size();
    }

    Step step(int at) {
        return steps.get(at);
    }

    int[] successors(int at) {
        return step(at).successors(at);
    }

    Variables variables() {
        return variables;
    }

    /** What the step at {@code at} loads, stores or increments, or null. */
    Variable variable(int at) {
        return variables.usedAt(at, step(at).instruction());
    }

    /** The class files that this code comes from. */
    Map<Class<?>, byte[]> sources() {
        return sources;
    }

    boolean isTarget(int at) {
        return targets.get(at);
    }

    TesseraException error(int at, String message) {
        return new TesseraException("kernel " + kernel + ", line " + step(at).line() + ": " + message);
    }

    TesseraException error(String message) {
        return new TesseraException("kernel " + kernel + ": " + message);
    }
}
