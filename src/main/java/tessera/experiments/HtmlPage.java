package tessera.experiments;

import java.util.stream.Collectors;

/** What all pages of results have around them; a page needs nothing else. */
public final class HtmlPage {
    private HtmlPage() {
    }

    /**
     * A whole page.
     *
     * @param title of the window
     * @param main what stands in it, HTML
     */
    public static String of(String title, String main) {
        return """
                <!DOCTYPE html>
                <html lang="en">
                <head>
                <meta charset="utf-8"/>
                <meta name="viewport" content="width=device-width, initial-scale=1"/>
                <title>Tessera: %s</title>
                <style>
                %s</style>
                </head>
                <body>
                <main>
                %s</main>
                </body>
                </html>
                """.formatted(title, HtmlReport.stylesheet(), main);
    }

    /** A section for the machine line of each device. */
    public static String machine(Machine machine) {
        return machine.devices().stream().map(device -> "<p>" + HtmlReport.escape(machine.line(device)) + "</p>")
                .collect(Collectors.joining("", "<section><h2>Machine</h2>", "</section>\n"));
    }
}
