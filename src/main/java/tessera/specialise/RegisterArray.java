package tessera.specialise;

import java.lang.classfile.TypeKind;

/**
 * A private array whose elements are variables.
 *
 * @param site the step that makes it
 */
record RegisterArray(int site, String name, TypeKind element, int length) {
}
