package tessera.io.onnx;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Stream;
import tessera.TesseraException;
import tessera.io.onnx.OnnxModel.Node;
import tessera.io.onnx.WireReader.Malformed;

/**
 * An operator test case of the ONNX standard: a folder with {@code model.onnx} and, in {@code test_data_set_0, 1 …}, the
 * graph's inputs and outputs as {@code input_0.pb, output_0.pb …}.
 */
public final class OnnxCase {
    private final Path folder;
    private final OnnxModel model;

    private OnnxCase(Path folder, OnnxModel model) {
        this.folder = folder;
        this.model = model;
    }

    /**
     * Every case below a folder, by name.
     *
     * @throws TesseraException if there is none, or if a model cannot be read, naming the file
     */
    public static List<OnnxCase> below(Path directory) {
        try (Stream<Path> files = Files.walk(directory)) {
            List<Path> models = files.filter(file -> file.getFileName().toString().equals("model.onnx")).sorted().toList();
            if (models.isEmpty()) {
                throw new TesseraException("no operator test case (a folder with a model.onnx) below " + directory);
            }
            List<OnnxCase> cases = new ArrayList<>();
            for (Path file : models) {
                cases.add(new OnnxCase(file.toAbsolutePath().getParent(), read(file, "ONNX model", OnnxModel::read)));
            }
            return cases;
        } catch (IOException e) {
            throw new TesseraException("cannot read " + directory + ": " + e.getMessage(), e);
        }
    }

    private static <T> T read(Path file, String what, Function<WireReader, T> reader) {
        try {
            return reader.apply(new WireReader(Files.readAllBytes(file)));
        } catch (Malformed e) {
            throw new TesseraException(file + " is not a whole " + what + ": " + e.getMessage(), e);
        } catch (IOException e) {
            throw new TesseraException("cannot read " + file + ": " + e.getMessage(), e);
        }
    }

    /** The folder's name. */
    public String name() {
        return folder.getFileName().toString();
    }

    /** The operator of the last node, which is the one that the case tests. */
    public String operator() {
        return model.graph().nodes().isEmpty() ? "none" : model.graph().nodes().getLast().operator();
    }

    /** The case in our terms, one problem for each data set, or why it is none of ours. */
    public OnnxProblem problem() {
        try {
            if (model.graph().nodes().size() != 1) {
                throw new Unsupported("its graph has " + model.graph().nodes().size() + " nodes, not one");
            }
            Node node = model.graph().nodes().getFirst();
            Mapping mapping = Mapping.of(node);
            List<OnnxProblem.Known> problems = new ArrayList<>();
            for (int n = 0; Files.isDirectory(folder.resolve("test_data_set_" + n)); n++) {
                Path data = folder.resolve("test_data_set_" + n);
                Map<String, OnnxTensor> inputs = new LinkedHashMap<>(model.graph().constants());
                inputs.putAll(tensors(data, "input", model.graph().inputs()));
                problems.add(mapping.map(new Arguments(node, inputs, tensors(data, "output", model.graph().outputs()))));
            }
            if (problems.isEmpty()) {
                throw new Unsupported("it has no folder test_data_set_0");
            }
            return new OnnxProblem.Sets(problems);
        } catch (Unsupported | IllegalArgumentException e) {
            return new OnnxProblem.Unknown(e.getMessage());
        }
    }

    private static Map<String, OnnxTensor> tensors(Path data, String kind, List<String> names) {
        Map<String, OnnxTensor> tensors = new LinkedHashMap<>();
        for (int n = 0; n < names.size(); n++) {
            tensors.put(names.get(n), read(data.resolve(kind + "_" + n + ".pb"), "ONNX tensor", OnnxTensor::read));
        }
        return tensors;
    }
}
