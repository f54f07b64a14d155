package tessera.specialise;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/** A private array each of whose elements is a variable of the specialised kernel: {@code float @Registers [] sum = new float[HEAD_DIM]}. */
@Retention(RetentionPolicy.RUNTIME)
@Target(ElementType.TYPE_USE)
public @interface Registers {
}
