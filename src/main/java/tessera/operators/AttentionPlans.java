package tessera.operators;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import tessera.Arrangement;
import tessera.AttentionSpec;
import tessera.DType;
import tessera.ScoreStage;
import tessera.engine.Device;
import tessera.layouts.Bsr;
import tessera.layouts.Layout;
import tessera.layouts.Listing;
import tessera.layouts.Range;
import tessera.masks.Blocks;
import tessera.planner.Candidates;
import tessera.planner.Plan;

/** The legal plans of an attention on a device, best guess first. */
final class AttentionPlans {

    /** Fewest keys that a part of a split row should have, so that merging stays cheap beside it. */
    private static final int KEYS_IN_PART = 256;

    static final String VALUES_IN_KEYS = "reads values from an input of their own, not from the first channels of the keys; rows and split do";

    private final AttentionSpec spec;
    private final Device device;
    final Candidates candidates = new Candidates();
    private final long rows;
    private final AttentionCosts costs;
    private final DecodePlans decoding;

    private AttentionPlans(AttentionSpec spec, Device device) {
        this.spec = spec;
        this.device = device;
        this.rows = (long) spec.batch() * spec.heads() * spec.queries();
        this.costs = new AttentionCosts(spec);
        this.decoding = new DecodePlans(spec, device, this);
    }

    static Candidates of(AttentionSpec spec, Device device) {
        AttentionPlans plans = new AttentionPlans(spec, device);
        String unsupported = unsupported(spec, device);
        if (unsupported != null) {
            plans.candidates.ruleOut("ATTN", unsupported);
        } else if (isListed(spec)) {
            plans.listed();
        } else {
            plans.simple(Layout.simple(spec));
        }
        return plans.candidates;
    }

    /** Whether only lists of runs can say what a spec visits, or its scores are modified. */
    static boolean isListed(AttentionSpec spec) {
        Arrangement given = spec.arrangement();
        Arrangement reordered = new Arrangement(given.layout(), given.past(), 0, 0, 0, 0, 0, 0, 0, 0, 0, given.valuesInKeys());
        boolean blocksOfLatents = given.valuesInKeys() && spec.mask() instanceof Blocks;
        return !spec.scores().isPlain() || !spec.hasGroupedHeads() || !given.equals(reordered) || !Layout.isSimple(spec) || blocksOfLatents;
    }

    /** Why nothing can compute a spec on a device, in one sentence; null if something can. */
    private static String unsupported(AttentionSpec spec, Device device) {
        ScoreStage stage = spec.requested().scores();
        boolean contiguous = spec.arrangement().sequences() == 0 && spec.arrangement().pages() == 0;
        if (spec.scores().function() != null && !device.isJvm()) {
            return "a score function given as Java code runs on the JVM only, as TornadoVM compiles no calls through an interface; give "
                    + device.id() + " the same change as a score kernel, a bias tensor, slopes or a soft cap";
        }
        if (spec.scores().isOwn() && !contiguous) {
            return "a change of the scores by the user needs keys that are neither ragged nor paged";
        }
        if (spec.scores().isOwn() && (stage != null || spec.requested().columnMass() || spec.requested().massQ() > 0)) {
            return "a change of the scores by the user gives out and lse, without masses and stored scores";
        }
        if (stage != null && !contiguous) {
            return "stored scores need keys that are neither ragged nor paged";
        }
        return null;
    }

    /** One window for all heads, or whole blocks, and plain scores. */
    private void simple(Layout layout) {
        Plan byRows = plan(layout, "rows", Map.of(), 1, "one row of the result for each work-item");
        decoding.streamed(layout);
        if (layout instanceof Bsr) {
            beside(new TilePlans(spec, device, layout, this), () -> candidates.add(byRows));
            candidates.ruleOut("split", "splitting the keys needs a FULL or RANGE layout, not " + layout.name());
            candidates.ruleOut("strips", "strips of keys need a FULL or RANGE layout, not " + layout.name());
            candidates.ruleOut("decode", "the decode kernel needs a FULL or RANGE layout, not " + layout.name());
            return;
        }
        int parts = parts();
        boolean gpu = device.kind().equals("GPU");
        if (gpu) {
            decoding.shared((Range) layout);
        }
        boolean strips = StripTiling.comeFirst(spec, device, pairs(layout));
        if (strips) {
            strips(layout);
        }
        if (parts >= 2) {
            split(layout, parts);
        }
        beside(new TilePlans(spec, device, layout, this), () -> candidates.add(byRows));
        if (!strips) {
            strips(layout);
        }
        if (parts < 2) {
            split(layout, 2);
        }
        if (!gpu) {
            decoding.shared((Range) layout);
        }
        stored(layout);
    }

    /** Tiles before or after rows: on a GPU, where there are rows enough for a tile, they come first. */
    private void beside(TilePlans tiles, Runnable rows) {
        boolean first = device.kind().equals("GPU") && spec.queries() >= 16 && tiles.areDense();
        if (first) {
            tiles.all();
        }
        rows.run();
        if (!first) {
            tiles.all();
        }
    }

    private void listed() {
        List<String> names;
        try {
            names = Layout.names(spec);
        } catch (IllegalArgumentException e) {
            candidates.ruleOut("ATTN", e.getMessage());
            return;
        }
        List<Listing> listings = listings(names);
        if (listings.isEmpty()) {
            return;
        }
        Listing first = listings.getFirst();
        int parts = parts();
        if (spec.arrangement().pvSkip() < 0) {
            if (costs.gaps() > Math.min(Integer.MAX_VALUE, device.maxArrayBytes() / 4)) {
                candidates.ruleOut("rows", "pvSkip needs a number for each query and block of keys, an array of " + costs.gaps() + ", more than " + device.id()
                        + " allows; use larger blocks");
                return;
            }
            rows(first);
            candidates.ruleOut("all others", "leaving out values of blocks, as pvSkip asks, is done by rows only");
            return;
        }
        if (spec.scores().isOwn()) {
            candidates.ruleOut("rows", "a change of the scores by the user needs them stored");
        } else {
            decoding.streamed(first);
            if (parts >= 2) {
                split(first, parts);
            }
            beside(new TilePlans(spec, device, first, this), () -> listings.forEach(this::rows));
            if (parts < 2) {
                split(first, 2);
            }
            candidates.ruleOut("decode", "the decode kernel computes plain scores over a FULL or RANGE layout, not "
                    + (spec.scores().isPlain() ? first.name() : spec.scores()));
        }
        stored(first);
    }

    /** Those of the layouts that are not too large to be made. */
    private List<Listing> listings(List<String> names) {
        List<Listing> listings = new ArrayList<>();
        for (String name : names) {
            try {
                listings.add(Listing.of(spec, name));
            } catch (IllegalArgumentException e) {
                candidates.ruleOut("rows " + name, e.getMessage());
            }
        }
        return listings;
    }

    private void rows(Listing listing) {
        if (listing.capacity(spec) > Integer.MAX_VALUE) {
            candidates.ruleOut("rows " + listing.name(), "its lists need " + listing.capacity(spec) + " numbers, one array holds " + Integer.MAX_VALUE
                    + "; use fewer queries at a time or larger pages");
            return;
        }
        String reason = "one row of the result for each work-item, over " + listing.runs().lists() + " lists of keys";
        candidates.add(plan(listing, "rows", Map.of(), 1, reason));
    }

    private int parts() {
        return (int) Math.min(Math.ceilDiv(4L * device.computeUnits(), rows), spec.keys() / KEYS_IN_PART);
    }

    private void split(Layout layout, int parts) {
        if (spec.keys() < 2) {
            return;
        }
        long elements = parts * rows * spec.valueDim();
        if (elements > Math.min(Integer.MAX_VALUE, device.maxArrayBytes() / 4)) {
            candidates.ruleOut("split", "the parts' results need an array of " + elements + " elements, more than " + device.id() + " allows");
            return;
        }
        String reason = parts() >= 2 ? rows + " rows would leave some of " + device.computeUnits() + " compute units idle, so the keys are split"
                : "splits the keys although " + rows + " rows fill the device";
        candidates.add(plan(layout, "split", Plan.ordered("parts", parts), parts, reason));
    }

    private void strips(Layout layout) {
        String never = StripTiling.never(spec, device);
        if (never != null) {
            candidates.ruleOut("strips", never);
            return;
        }
        for (StripTiling t : StripTiling.of(spec, device)) {
            candidates.add(plan(layout, "strips", t.tuning(), 1, t.tileQ() + " queries share a tile of " + t.tileK() + " keys in a core's cache, "
                    + t.strips(spec) + " strips for " + device.computeUnits() + " compute units"));
        }
    }

    /** The textbook form: every score in memory. */
    private void stored(Layout layout) {
        long elements = rows * spec.keys();
        if (spec.arrangement().sequences() > 0 || spec.arrangement().pages() > 0) {
            candidates.ruleOut("stored", "storing the scores needs keys that are neither ragged nor paged");
        } else if (elements > Math.min(Integer.MAX_VALUE, device.maxArrayBytes() / 4)) {
            candidates.ruleOut("stored", "the scores need an array of " + elements + " elements, more than " + device.id() + " allows");
        } else {
            candidates.add(plan(layout, "stored", Map.of(), 1, "the scores are stored in memory, as the formula has it"));
        }
    }

    private Plan plan(Layout layout, String variant, Map<String, Integer> tuning, int parts, String reason) {
        return plan(layout, variant, tuning, DType.F32, parts, reason);
    }

    Plan plan(Layout layout, String variant, Map<String, Integer> tuning, DType storage, int parts, String reason) {
        return new Plan("ATTN", variant, layout.name(), tuning, storage, costs.of(layout, variant, storage, parts), reason);
    }

    long pairs(Layout layout) {
        return costs.pairs(layout);
    }
}
