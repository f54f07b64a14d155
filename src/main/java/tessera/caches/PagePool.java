package tessera.caches;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import tessera.DType;
import tessera.Shape;
import tessera.Tensor;

/**
 * The pages of a cache, each free or held by so many sequences. Taking, sharing and giving back go through one lock; what is in a page
 * belongs to its only holder, and nobody writes a page with several.
 */
final class PagePool {

    /** What a page holds of every token and head: so many elements of a tensor {@code [pages, kvHeads, pageSize, size]}. */
    private record Plane(Tensor tensor, int size) {
    }

    private final CacheSpec spec;
    private final List<Plane> planes = new ArrayList<>();
    private final int[] holders;
    private final int[] free;
    private int freeCount;

    PagePool(CacheSpec spec) {
        this.spec = spec;
        plane(spec.dtype(), spec.headDim());
        plane(spec.dtype(), spec.valueDim());
        if (spec.dtype() == DType.I8) {
            plane(DType.F32, 1);
            plane(DType.F32, 1);
        }
        holders = new int[spec.pages()];
        free = new int[spec.pages()];
        freeCount = spec.pages();
        Arrays.setAll(free, n -> spec.pages() - 1 - n);
    }

    private void plane(DType type, int size) {
        planes.add(new Plane(Tensor.zeros(type, Shape.of(spec.pages(), spec.kvHeads(), spec.pageSize(), size)), size));
    }

    Tensor keys() {
        return planes.get(0).tensor();
    }

    Tensor values() {
        return planes.get(1).tensor();
    }

    /** {@code [pages, kvHeads, pageSize, 1]}, where tokens are stored as integers. */
    Tensor keyScales() {
        return planes.size() > 2 ? planes.get(2).tensor() : null;
    }

    Tensor valueScales() {
        return planes.size() > 2 ? planes.get(3).tensor() : null;
    }

    /** So many pages with one holder each, or null if fewer are free. */
    synchronized int[] take(int count) {
        if (count > freeCount) {
            return null;
        }
        int[] taken = Arrays.copyOfRange(free, freeCount - count, freeCount);
        freeCount -= count;
        for (int page : taken) {
            holders[page] = 1;
        }
        return taken;
    }

    synchronized void share(int[] pages) {
        for (int page : pages) {
            holders[page]++;
        }
    }

    /** One holder less; a page without any is free. */
    synchronized void release(int... pages) {
        for (int page : pages) {
            if (--holders[page] == 0) {
                free[freeCount++] = page;
            }
        }
    }

    synchronized boolean isShared(int page) {
        return holders[page] > 1;
    }

    synchronized int free() {
        return freeCount;
    }

    synchronized int shared() {
        return (int) Arrays.stream(holders).filter(count -> count > 1).count();
    }

    /** All of a page. */
    void copyPage(int from, int to) {
        for (Plane plane : planes) {
            int size = spec.kvHeads() * spec.pageSize() * plane.size();
            plane.tensor().copyTo(from * size, plane.tensor(), to * size, size);
        }
    }

    /** One head's part of a token. */
    void copyToken(int head, int fromPage, int fromSlot, int toPage, int toSlot) {
        for (Plane plane : planes) {
            plane.tensor().copyTo(row(fromPage, head, fromSlot) * plane.size(), plane.tensor(), row(toPage, head, toSlot) * plane.size(), plane.size());
        }
    }

    /** {@code count} tokens of k and v, {@code [batch, kvHeads, length, dim]}, from one on, into a page from a slot on. */
    void write(Tensor k, Tensor v, int batch, int token, int page, int slot, int count) {
        for (int head = 0; head < spec.kvHeads(); head++) {
            int to = row(page, head, slot);
            int from = (batch * spec.kvHeads() + head) * k.shape().dim(2) + token;
            if (spec.dtype() == DType.I8) {
                Codes.write(k, from, keys(), keyScales(), to, count, spec.headDim());
                Codes.write(v, from, values(), valueScales(), to, count, spec.valueDim());
            } else {
                k.copyTo(from * spec.headDim(), keys(), to * spec.headDim(), count * spec.headDim());
                v.copyTo(from * spec.valueDim(), values(), to * spec.valueDim(), count * spec.valueDim());
            }
        }
    }

    /** The tokens of a page from a slot on into a batch of others. */
    void read(int page, int slot, Tokens tokens, int batch, int token, int count) {
        Tensor k = tokens.k();
        Tensor v = tokens.v();
        for (int head = 0; head < spec.kvHeads(); head++) {
            int from = row(page, head, slot);
            int to = (batch * spec.kvHeads() + head) * k.shape().dim(2) + token;
            if (spec.dtype() == DType.I8) {
                Codes.read(keys(), keyScales(), from, k, to, count, spec.headDim());
                Codes.read(values(), valueScales(), from, v, to, count, spec.valueDim());
            } else {
                keys().copyTo(from * spec.headDim(), k, to * spec.headDim(), count * spec.headDim());
                values().copyTo(from * spec.valueDim(), v, to * spec.valueDim(), count * spec.valueDim());
            }
        }
    }

    private int row(int page, int head, int slot) {
        return (page * spec.kvHeads() + head) * spec.pageSize() + slot;
    }
}
