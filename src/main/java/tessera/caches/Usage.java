package tessera.caches;

/**
 * What a cache holds, in bytes of keys and values, scales included; what is shared counts once.
 *
 * @param allocated bytes of all pages, from the start to the end
 * @param taken bytes of pages that are not free
 * @param used bytes of tokens that a sequence can read; {@code taken - used} is the room left in pages
 * @param unshared bytes that the sequences would use without sharing
 * @param freePages pages that are free
 * @param sharedPages pages that several sequences hold
 * @param sequences sequences that have not been freed
 */
public record Usage(long allocated, long taken, long used, long unshared, int freePages, int sharedPages, int sequences) {
}
