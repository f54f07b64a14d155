package tessera.io;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import tessera.DType;
import tessera.Shape;
import tessera.Tensor;
import tessera.TesseraException;

/**
 * A file of named tensors in the safetensors format. The file is mapped, and a tensor is copied out of it when asked for;
 * U8 and BOOL are read as I8, F64 as F32, I64 as I32, refused where a value does not fit.
 */
public final class Safetensors {

    /** Longest header that is read, the format's own limit. */
    private static final long MAX_HEADER_BYTES = 100_000_000;

    private static final ValueLayout.OfShort SHORT = ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfDouble DOUBLE = ValueLayout.JAVA_DOUBLE_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private final Path file;
    private final SafetensorsHeader header;
    private final MemorySegment data;

    private Safetensors(Path file, SafetensorsHeader header, MemorySegment data) {
        this.file = file;
        this.header = header;
        this.data = data;
    }

    /**
     * Opens a file and checks its whole header.
     *
     * @throws TesseraException if it cannot be read or is not a valid safetensors file, naming the tensor and the limit
     */
    public static Safetensors open(Path file) {
        if (!Files.isRegularFile(file)) {
            throw new TesseraException("cannot read " + file + ": " + (Files.exists(file) ? "it is not a file" : "there is no such file"));
        }
        try (FileChannel channel = FileChannel.open(file)) {
            MemorySegment all = channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size(), Arena.ofAuto());
            long size = all.byteSize();
            if (size < 8) {
                throw new SafetensorsHeader.Invalid("it has " + size + " bytes, the length of the header alone takes 8");
            }
            long length = all.get(LONG, 0);
            if (length < 0 || length > MAX_HEADER_BYTES || length > size - 8) {
                throw new SafetensorsHeader.Invalid("its header claims " + Long.toUnsignedString(length) + " bytes, the file has "
                        + size + " and the limit is " + MAX_HEADER_BYTES);
            }
            byte[] json = all.asSlice(8, length).toArray(ValueLayout.JAVA_BYTE);
            return new Safetensors(file, SafetensorsHeader.parse(json, size - 8 - length), all.asSlice(8 + length));
        } catch (SafetensorsHeader.Invalid e) {
            throw new TesseraException(file + " is not a valid safetensors file: " + e.getMessage(), e);
        } catch (IOException e) {
            throw new TesseraException("cannot read " + file + ": " + AtomicFile.cause(e), e);
        }
    }

    /** Names of the tensors, in the order of the header. */
    public Set<String> names() {
        return header.entries().keySet();
    }

    /** The file's own strings ({@code __metadata__}), empty if there are none. */
    public Map<String, String> metadata() {
        return header.metadata();
    }

    /**
     * A copy of the tensor of that name.
     *
     * @throws TesseraException if there is none, or if it is empty, too large, or of a type or with values that no
     *         {@link DType} holds
     */
    public Tensor tensor(String name) {
        SafetensorsHeader.Entry entry = header.entries().get(name);
        if (entry == null) {
            throw new TesseraException(file + " has no " + SafetensorsHeader.named(name) + "; it has " + names().stream().limit(20).toList());
        }
        DType type = switch (entry.type()) {
            case "F32", "F64" -> DType.F32;
            case "F16" -> DType.F16;
            case "BF16" -> DType.BF16;
            case "I8", "U8", "BOOL" -> DType.I8;
            case "I32", "I64" -> DType.I32;
            default -> throw problem(name, "has the type " + entry.type() + "; F32, F16, BF16, I8, I32, U8, BOOL, F64 and I64 can be read");
        };
        if (Arrays.stream(entry.dims()).anyMatch(dim -> dim == 0 || dim > Integer.MAX_VALUE)) {
            throw problem(name, "has the shape " + Arrays.toString(entry.dims()) + "; every dimension must be from 1 to 2^31 - 1");
        }
        try {
            Tensor tensor = Tensor.zeros(type, Shape.of(Arrays.stream(entry.dims()).mapToInt(Math::toIntExact).toArray()));
            copy(name, entry.type(), data.asSlice(entry.begin(), entry.end() - entry.begin()), tensor);
            return tensor;
        } catch (IllegalArgumentException e) {
            throw problem(name, "cannot be read: " + e.getMessage());
        }
    }

    private void copy(String name, String type, MemorySegment from, Tensor to) {
        MemorySegment target = to.data().getSegment();
        int n = to.shape().elements();
        switch (type) {
            case "F64" -> {
                for (int i = 0; i < n; i++) {
                    double value = from.get(DOUBLE, 8L * i);
                    require(Math.abs(value) <= Float.MAX_VALUE || !Double.isFinite(value), name, value, "F32");
                    to.set(i, (float) value);
                }
            }
            case "I64" -> {
                for (int i = 0; i < n; i++) {
                    long value = from.get(LONG, 8L * i);
                    require((int) value == value, name, value, "I32");
                    target.set(ValueLayout.JAVA_INT_UNALIGNED, 4L * i, (int) value);
                }
            }
            case "U8" -> {
                for (int i = 0; i < n; i++) {
                    int value = Byte.toUnsignedInt(from.get(ValueLayout.JAVA_BYTE, i));
                    require(value <= Byte.MAX_VALUE, name, value, "I8");
                    target.set(ValueLayout.JAVA_BYTE, i, (byte) value);
                }
            }
            default -> MemorySegment.copy(from, stored(to.dtype()), 0, target, stored(to.dtype()).withOrder(ByteOrder.nativeOrder()), 0, n);
        }
    }

    private void require(boolean fits, String name, Number value, String type) {
        if (!fits) {
            throw problem(name, "holds " + value + ", which does not fit " + type);
        }
    }

    private TesseraException problem(String name, String what) {
        return new TesseraException(SafetensorsHeader.named(name) + " of " + file + " " + what);
    }

    private static ValueLayout stored(DType type) {
        return switch (type.bytes()) {
            case 1 -> ValueLayout.JAVA_BYTE;
            case 2 -> SHORT;
            default -> INT;
        };
    }

    /**
     * Writes tensors and metadata to a file, as a whole or not at all.
     *
     * @throws TesseraException if the file cannot be written, naming it and the cause
     */
    public static void write(Path file, Map<String, Tensor> tensors, Map<String, String> metadata) {
        // widest types first, so that every tensor is aligned
        List<String> order = tensors.keySet().stream().sorted(Comparator.comparingInt(name -> -tensors.get(name).dtype().bytes())).toList();
        Map<String, Object> header = new LinkedHashMap<>();
        if (!metadata.isEmpty()) {
            header.put(SafetensorsHeader.METADATA, metadata);
        }
        long next = 0;
        for (String name : order) {
            Tensor tensor = tensors.get(name);
            long end = next + (long) tensor.shape().elements() * tensor.dtype().bytes();
            header.put(name, Map.of("dtype", tensor.dtype().name(), "shape", tensor.shape().dims(), "data_offsets", new long[] {next, end}));
            next = end;
        }
        AtomicFile.write(file, channel -> {
            String json = new ObjectMapper().writeValueAsString(header);
            byte[] text = json.getBytes(StandardCharsets.UTF_8);
            int padded = Math.ceilDiv(text.length, 8) * 8;
            ByteBuffer start = ByteBuffer.allocate(8 + padded).order(ByteOrder.LITTLE_ENDIAN).putLong(padded).put(text);
            while (start.hasRemaining()) {
                start.put((byte) ' ');
            }
            write(channel, start.flip());
            for (String name : order) {
                write(channel, tensors.get(name));
            }
        });
    }

    private static void write(FileChannel channel, Tensor tensor) throws IOException {
        ValueLayout layout = stored(tensor.dtype());
        long elements = tensor.shape().elements();
        ByteBuffer buffer = ByteBuffer.allocateDirect(1 << 20);
        long most = buffer.capacity() / layout.byteSize();
        for (long from = 0; from < elements; from += most) {
            long count = Math.min(most, elements - from);
            MemorySegment.copy(tensor.data().getSegment(), layout.withOrder(ByteOrder.nativeOrder()), from * layout.byteSize(),
                    MemorySegment.ofBuffer(buffer.clear()), layout, 0, count);
            write(channel, buffer.limit((int) (count * layout.byteSize())));
        }
    }

    private static void write(FileChannel channel, ByteBuffer buffer) throws IOException {
        while (buffer.hasRemaining()) {
            channel.write(buffer);
        }
    }
}
