package tessera.engine;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.function.Supplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import uk.ac.manchester.tornado.api.TornadoTargetDevice;
import uk.ac.manchester.tornado.api.common.TornadoDevice;

/** What TornadoVM tells about a device. Some of its devices throw where they do not know; such a fact becomes the safe value. */
final class DeviceFacts {

    /** Local arrays of a kernel are declared with their size, and CUDA allows no more in this form. */
    private static final long CUDA_STATIC_LOCAL = 48 << 10;

    private static final Set<String> CUDA = Set.of("ptx", "cuda");

    private DeviceFacts() {
    }

    static Device of(String id, String backend, TornadoDevice device, boolean instructions) {
        TornadoTargetDevice target = device.getPhysicalDevice();
        String info = fact(() -> String.valueOf(device.getDeviceInfo()), "");
        boolean cuda = CUDA.contains(backend);
        boolean nvidia = cuda || fact(device::getPlatformName, "").contains("NVIDIA");
        long memory = Math.min(fact(device::getMaxGlobalMemory, 0L), allowance());
        long local = fact(device::getDeviceLocalMemorySize, 0L);
        return new Device(id, fact(target::getDeviceName, id).strip(), backend, fact(() -> device.getDeviceType().name(), "UNKNOWN"),
                driver(info, nvidia, fact(device::getPlatformName, backend)), fact(target::getDeviceMaxComputeUnits, 1), memory,
                Math.min(memory, fact(device::getMaxAllocMemory, memory)), cuda ? Math.min(local, CUDA_STATIC_LOCAL) : local,
                maxGroupSize(target), nvidia || info.contains("cl_khr_fp16"), instructions);
    }

    private static <T> T fact(Supplier<T> ask, T unknown) {
        try {
            T answer = ask.get();
            return answer == null ? unknown : answer;
        } catch (RuntimeException e) {
            return unknown;
        }
    }

    private static int maxGroupSize(TornadoTargetDevice target) {
        int items = fact(target::getMaxThreadsPerBlock, 0);
        long[] sizes = fact(target::getDeviceMaxWorkItemSizes, new long[0]);
        return sizes.length == 0 ? items : (int) Math.min(items, sizes[0]);
    }

    /** Memory that TornadoVM takes on a device at most, for example 4GB; its rule is a number with B, KB, MB, GB … or bare. */
    private static long allowance() {
        Matcher size = Pattern.compile("(\\d+)([KMGTPE]?)B?").matcher(System.getProperty("tornado.device.memory", "4GB"));
        if (!size.matches()) {
            return Long.MAX_VALUE;
        }
        int power = size.group(2).isEmpty() ? 0 : "KMGTPE".indexOf(size.group(2)) + 1;
        return Long.parseLong(size.group(1)) << (10 * power);
    }

    private static String driver(String info, boolean nvidia, String platform) {
        String runtime = ModuleLayer.boot().findModule("tornado.runtime").flatMap(m -> m.getDescriptor().rawVersion()).orElse("");
        Matcher stated = Pattern.compile("Driver version\\s*:\\s*(\\S.*)").matcher(info);
        String version = stated.find() ? stated.group(1).strip() : nvidia ? nvidiaModule() : "";
        return String.join(" ", platform.strip(), version, "TornadoVM", runtime).replaceAll("\\s+", " ").strip();
    }

    private static String nvidiaModule() {
        try {
            Matcher version = Pattern.compile("Module[^\\n]*?\\s(\\d+(\\.\\d+)+)\\s").matcher(Files.readString(Path.of("/proc/driver/nvidia/version")));
            return version.find() ? version.group(1) : "";
        } catch (IOException e) {
            return "";
        }
    }
}
