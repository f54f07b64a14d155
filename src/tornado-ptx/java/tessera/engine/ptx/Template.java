package tessera.engine.ptx;

import java.util.TreeSet;
import java.util.function.IntFunction;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import uk.ac.manchester.tornado.api.types.arrays.TornadoNativeArray;

/** The text of an instruction, as {@link tessera.instructions.Ptx} describes it. */
final class Template {
    private static final Pattern REGISTER = Pattern.compile("\\$\\{(\\d+)}");
    private static final Pattern CONSTANT = Pattern.compile("#\\{(\\d+)(?:\\*(\\d+))?(\\+header)?}");
    private static final Pattern RESULT = Pattern.compile("\\$r_\\d+");

    private final String name;
    private final String text;

    /** @param result what the method returns; for an array the text begins with the declaration of its registers */
    Template(String name, Class<?> result, String text) {
        this.name = name;
        this.text = result.isArray() ? declaration(result, text) + text : text;
    }

    private static String declaration(Class<?> result, String text) {
        TreeSet<String> registers = new TreeSet<>(RESULT.matcher(text).results().map(MatchResult::group).toList());
        return ".reg " + (result == float[].class ? ".f32 " : ".b32 ") + String.join(", ", registers) + ";\n";
    }

    /** Whether the text takes argument {@code n} as more than a number of its own. */
    boolean takes(int n) {
        return text.contains("${" + n + "}");
    }

    /**
     * The text with its arguments.
     *
     * @param result the name of the result, or null if there is none
     * @param register the name of the register that holds an argument, or the argument itself
     * @param constant the value of an argument, or null if it is not constant
     */
    String fill(String result, IntFunction<String> register, IntFunction<Integer> constant) {
        String filled = REGISTER.matcher(text).replaceAll(m -> Matcher.quoteReplacement(register.apply(argument(m))));
        filled = CONSTANT.matcher(filled).replaceAll(m -> String.valueOf(number(m, constant.apply(argument(m)))));
        return result == null ? filled : filled.replace("$r", result);
    }

    private static int argument(MatchResult match) {
        return Integer.parseInt(match.group(1));
    }

    private long number(MatchResult match, Integer constant) {
        if (constant == null) {
            throw new IllegalArgumentException(name + ": argument " + match.group(1) + " must be a constant");
        }
        long scale = match.group(2) == null ? 1 : Long.parseLong(match.group(2));
        return scale * constant + (match.group(3) == null ? 0 : TornadoNativeArray.ARRAY_HEADER);
    }
}
