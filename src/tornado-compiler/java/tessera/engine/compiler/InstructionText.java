package tessera.engine.compiler;

import java.util.List;
import java.util.function.IntFunction;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The text of an instruction with its constants, not yet with its registers. */
record InstructionText(String text) {
    private static final Pattern OPERAND = Pattern.compile("\\$\\{(\\d+)}(?:_(\\d+))?");
    private static final Pattern RESULT = Pattern.compile("\\$r(?:_(\\d+))?");
    private static final Pattern MEMORY = Pattern.compile("\\.shared|\\.global|cp\\.async");

    /** Register {@code n} of an argument; 0 unless the argument is the result of an instruction with several. */
    record Operand(int argument, int n) {

        private static Operand of(MatchResult match) {
            return new Operand(Integer.parseInt(match.group(1)), number(match.group(2)));
        }
    }

    private static int number(String digits) {
        return digits == null ? 0 : Integer.parseInt(digits);
    }

    /** What it takes, each once. */
    List<Operand> operands() {
        return OPERAND.matcher(text).results().map(Operand::of).distinct().toList();
    }

    boolean touchesMemory() {
        return MEMORY.matcher(text).find();
    }

    /**
     * The text with its registers.
     *
     * @param result what stands for a result's register, by its number
     * @param operand what stands for an operand, by its place among {@link #operands}
     */
    String fill(IntFunction<String> result, IntFunction<String> operand) {
        List<Operand> operands = operands();
        String filled = OPERAND.matcher(text).replaceAll(m -> Matcher.quoteReplacement(operand.apply(operands.indexOf(Operand.of(m)))));
        return RESULT.matcher(filled).replaceAll(m -> Matcher.quoteReplacement(result.apply(number(m.group(1)))));
    }
}
