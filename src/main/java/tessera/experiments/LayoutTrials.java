package tessera.experiments;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import tessera.Tessera;

/** Block maps of masks of every kind: built, verified, timed. All on the host, by one thread. */
public record LayoutTrials(Machine machine, int length, int block, List<LayoutTrial> trials) {

    /** Number of masks. */
    public static final int SIZE = 9;

    /**
     * @param runs timed runs of each, after three untimed ones
     * @param step told the name of each mask that is done
     * @throws IllegalArgumentException if a number is not positive
     */
    public static LayoutTrials run(int length, int block, int runs, long seed, Consumer<String> step) {
        List<LayoutTrial> trials = new ArrayList<>();
        for (LayoutProblem problem : LayoutProblem.all(length, block, seed)) {
            trials.add(LayoutTrial.run(problem, runs, seed));
            step.accept(problem.name());
        }
        return new LayoutTrials(Machine.here(List.of(Tessera.devices().getFirst())), length, block, trials);
    }

    /** Whether every sampled block was right. */
    public boolean passed() {
        return trials.stream().allMatch(LayoutTrial::verified);
    }

    /** The machine's line. */
    public String machineLine() {
        return machine.line(machine.devices().getFirst());
    }

    /** A row for each mask. */
    public List<Map<String, Object>> table() {
        return trials.stream().map(LayoutTrial::row).toList();
    }

    /** Everything, ready for JSON. */
    public Map<String, Object> document() {
        Map<String, Object> document = new LinkedHashMap<>();
        document.put("machine", machineLine());
        document.put("length", length);
        document.put("blockSize", block);
        document.put("layouts", trials.stream().map(LayoutTrial::tree).toList());
        return document;
    }
}
