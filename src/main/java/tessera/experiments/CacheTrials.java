package tessera.experiments;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import tessera.Tessera;

/** The same sequences in caches of every kind: their bytes, and how long tokens take to append. All on the host, by one thread. */
public record CacheTrials(Machine machine, CacheLoad load, List<CacheTrial> trials) {

    /** Fills the caches one after the other. */
    public static CacheTrials run(CacheLoad load) {
        CacheTrial.all(new CacheLoad(load.kvHeads(), load.dim(), load.pageSize(), 1, Math.min(load.prompt(), 64), 0, 2000, load.window()));   // warm up
        return new CacheTrials(Machine.here(List.of(Tessera.devices().getFirst())), load, CacheTrial.all(load));
    }

    /** Whether every sequence held what was appended to it. */
    public boolean passed() {
        return trials.stream().allMatch(trial -> trial.wrong() == 0);
    }

    /** The machine's line. */
    public String machineLine() {
        return machine.line(machine.devices().getFirst());
    }

    /** A row for each cache. */
    public List<Map<String, Object>> table() {
        return trials.stream().map(CacheTrial::row).toList();
    }

    /** Everything, ready for JSON. */
    public Map<String, Object> document() {
        Map<String, Object> document = new LinkedHashMap<>();
        document.put("machine", machineLine());
        document.put("load", load);
        document.put("caches", trials.stream().map(CacheTrial::tree).toList());
        return document;
    }
}
