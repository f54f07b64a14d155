package tessera.tasks.compact;

import uk.ac.manchester.tornado.api.types.arrays.ByteArray;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;

/** What a code stands for, in steps; every compiler inlines it into the kernel that calls it. */
public final class StoredNumber {
    private StoredNumber() {
    }

    /**
     * Channel c of a token.
     *
     * @param token where the token's codes begin
     * @param book where the book of the codes begins
     * @param bits of a code; there are 2^shift in a byte
     */
    public static float level(ByteArray codes, FloatArray books, int token, int book, int c, int bits, int shift) {
        int place = (c - (c >> shift << shift)) * bits;
        return books.get(book + (codes.get(token + (c >> shift)) >> place & (1 << bits) - 1));
    }
}
