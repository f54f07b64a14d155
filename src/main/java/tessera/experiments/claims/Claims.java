package tessera.experiments.claims;

import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import tessera.engine.Device;
import tessera.experiments.Machine;
import tessera.experiments.Measurement;
import tessera.experiments.Protocol;
import tessera.experiments.Report;
import tessera.experiments.claims.Verdicts.Entry;

/** Claims to test, each that needs a device on every device. */
public record Claims(List<Claim> claims, List<Device> devices, boolean quick, long seed) {

    /** How many experiments there are. */
    public int size() {
        return claims.stream().mapToInt(claim -> !claim.isImplemented() ? 0 : claim.exact() ? 1 : devices.size()).sum();
    }

    /**
     * Tests them.
     *
     * @param progress is told what comes next, often
     * @param tested gets each result, of which there are {@link #size}
     */
    public Verdicts run(Consumer<String> progress, Consumer<Entry> tested) {
        Instant date = Instant.now();
        List<Entry> entries = new ArrayList<>();
        for (Device device : devices) {
            Setting setting = new Setting(device, quick, seed, progress);
            for (Claim claim : claims) {
                if (claim.isImplemented() && (!claim.exact() || device == devices.getFirst())) {
                    progress.accept(claim.id());
                    entries.add(test(claim, setting));
                    tested.accept(entries.getLast());
                }
            }
        }
        entries.sort((a, b) -> Integer.compare(claims.indexOf(a.claim()), claims.indexOf(b.claim())));
        return new Verdicts(Machine.here(devices), date, this, entries);
    }

    private static Entry test(Claim claim, Setting setting) {
        long start = System.nanoTime();
        setting.forget();
        Finding finding;
        try {
            finding = claim.test().run(setting);
        } catch (RuntimeException | OutOfMemoryError | LinkageError e) {
            finding = Finding.of(Verdict.UNDECIDED, "%s", Protocol.reason(e));
        }
        Optional<Measurement> wrong = setting.measured().stream().filter(Measurement::isWrong).findFirst();
        if (wrong.isPresent()) {
            finding = Finding.of(Verdict.UNDECIDED, "%s", Report.line(wrong.get())).with(finding.rows());
        }
        return new Entry(claim, claim.exact() ? null : setting.device(), finding, setting.measured(), (System.nanoTime() - start) / 1e9);
    }
}
