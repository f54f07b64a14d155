package tessera.io.onnx;

import java.util.List;

/** Repeated numbers of a protobuf message, which come one by one or packed into one value. */
final class Repeated {
    private Repeated() {
    }

    static void integers(WireReader reader, List<Long> values) {
        if (!reader.delimited()) {
            values.add(reader.integer());
            return;
        }
        for (WireReader packed = reader.message(); packed.more(); ) {
            values.add(packed.packedInteger());
        }
    }

    static void reals(WireReader reader, List<Double> values) {
        if (!reader.delimited()) {
            values.add((double) reader.real());
            return;
        }
        for (WireReader packed = reader.message(); packed.more(); ) {
            values.add((double) packed.packedReal());
        }
    }

    static void wides(WireReader reader, List<Double> values) {
        if (!reader.delimited()) {
            values.add(reader.wide());
            return;
        }
        for (WireReader packed = reader.message(); packed.more(); ) {
            values.add(packed.packedWide());
        }
    }
}
