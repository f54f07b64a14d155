package tessera.io;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import tessera.Shape;
import tessera.Spec;
import tessera.Tensor;
import tessera.TesseraException;

/**
 * A safetensors file of cases that other software computed: tensors are named {@code case/name}, with {@code out0},
 * {@code out1} … for the results, and the metadata holds a JSON object of attributes for each case.
 */
public final class ReferenceFile {
    private static final ObjectMapper JSON = new ObjectMapper();

    private final Safetensors file;
    private final List<String> names;

    private ReferenceFile(Safetensors file, List<String> names) {
        this.file = file;
        this.names = names;
    }

    /** A case as the file has it. */
    record Raw(String name, JsonNode attributes, Map<String, Tensor> tensors) {

        Tensor tensor(String key) throws Unsupported {
            Tensor tensor = tensors.get(key);
            if (tensor == null) {
                throw new Unsupported("it has no tensor '" + key + "'");
            }
            return tensor;
        }

        /** The input {@code key} of shape [batch, length, heads, ...] or [batch, heads, length, ...] as the latter. */
        Tensor headFirst(String key, boolean already) throws Unsupported {
            Tensor tensor = tensor(key);
            return already ? tensor : swapped(tensor);
        }

        private static Tensor swapped(Tensor tensor) throws Unsupported {
            Shape shape = tensor.shape();
            if (shape.rank() < 3) {
                throw new Unsupported("one of its tensors has the shape " + shape + ", which has no length and head axes");
            }
            int[] dims = shape.dims();
            int rows = dims[1];
            int columns = dims[2];
            int inner = shape.elements() / dims[0] / rows / columns;
            dims[1] = columns;
            dims[2] = rows;
            Tensor result = Tensor.zeros(tensor.dtype(), Shape.of(dims));
            for (int n = 0; n < shape.elements(); n++) {
                int row = n / inner / columns % rows;
                int column = n / inner % columns;
                int outer = n / inner / columns / rows;
                result.set(((outer * columns + column) * rows + row) * inner + n % inner, tensor.get(n));
            }
            return result;
        }
    }

    /** What keeps a case from being one of ours. */
    static final class Unsupported extends Exception {
        private static final long serialVersionUID = 1L;

        Unsupported(String message) {
            super(message);
        }
    }

    /**
     * Opens a file of cases.
     *
     * @throws TesseraException if it is not a valid safetensors file or holds no cases
     */
    public static ReferenceFile open(Path path) {
        Safetensors file = Safetensors.open(path);
        List<String> names = file.names().stream().filter(name -> name.indexOf('/') > 0).map(ReferenceFile::caseOf).distinct().sorted().toList();
        if (names.isEmpty()) {
            throw new TesseraException(path + " holds no reference cases: none of its tensors is named case/name");
        }
        return new ReferenceFile(file, names);
    }

    /** Names of the cases, sorted. */
    public List<String> names() {
        return names;
    }

    /** Reads one case and says what it is in our terms. */
    public ReferenceCase read(String name) {
        try {
            String metadata = file.metadata().get(name);
            if (metadata == null) {
                throw new Unsupported("the file's metadata has no attributes for it");
            }
            Map<String, Tensor> tensors = new LinkedHashMap<>();
            for (String full : file.names()) {
                if (full.indexOf('/') > 0 && caseOf(full).equals(name)) {
                    tensors.put(full.substring(name.length() + 1), file.tensor(full));
                }
            }
            Raw raw = new Raw(name, JSON.readTree(metadata), tensors);
            return checked(FastWeightCases.holds(raw) ? FastWeightCases.read(raw) : raw.attributes().has("ref") ? RecurrenceCases.read(raw) : AttentionCases.read(raw));
        } catch (Unsupported | IllegalArgumentException | TesseraException e) {
            return new ReferenceCase.Unknown(name, e.getMessage());
        } catch (JsonProcessingException e) {
            return new ReferenceCase.Unknown(name, "its attributes are not valid JSON");
        }
    }

    private static ReferenceCase checked(ReferenceCase.Known known) throws Unsupported {
        Spec spec = known.spec();
        for (Map.Entry<String, Shape> input : spec.inputs().entrySet()) {
            requireShape(input.getKey(), known.inputs().get(input.getKey()), input.getValue(), spec.type(input.getKey()).isFloat());
        }
        for (Map.Entry<String, Shape> output : spec.outputs().entrySet()) {
            requireShape(output.getKey(), known.outputs().get(output.getKey()), output.getValue(), true);
        }
        return known;
    }

    private static void requireShape(String name, Tensor tensor, Shape shape, boolean real) throws Unsupported {
        if (tensor == null) {
            throw new Unsupported("it has no tensor for the " + name + " of " + shape);
        }
        if (!tensor.shape().equals(shape) || real && !tensor.dtype().isFloat()) {
            throw new Unsupported("its " + name + " is " + tensor + ", where " + shape + " real numbers were expected");
        }
    }

    private static String caseOf(String tensor) {
        return tensor.substring(0, tensor.lastIndexOf('/'));
    }
}
