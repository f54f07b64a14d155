package tessera.specialise;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/** Empties the folder of specialised kernels, so that a test sees those of this specialiser and not of an earlier one. */
final class FreshKernels implements BeforeAllCallback {
    @Override
    public void beforeAll(ExtensionContext context) throws IOException {
        List<Path> kernels;
        try (Stream<Path> files = Files.walk(KernelCache.folder())) {
            kernels = files.filter(Files::isRegularFile).toList();
        }
        for (Path kernel : kernels) {
            Files.delete(kernel);
        }
    }
}
