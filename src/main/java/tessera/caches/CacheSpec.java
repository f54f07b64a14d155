package tessera.caches;

import tessera.DType;
import tessera.Shape;

/**
 * What a {@link KvCache} holds: {@code pages} pages of {@code pageSize} tokens, each with a key of {@code headDim} and a value of
 * {@code valueDim} elements for every key/value head. All of its memory is taken when the cache is made.
 *
 * @param dtype F32, F16 or BF16; I8 stores each head's key and value of a token as 8-bit integers with a float32 scale each,
 *        {@code x = scale * code}, {@code scale = max|x| / 127}
 * @param sequencePages most pages that one sequence may take; 1 makes the cache contiguous, each sequence a page of its own
 */
public record CacheSpec(int kvHeads, int headDim, int valueDim, DType dtype, int pages, int pageSize, int sequencePages) {

    /** @throws IllegalArgumentException naming the argument that does not fit, and what would */
    public CacheSpec {
        positive("kvHeads", kvHeads);
        positive("headDim", headDim);
        positive("valueDim", valueDim);
        positive("pages", pages);
        positive("pageSize", pageSize);
        if (sequencePages < 1 || sequencePages > pages) {
            throw new IllegalArgumentException("sequencePages must be between 1 and pages = " + pages + ", got " + sequencePages);
        }
        if (dtype == null || dtype == DType.I32) {
            throw new IllegalArgumentException("dtype must be F32, F16, BF16 or I8, got " + dtype);
        }
        Shape.of(pages, kvHeads, pageSize, Math.max(headDim, valueDim));
    }

    private static void positive(String name, int value) {
        if (value < 1) {
            throw new IllegalArgumentException(name + " must be at least 1, got " + value);
        }
    }

    /** Float32 pages, any of which a sequence takes as it grows (PagedAttention, arXiv:2309.06180). */
    public static CacheSpec paged(int kvHeads, int headDim, int pages, int pageSize) {
        return new CacheSpec(kvHeads, headDim, headDim, DType.F32, pages, pageSize, pages);
    }

    /** Float32 tokens of each sequence in one piece, with room for {@code capacity} of them. */
    public static CacheSpec contiguous(int kvHeads, int headDim, int sequences, int capacity) {
        return new CacheSpec(kvHeads, headDim, headDim, DType.F32, sequences, capacity, 1);
    }

    public CacheSpec withValueDim(int dim) {
        return new CacheSpec(kvHeads, headDim, dim, dtype, pages, pageSize, sequencePages);
    }

    public CacheSpec withDType(DType type) {
        return new CacheSpec(kvHeads, headDim, valueDim, type, pages, pageSize, sequencePages);
    }

    /** Whether every sequence lies in one piece. */
    public boolean isContiguous() {
        return sequencePages == 1;
    }

    /** Bytes of a token's keys and values of all heads, scales included. */
    public int bytesPerToken() {
        int scales = dtype == DType.I8 ? 2 * DType.F32.bytes() : 0;
        return kvHeads * ((headDim + valueDim) * dtype.bytes() + scales);
    }

    /** Bytes of all pages. */
    public long bytes() {
        return (long) pages * pageSize * bytesPerToken();
    }

    /** Most tokens of one sequence. */
    public long capacity() {
        return (long) sequencePages * pageSize;
    }
}
