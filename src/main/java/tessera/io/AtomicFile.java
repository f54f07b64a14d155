package tessera.io;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.UUID;
import tessera.TesseraException;

/** Writes a file beside its target and then moves it there, so that nobody ever sees half of it. */
public final class AtomicFile {
    private AtomicFile() {
    }

    /** Writes the content of a file. */
    @FunctionalInterface
    public interface Content {
        void write(FileChannel channel) throws IOException;
    }

    /**
     * Replaces {@code target}, or leaves it as it was.
     *
     * @throws TesseraException if the target is not a file or cannot be written, naming it and the cause
     */
    public static void write(Path target, Content content) {
        requireWritable(target);
        Path partial = null;
        try {
            Path file = Files.exists(target) ? target.toRealPath() : target.toAbsolutePath();
            partial = file.resolveSibling("." + file.getFileName() + "." + UUID.randomUUID() + ".part");
            try (FileChannel channel = FileChannel.open(partial, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
                content.write(channel);
            }
            Files.move(partial, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        } catch (IOException e) {
            throw new TesseraException("cannot write " + target + ": " + cause(e), e);
        } finally {
            discard(partial);
        }
    }

    /**
     * Finds out early whether {@link #write} can work, before there is anything to write.
     *
     * @throws TesseraException if the target is not a file or its folder cannot be written
     */
    public static void requireWritable(Path target) {
        Path folder = target.toAbsolutePath().getParent();
        if (Files.isDirectory(target)) {
            throw new TesseraException("cannot write " + target + ": it is a folder; name a file in it");
        }
        if (Files.exists(target) && !Files.isRegularFile(target)) {
            throw new TesseraException("cannot write " + target + ": it is not an ordinary file");
        }
        if (!Files.isDirectory(folder)) {
            throw new TesseraException("cannot write " + target + ": there is no folder " + folder);
        }
        if (!Files.isWritable(folder)) {
            throw new TesseraException("cannot write " + target + ": no permission to write in " + folder);
        }
    }

    /** Why a file or folder cannot be read, written or made, in words; the exceptions of Java's own often name the path only. */
    public static String cause(IOException e) {
        return switch (e) {
            case AccessDeniedException _ -> "permission denied";
            case NoSuchFileException _ -> "there is no such file or folder";
            case FileAlreadyExistsException _ -> "there is a file of that name";
            case FileSystemException f when f.getReason() != null -> f.getReason();
            default -> String.valueOf(e.getMessage());
        };
    }

    private static void discard(Path partial) {
        try {
            if (partial != null) {
                Files.deleteIfExists(partial);
            }
        } catch (IOException e) {
            throw new TesseraException("cannot remove " + partial + ": " + cause(e), e);
        }
    }
}
