package tessera.specialise;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import java.util.spi.ToolProvider;
import tessera.TesseraException;
import tessera.engine.Kernel;

/** A specialised kernel as text. */
public final class KernelListing {
    private KernelListing() {
    }

    /**
     * The kernel's instructions, lines and variables, as the JDK's own {@code javap} prints them.
     *
     * @throws TesseraException if this Java has no {@code javap}
     */
    public static String of(Kernel kernel) {
        ToolProvider javap = ToolProvider.findFirst("javap")
                .orElseThrow(() -> new TesseraException("this Java has no javap; start Tessera with a full JDK to see its kernels"));
        Path file = KernelCache.file(kernel.method().getDeclaringClass().getName());
        StringWriter text = new StringWriter();
        PrintWriter out = new PrintWriter(text);
        if (javap.run(out, out, "-c", "-l", file.toString()) != 0) {
            throw new TesseraException("cannot print " + kernel + ": " + text);
        }
        return text.toString();
    }
}
