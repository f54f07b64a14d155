package tessera.methods;

import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** The methods that can be run, one for each implemented row of the {@link Catalogue}. */
public final class Methods {
    private static final List<Method> ALL = Stream.of(DenseMethods.ALL, PagedMethods.ALL, SparseMethods.ALL, PatternMethods.ALL, SageMethods.ALL,
            VideoMethods.ALL, PooledBlockMethods.ALL, VerticalSlashMethods.ALL, SampledMethods.ALL,
            SeerMethods.ALL, DraftMethods.ALL, ClusterBlockMethods.ALL, ListedMethods.ALL, NativeSparseMethods.ALL, RectifiedMethods.ALL, CubeMethods.ALL,
            SparseLinearMethods.ALL, LayeredMethods.ALL, FeatureMethods.ALL, RandomFeatureMethods.ALL, GatedMethods.ALL, GatedOutputMethods.ALL,
            RwkvMethods.ALL, StateSpaceMethods.ALL, SlotMethods.ALL, LogLinearMethods.ALL, DeltaMethods.ALL, FastWeightMethods.ALL,
            ConvolutionMethods.ALL, ChelaMethods.ALL, AttentionFreeMethods.ALL, CompactMethods.ALL, LatentMethods.ALL, FactoredMethods.ALL, LowRankMethods.ALL,
            ClusterMethods.ALL, HashMethods.ALL, HeadMethods.ALL, RetrievalMethods.ALL, DiffusionMethods.ALL, QuantisedMethods.ALL, LowBitMethods.ALL,
            ChannelMethods.ALL, CodeMethods.ALL, EstimateMethods.ALL, EvictionMethods.ALL, CacheMethods.ALL,
            ClusterCacheMethods.ALL, StackMethods.ALL).flatMap(List::stream).toList();

    private Methods() {
    }

    /** Every method that can be run, by family. */
    public static List<Method> all() {
        return ALL;
    }

    /** The method with exactly that id, if it can be run. */
    public static Optional<Method> find(String id) {
        return ALL.stream().filter(m -> m.id().equals(id)).findFirst();
    }

    /**
     * The method of a row, by its id or name in any case.
     *
     * @throws IllegalArgumentException if there is no such row, naming the nearest, or if it cannot be run yet
     */
    public static Method of(String idOrName) {
        Row row = Catalogue.row(idOrName);
        return find(row.id()).orElseThrow(() -> new IllegalArgumentException("method " + row + " is " + row.status()
                + " and cannot be run; choose from " + ALL.stream().map(Method::id).collect(Collectors.joining(", "))));
    }
}
