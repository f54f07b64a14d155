package tessera.specialise;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import tessera.engine.Kernel;

/** Specialised kernels are kept on the class path and made once. */
@ExtendWith(FreshKernels.class)
class KernelCacheTest {
    private static Kernel specialised(int dim) {
        return Specialiser.specialise(Kernel.of(SampleKernels.class, "dot"), new Object[] {null, null, null, 1, dim});
    }

    private static Path file(Kernel kernel) {
        return KernelCache.file(kernel.method().getDeclaringClass().getName());
    }

    @Test
    void theFolderIsOnTheClassPath() {
        assertTrue(KernelCache.available());
        assertTrue(KernelCache.advice().contains("add it to the class path"), KernelCache.advice());
        assertTrue(KernelCache.advice().contains(KernelCache.folder().toString()), KernelCache.advice());
    }

    @Test
    void aKernelIsMadeOnce() throws IOException {
        Path file = file(specialised(24));
        FileTime old = FileTime.fromMillis(0);
        Files.setLastModifiedTime(file, old);
        assertSame(specialised(24).method().getDeclaringClass(), specialised(24).method().getDeclaringClass());
        assertEquals(old, Files.getLastModifiedTime(file));
        try (Stream<Path> files = Files.list(file.getParent())) {
            assertTrue(files.allMatch(f -> f.toString().endsWith(".class")));
        }
    }

    @Test
    void constantsMakeTheClassAndItsLoaderIsTheSystemOne() {
        Kernel eight = specialised(8);
        assertNotEquals(eight.method().getDeclaringClass(), specialised(16).method().getDeclaringClass());
        assertSame(ClassLoader.getSystemClassLoader(), eight.method().getDeclaringClass().getClassLoader());
        assertTrue(eight.method().getDeclaringClass().getName().matches("tessera\\.specialised\\.SampleKernels_[0-9a-f]{12}"), eight.toString());
    }

    @Test
    void theListingShowsTheKernelWithItsNames() {
        String listing = KernelListing.of(specialised(8));
        assertTrue(listing.contains("sum_7"), listing);
        assertTrue(listing.contains("LineNumberTable"), listing);
    }
}
