package tessera.stacks;

import java.util.LinkedHashMap;
import java.util.Map;
import tessera.AttentionSpec;
import tessera.Estimator;
import tessera.Forced;
import tessera.Pooling.Fold;
import tessera.SelectSpec;
import tessera.Spec;

/**
 * Softmax attention of each token over blocks that a group of heads chooses, as InfLLM-v2 (arXiv:2509.24663): overlapping segments of
 * half a block score it; the first and recent blocks come first.
 *
 * @param block tokens of a block
 * @param blocks those that a token reads, the first and recent ones among them
 * @param recent last blocks that it always reads
 * @param rotary as in {@link Attention}
 */
public record Selection(int block, int blocks, int recent, int rotary) implements LayerKind {

    @Override
    public Map<String, Spec> prefill(StackShape shape, int length) {
        return specs(shape, length, length);
    }

    @Override
    public Map<String, Spec> decode(StackShape shape, int context) {
        return specs(shape, 1, context);
    }

    private Map<String, Spec> specs(StackShape shape, int queries, int keys) {
        SelectSpec choice = SelectSpec.of(shape.batch(), shape.heads(), queries, shape.headDim()).kvHeads(shape.kvHeads()).keys(keys).blocks(1, block)
                .causal().dtype(shape.dtype()).estimator(new Estimator.OverlappedDot(block / 2, block / 4)).softmax().foldBlocks(Fold.MAX)
                .foldGroup(Fold.MEAN).topK(blocks).forced(new Forced(1, true, recent, false, false, false, Forced.Counting.FIRST)).build();
        Map<String, Spec> specs = new LinkedHashMap<>();
        specs.put("choice", choice);
        specs.put("attention", AttentionSpec.of(shape.batch(), shape.heads(), queries, shape.headDim()).kvHeads(shape.kvHeads()).keys(keys)
                .listed(choice.listHeads(), choice.lists(), block).causal().dtype(shape.dtype()).build());
        return Rotation.before(rotary, shape, queries, specs);
    }

    @Override
    public long cacheBytes(StackShape shape, int length) {
        return shape.cacheBytes(length);
    }

    @Override
    public LayerKind at(int length) {
        return new Selection(block, blocks, recent, Math.min(rotary, 1));
    }

    @Override
    public LayerKind small(int length) {
        return new Selection(16, 6, 2, rotary);
    }

    @Override
    public String toString() {
        return ScheduleText.of("infllm2", blocks, rotary);
    }
}
