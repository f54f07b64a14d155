package tessera.reference;

import java.util.Map;
import tessera.Arrangement;
import tessera.AttentionSpec;
import tessera.Tensor;
import tessera.TensorLayout;

/** Finds the tokens of an attention wherever its arrangement puts them. A sequence is a batch, or one of a ragged batch. */
final class Arranged {
    private final AttentionSpec spec;
    private final Arrangement arrangement;
    private final Map<String, Tensor> inputs;

    Arranged(AttentionSpec spec, Map<String, Tensor> inputs) {
        this.spec = spec;
        this.arrangement = spec.arrangement();
        this.inputs = inputs;
    }

    private int at(String name, int index) {
        return (int) inputs.get(name).get(index);
    }

    /** The sequence that a query belongs to, -1 for none. */
    int sequence(int batch, int query) {
        if (arrangement.sequences() == 0) {
            return batch;
        }
        for (int s = 0; s < arrangement.sequences(); s++) {
            if (at("cuSeqlensQ", s) <= query && query < at("cuSeqlensQ", s + 1)) {
                return s;
            }
        }
        return -1;
    }

    private boolean hasOwnKeys() {
        return arrangement.sequences() > 0 && arrangement.pages() == 0;
    }

    int queryStart(int sequence) {
        return arrangement.sequences() > 0 ? at("cuSeqlensQ", sequence) : 0;
    }

    int queries(int sequence) {
        return arrangement.sequences() > 0 ? at("cuSeqlensQ", sequence + 1) - at("cuSeqlensQ", sequence) : spec.queries();
    }

    int keyStart(int sequence) {
        return hasOwnKeys() ? at("cuSeqlensK", sequence) : 0;
    }

    int keys(int sequence) {
        if (hasOwnKeys()) {
            return at("cuSeqlensK", sequence + 1) - at("cuSeqlensK", sequence);
        }
        return spec.scores().keyLengths() ? at("keyLengths", sequence) : spec.keys();
    }

    /** Whether the query's own list has the block of a key, or the key is a column; true where there are no lists. */
    boolean lists(int batch, int head, int query, int key) {
        if (arrangement.lists() == 0) {
            return true;
        }
        int listHead = head / (spec.heads() / arrangement.listHeads());
        int blocks = Math.ceilDiv(spec.queries(), arrangement.listQueries());
        int list = (batch * blocks + query / arrangement.listQueries()) * arrangement.listHeads() + listHead;
        return names("keyBlocks", list, arrangement.lists(), key / arrangement.listBlock())
                || names("keyColumns", batch * arrangement.listHeads() + listHead, arrangement.columns(), key);
    }

    private boolean names(String input, int list, int size, int wanted) {
        for (int n = list * size; n < (list + 1) * size; n++) {
            if (at(input, n) == wanted) {
                return true;
            }
        }
        return false;
    }

    Token q(int batch, int head, int query) {
        int from = spec.headMaps().queries().get(head);
        return token("q", batch, from, spec.heads(), query, spec.queries());
    }

    /** A key of a sequence, counted from its first one, in a key/value head. */
    Token k(int sequence, int kvHead, int key) {
        return cached("k", "pastK", sequence, kvHead, key);
    }

    Token v(int sequence, int kvHead, int key) {
        return arrangement.valuesInKeys() ? k(sequence, kvHead, key) : cached("v", "pastV", sequence, kvHead, key);
    }

    /** A token's channels, and where in a tensor they begin. */
    record Token(Tensor tensor, int begin) {
        double at(int channel) {
            return tensor.get(begin + channel);
        }
    }

    private Token cached(String name, String pastName, int sequence, int kvHead, int key) {
        if (arrangement.pages() > 0) {
            int page = at("pageTable", sequence * (spec.keys() / arrangement.pageSize()) + key / arrangement.pageSize());
            return token(name, page, kvHead, spec.kvHeads(), key % arrangement.pageSize(), arrangement.pageSize());
        }
        int batch = arrangement.sequences() > 0 ? 0 : sequence;
        int place = keyStart(sequence) + key;
        int past = arrangement.past();
        return place < past ? token(pastName, batch, kvHead, spec.kvHeads(), place, past)
                : token(name, batch, kvHead, spec.kvHeads(), place - past, spec.keys() - past);
    }

    private Token token(String name, int batch, int head, int heads, int token, int tokens) {
        Tensor tensor = inputs.get(name);
        int row = arrangement.layout() == TensorLayout.BHLD ? (batch * heads + head) * tokens + token : (batch * tokens + token) * heads + head;
        return new Token(tensor, row * tensor.shape().dim(-1));
    }
}
