package tessera.specialise;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/** The variable of a loop whose turns stand one after the other in the specialised kernel: {@code for (@Unroll int d = 0; d < HEAD_DIM; d++)}. */
@Retention(RetentionPolicy.RUNTIME)
@Target(ElementType.TYPE_USE)
public @interface Unroll {
}
