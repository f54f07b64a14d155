package tessera.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.Stream;
import tessera.TesseraException;
import tessera.io.AtomicFile;

/** The folder that {@code --output} names, with the files of a report. */
record ReportFolder(Path folder, List<Path> files) {

    /** Makes the folder and finds out whether its files can be written, before anything is measured. */
    static ReportFolder of(Path folder, String... names) {
        try {
            Files.createDirectories(folder);
        } catch (IOException e) {
            throw new TesseraException("cannot make the folder " + folder + " for the reports: " + AtomicFile.cause(e) + "; name another one with --output", e);
        }
        List<Path> files = Stream.of(names).map(folder::resolve).toList();
        files.forEach(AtomicFile::requireWritable);
        return new ReportFolder(folder, files);
    }

    void write(String name, Consumer<PrintWriter> content) {
        StringWriter text = new StringWriter();
        content.accept(new PrintWriter(text));
        write(name, StandardCharsets.UTF_8.encode(text.toString()));
    }

    void write(String name, ByteBuffer bytes) {
        AtomicFile.write(folder.resolve(name), channel -> {
            while (bytes.hasRemaining()) {
                channel.write(bytes);
            }
        });
    }

    /** One line for each file. */
    void list(PrintWriter out) {
        files.forEach(file -> out.println(file.toAbsolutePath().normalize()));
    }
}
