package tessera.stacks;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** Reads the text of a {@link Schedule}. */
final class ScheduleText {
    private static final Pattern TOKEN = Pattern.compile("\\s*(?:(?<layer>(?<name>[a-z][a-z0-9]*)(?::(?<size>\\d{1,9}))?(?:~(?<rotary>\\d{1,9}))?"
            + "(?:@-(?<reads>\\d{1,4}))?)|(?<count>\\d{1,4})|(?<sign>[(+|)]))\\s*");
    private static final int MOST = 1000;

    private final String text;
    private final boolean repeated;
    private final Matcher matcher;
    private final List<Layer> layers = new ArrayList<>();
    private int lastTokenFrom = -1;

    /** @param repeated whether parentheses count as often as the number before them says */
    ScheduleText(String text, boolean repeated) {
        this.text = text.strip().toLowerCase(Locale.ROOT);
        this.repeated = repeated;
        this.matcher = TOKEN.matcher(this.text);
        from(0);
    }

    private void from(int place) {
        matcher.region(place, text.length());
        if (!atEnd() && !matcher.lookingAt()) {
            throw wrong("cannot be read at '" + text.substring(place) + "'");
        }
    }

    private void advance() {
        from(matcher.end());
    }

    private boolean atEnd() {
        return matcher.regionStart() == text.length();
    }

    private boolean at(String sign) {
        return !atEnd() && sign.equals(matcher.group("sign"));
    }

    Schedule read() {
        sequence(layers, true);
        if (!atEnd()) {
            throw wrong("has a parenthesis that is not opened");
        }
        return new Schedule(text, layers, lastTokenFrom < 0 ? layers.size() : lastTokenFrom);
    }

    private void sequence(List<Layer> into, boolean outermost) {
        part(into);
        while (at("+") || at("|")) {
            if (at("|")) {
                if (!outermost || lastTokenFrom >= 0) {
                    throw wrong("may have one |, outside of parentheses");
                }
                lastTokenFrom = into.size();
            }
            advance();
            part(into);
        }
    }

    private void part(List<Layer> into) {
        int count = 1;
        if (!atEnd() && matcher.group("count") != null) {
            count = Integer.parseInt(matcher.group("count"));
            advance();
        }
        List<Layer> once = new ArrayList<>();
        if (at("(")) {
            advance();
            sequence(once, false);
            if (!at(")")) {
                throw wrong("has a parenthesis that is not closed");
            }
            count = repeated ? count : 1;
        } else if (!atEnd() && matcher.group("layer") != null) {
            once.add(layer());
        } else {
            throw wrong("lacks a layer" + (atEnd() ? " at the end" : " before '" + text.substring(matcher.regionStart()) + "'"));
        }
        advance();
        if ((long) count * once.size() + into.size() > MOST) {
            throw wrong("has more than " + MOST + " layers");
        }
        for (int n = 0; n < count; n++) {
            into.addAll(once);
        }
    }

    private Layer layer() {
        int size = number("size");
        int rotary = number("rotary");
        String name = matcher.group("name");
        LayerKind kind = switch (name) {
            case "full" -> new LayerKind.Attention(LayerKind.Span.FULL, none(size), rotary);
            case "window" -> new LayerKind.Attention(LayerKind.Span.WINDOW, size, rotary);
            case "chunk" -> new LayerKind.Attention(LayerKind.Span.CHUNK, size, rotary);
            case "infllm2" -> new LayerKind.Selection(64, size > 0 ? size : 64, 32, rotary);
            case "gmu" -> new LayerKind.Memory();
            default -> recurrence(name, size);
        };
        if (rotary > 0 && !(kind instanceof LayerKind.Attention || kind instanceof LayerKind.Selection)) {
            throw wrong("gives rotary positions to " + name + "; only attention has them");
        }
        return new Layer(kind, number("reads"));
    }

    private LayerKind recurrence(String name, int size) {
        Rule rule = Stream.of(Rule.values()).filter(r -> r.name().toLowerCase(Locale.ROOT).equals(name)).findFirst().orElseThrow(() -> wrong(
                "names a layer '" + name + "'; there are full, window:n, chunk:n, infllm2:n, gmu, mamba:n, mamba2:n, lightning, retention, gla, delta, rwkv5, "
                        + "rwkv6 and rwkv7"));
        return new LayerKind.Recurrence(rule, !rule.isStateSpace() ? none(size) : size > 0 ? size : rule == Rule.MAMBA ? 16 : 128);
    }

    private int none(int size) {
        if (size > 0) {
            throw wrong("gives a size to " + matcher.group("name") + ", which has none");
        }
        return 0;
    }

    private int number(String group) {
        return matcher.group(group) == null ? 0 : Integer.parseInt(matcher.group(group));
    }

    private IllegalArgumentException wrong(String what) {
        return new IllegalArgumentException("the schedule '" + text + "' " + what + "; write it as 4(4 mamba + full + 3 mamba)");
    }
}
