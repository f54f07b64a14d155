package tessera.planner;

import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.slf4j.LoggerFactory;
import tessera.Spec;
import tessera.TesseraException;
import tessera.engine.Device;
import tessera.io.AtomicFile;
import tessera.io.CacheFolder;

/**
 * Plans that were measured, kept in the folder {@code tuned} of the {@link CacheFolder}: a file for each plan of each problem, written
 * beside its place and then moved there. So nothing that was finished is lost, nobody reads half a file, and several processes write side
 * by side. What ships with the program is used where this machine has no figures of its own.
 */
public final class TunedPlans {
    private static final String SHIPPED = "/tessera/tuned-plans.json";
    private static final Map<Path, TunedPlans> OPEN = new ConcurrentHashMap<>();

    private final Path folder;
    private final Map<String, List<TunedPlan>> byKind = new ConcurrentHashMap<>();
    private final List<String> refused = new ArrayList<>();
    private final List<TunedPlan> shipped = new ArrayList<>();

    /** Loaded where there is something to read: it takes longer than a plan does. */
    private static final class Json {
        static final ObjectMapper MAPPER = new ObjectMapper().disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES);
    }

    private TunedPlans(Path folder) {
        this.folder = folder;
        reload();
    }

    /** Those of this machine's cache, read once in a process. */
    public static TunedPlans here() {
        return in(CacheFolder.path());
    }

    /** Those of a cache folder. */
    public static TunedPlans in(Path cache) {
        return OPEN.computeIfAbsent(cache.resolve("tuned").toAbsolutePath(), TunedPlans::new);
    }

    /** What a device's figures are kept under: they hold for one driver, one TornadoVM and one number of units. */
    public static String fingerprint(Device device) {
        return String.join(" | ", device.name(), device.backend(), device.driver(), device.computeUnits() + " units");
    }

    /** Reads the folder anew. */
    public synchronized void reload() {
        byKind.clear();
        refused.clear();
        shipped.clear();
        shipped().forEach(this::keep);
        shipped.addAll(all());
        for (Path file : files()) {
            try {
                TunedPlan plan = Json.MAPPER.readValue(Files.readAllBytes(file), TunedPlan.class);
                String defect = plan == null ? "it is empty" : plan.defect();
                if (defect == null) {
                    keep(plan);
                } else {
                    refused.add(file.getFileName() + ": " + defect);
                }
            } catch (IOException e) {
                refused.add(file.getFileName() + ": it is not JSON of a tuned plan");
            }
        }
        refused.forEach(reason -> LoggerFactory.getLogger(TunedPlans.class).warn("tuned plan refused: {}; tessera cache clear removes it", reason));
    }

    private List<Path> files() {
        if (!Files.isDirectory(folder)) {
            return List.of();
        }
        try (Stream<Path> files = Files.list(folder)) {
            return files.filter(file -> file.getFileName().toString().endsWith(".json")).sorted().toList();
        } catch (IOException e) {
            throw new TesseraException("cannot read " + folder + ": " + AtomicFile.cause(e), e);
        }
    }

    private static List<TunedPlan> shipped() {
        try (InputStream in = TunedPlans.class.getResourceAsStream(SHIPPED)) {
            return in == null ? List.of() : Json.MAPPER.readValue(in, new TypeReference<List<TunedPlan>>() { }).stream().filter(plan -> plan.defect() == null).toList();
        } catch (IOException e) {
            throw new TesseraException("the shipped tuned plans cannot be read: " + e.getMessage(), e);
        }
    }

    private static String place(TunedPlan plan) {
        return plan.device() + " | " + plan.problem() + " | " + plan.plan();
    }

    private void keep(TunedPlan plan) {
        byKind.compute(plan.problem().kind(), (_, old) -> {
            List<TunedPlan> plans = old == null ? new ArrayList<>() : new ArrayList<>(old);
            plans.removeIf(other -> place(other).equals(place(plan)));
            plans.add(plan);
            return List.copyOf(plans);
        });
    }

    /** Every usable figure, shipped ones included. */
    public List<TunedPlan> all() {
        return byKind.values().stream().flatMap(List::stream).toList();
    }

    boolean isEmpty() {
        return byKind.isEmpty();
    }

    /** Whether a figure came with the program. */
    public boolean isShipped(TunedPlan plan) {
        return shipped.contains(plan);
    }

    /** Files that were not used, and why. */
    public List<String> refused() {
        return List.copyOf(refused);
    }

    /** What was measured of problems of a kind on a device. */
    List<TunedPlan> of(String kind, Device device) {
        String fingerprint = fingerprint(device);
        return byKind.getOrDefault(kind, List.of()).stream().filter(plan -> plan.device().equals(fingerprint)).toList();
    }

    /** What was measured of a plan for just this problem; null if nothing was. */
    public TunedPlan find(Spec spec, Device device, Plan plan) {
        TunedProblem problem = TunedProblem.of(spec, plan);
        return of(problem.kind(), device).stream().filter(other -> other.problem().equals(problem) && other.plan().equals(plan.summary())).findFirst().orElse(null);
    }

    /**
     * Keeps a figure.
     *
     * @throws TesseraException if the folder cannot be written, naming it
     */
    public synchronized void add(TunedPlan plan) {
        try {
            Files.createDirectories(folder);
            byte[] json = Json.MAPPER.writeValueAsBytes(plan);
            String name = UUID.nameUUIDFromBytes(place(plan).getBytes(StandardCharsets.UTF_8)).toString();
            AtomicFile.write(folder.resolve(name + ".json"), channel -> channel.write(ByteBuffer.wrap(json)));
        } catch (IOException e) {
            throw new TesseraException("cannot keep a tuned plan in " + folder + ": " + AtomicFile.cause(e) + "; name another folder with TESSERA_CACHE", e);
        }
        keep(plan);
    }

    /** Removes everything, leftovers of killed processes too, and says how many files that was. */
    public synchronized int clear() {
        int removed = 0;
        try (Stream<Path> files = Files.isDirectory(folder) ? Files.list(folder) : Stream.empty()) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                removed += Files.deleteIfExists(file) ? 1 : 0;
            }
        } catch (IOException e) {
            throw new TesseraException("cannot clear " + folder + ": " + AtomicFile.cause(e), e);
        }
        reload();
        return removed;
    }

    /** Writes every figure that was measured here to a file, as Json.MAPPER. */
    public int exportTo(Path file) {
        List<TunedPlan> own = all().stream().filter(plan -> !isShipped(plan)).toList();
        try {
            byte[] json = own.stream().map(TunedPlans::line).collect(Collectors.joining(",\n", "[\n", "\n]\n")).getBytes(StandardCharsets.UTF_8);
            AtomicFile.write(file, channel -> channel.write(ByteBuffer.wrap(json)));
            return own.size();
        } catch (IllegalStateException e) {
            throw new TesseraException("cannot write " + file + ": " + e.getMessage(), e);
        }
    }

    private static String line(TunedPlan plan) {
        try {
            return Json.MAPPER.writeValueAsString(plan);
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    /**
     * Takes the figures of a file that were measured on one of the given devices; the others are refused.
     *
     * @return why each of the others was not taken
     * @throws TesseraException if the file is not one that {@link #exportTo} wrote; then nothing is taken
     */
    public List<String> importFrom(Path file, List<Device> devices) {
        List<TunedPlan> plans;
        try {
            plans = Json.MAPPER.readValue(Files.readAllBytes(file), new TypeReference<>() { });
        } catch (IOException e) {
            throw new TesseraException("cannot read tuned plans from " + file + ": " + (Files.exists(file) ? "it is not what tessera cache export writes"
                    : AtomicFile.cause(e)), e);
        }
        List<String> fingerprints = devices.stream().map(TunedPlans::fingerprint).toList();
        List<String> reasons = new ArrayList<>();
        for (TunedPlan plan : plans) {
            String defect = plan == null ? "it is empty" : plan.defect();
            if (defect == null && !fingerprints.contains(plan.device())) {
                defect = "it was measured on \"" + plan.device() + "\", which is none of " + fingerprints;
            }
            if (defect == null) {
                add(plan);
            } else {
                reasons.add((plan == null ? "an entry" : plan.plan() + " for " + plan.spec()) + ": " + defect);
            }
        }
        return reasons;
    }
}
