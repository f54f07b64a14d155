package tessera.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tessera.TesseraException;

class AtomicFileTest {

    @TempDir
    private Path folder;

    private List<String> listing() throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.map(f -> f.getFileName().toString()).sorted().toList();
        }
    }

    @Test
    void replacesTheFile() throws IOException {
        Path file = Files.writeString(folder.resolve("a"), "old");
        AtomicFile.write(file, channel -> channel.write(ByteBuffer.wrap("new".getBytes(StandardCharsets.UTF_8))));
        assertEquals("new", Files.readString(file));
        assertEquals(List.of("a"), listing());
    }

    @Test
    void aFailureLeavesEverythingAsItWas() throws IOException {
        Path file = Files.writeString(folder.resolve("a"), "old");
        assertThrows(TesseraException.class, () -> AtomicFile.write(file, channel -> {
            channel.write(ByteBuffer.wrap(new byte[100]));
            throw new IOException("the disk is full");
        }));
        assertThrows(IllegalStateException.class, () -> AtomicFile.write(file, channel -> {
            throw new IllegalStateException();
        }));
        assertEquals("old", Files.readString(file));
        assertEquals(List.of("a"), listing());
    }

    @Test
    void writesThroughALink() throws IOException {
        Path file = Files.writeString(folder.resolve("a"), "old");
        Path link = Files.createSymbolicLink(folder.resolve("link"), file);
        AtomicFile.write(link, channel -> channel.write(ByteBuffer.wrap(new byte[] {'x'})));
        assertEquals("x", Files.readString(file));
        assertTrue(Files.isSymbolicLink(link));
    }

    @Test
    void whatCannotBeWrittenIsSaidEarly() throws IOException {
        Path file = Files.writeString(folder.resolve("a"), "");
        assertEquals("cannot write " + folder + ": it is a folder; name a file in it", problem(folder));
        assertEquals("cannot write " + folder.resolve("no/b") + ": there is no folder " + folder.resolve("no"), problem(folder.resolve("no/b")));
        assertEquals("cannot write " + file.resolve("b") + ": there is no folder " + file, problem(file.resolve("b")));
    }

    @Test
    void causesAreInWords() throws IOException {
        Path file = Files.writeString(folder.resolve("a"), "");
        var exists = assertThrows(IOException.class, () -> Files.createDirectories(file));
        assertEquals("there is a file of that name", AtomicFile.cause(exists));
        var missing = assertThrows(IOException.class, () -> Files.createDirectory(folder.resolve("no/b")));
        assertEquals("there is no such file or folder", AtomicFile.cause(missing));
        assertEquals("the disk is full", AtomicFile.cause(new IOException("the disk is full")));
    }

    private static String problem(Path target) {
        return assertThrows(TesseraException.class, () -> AtomicFile.requireWritable(target)).getMessage();
    }
}
