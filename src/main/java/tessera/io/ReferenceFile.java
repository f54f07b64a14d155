package tessera.io;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import tessera.Shape;
import tessera.Tensor;
import tessera.TesseraException;
import tessera.methods.Step;

/**
 * A safetensors file of cases that other software computed: tensors are named {@code case/name}, with {@code out0},
 * {@code out1} … for the results, and the metadata holds a JSON object of attributes for each case.
 */
public final class ReferenceFile {
    private static final ObjectMapper JSON = new ObjectMapper();

    /** What functions of flash-linear-attention need that the catalogue does not have. */
    private static final Map<String, String> OUTSIDE = Map.of(
            "naive_parallel_rebased", "needs a feature map of degree two alone: the products of any two channels, without the constant and the channels themselves",
            "naive_path_attn", "needs softmax attention whose scores pass through the Householder reflections of the tokens between query and key",
            "naive_recurrent_gated_delta_product", "needs a recurrence that takes several steps of the delta rule, each with a key of its own, between two reads");

    private final Safetensors file;
    private final List<String> names;

    private ReferenceFile(Safetensors file, List<String> names) {
        this.file = file;
        this.names = names;
    }

    /** A case as the file has it. */
    record Raw(String name, JsonNode attributes, Map<String, Tensor> tensors) {

        /** The function that computed it, without its package; empty if none is named. */
        String function() {
            String reference = attributes.path("ref").asText();
            return reference.substring(reference.lastIndexOf('.') + 1);
        }

        void requireOnly(Set<String> knownAttributes, Set<String> knownTensors) throws Unsupported {
            for (Map.Entry<String, JsonNode> attribute : attributes.properties()) {
                if (!knownAttributes.contains(attribute.getKey()) && !attribute.getValue().isNull()) {
                    throw new Unsupported("the attribute '" + attribute.getKey() + "' is not understood");
                }
            }
            for (String tensor : tensors.keySet()) {
                if (!knownTensors.contains(tensor)) {
                    throw new Unsupported("the tensor '" + tensor + "' is not understood");
                }
            }
        }

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
            String needs = OUTSIDE.get(raw.function());
            return needs != null ? new ReferenceCase.Outside(name, needs) : checked(known(raw));
        } catch (Unsupported | IllegalArgumentException | TesseraException e) {
            return new ReferenceCase.Unknown(name, e.getMessage());
        } catch (JsonProcessingException e) {
            return new ReferenceCase.Unknown(name, "its attributes are not valid JSON");
        }
    }

    private static ReferenceCase.Known known(Raw raw) throws Unsupported {
        return switch (raw.function()) {
            case "" -> AttentionCases.read(raw);
            case "naive_forgetting_attn" -> AttentionCases.forgetting(raw);
            case "naive_parallel_based" -> ComposedCases.based(raw);
            case "naive_recurrent_abc" -> ComposedCases.slots(raw, true);
            case "naive_recurrent_gsa" -> ComposedCases.slots(raw, false);
            case "naive_recurrent_hgrn" -> RecurrenceCases.elementwise(raw);
            case "ttt_linear" -> FastWeightCases.read(raw);
            default -> RecurrenceCases.read(raw);
        };
    }

    private static ReferenceCase checked(ReferenceCase.Known known) throws Unsupported {
        Map<String, Tensor> there = new LinkedHashMap<>(known.problem().inputs());
        for (int n = 0; n < known.outputs().size(); n++) {
            Step step = known.problem().steps().get(n);
            Map<String, Tensor> arguments = step.arguments(there);
            for (Map.Entry<String, Shape> input : step.spec().inputs().entrySet()) {
                requireShape(input.getKey(), arguments.get(input.getKey()), input.getValue(), step.spec().type(input.getKey()).isFloat());
            }
            Map<String, Shape> outputs = step.spec().outputs();
            for (Map.Entry<String, Tensor> output : known.outputs().get(n).entrySet()) {
                requireShape(output.getKey(), output.getValue(), outputs.get(output.getKey()), true);
            }
            outputs.forEach((name, shape) -> there.put(step.name() + "." + name, Tensor.zeros(shape.dims())));
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
