package tessera.cli;

import java.io.Console;
import java.io.PrintWriter;
import me.tongfei.progressbar.ConsoleProgressBarConsumer;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import me.tongfei.progressbar.ProgressBarStyle;

/** Progress of long work on standard error, shown only at a terminal. */
final class Progress implements AutoCloseable {
    private final ProgressBar bar;

    Progress(String task, long steps) {
        Console console = System.console();
        bar = console != null && console.isTerminal() ? new ProgressBarBuilder().setTaskName(task).setInitialMax(steps)
                .setStyle(ProgressBarStyle.ASCII).setConsumer(new ConsoleProgressBarConsumer(System.err)).clearDisplayOnFinish().build() : null;
    }

    /** One step further; {@code what} was just done. */
    void step(String what) {
        if (bar != null) {
            bar.step();
            bar.setExtraMessage(" " + what);
        }
    }

    /** No step further: {@code what} comes next. */
    void doing(String what) {
        if (bar != null) {
            bar.setExtraMessage(" " + what);
        }
    }

    /** A line that stays, in place of the bar, which comes back below it. */
    void say(PrintWriter out, String line) {
        out.println(bar == null ? line : "\r\u001B[K" + line);
        out.flush();
    }

    @Override
    public void close() {
        if (bar != null) {
            bar.close();
        }
    }
}
