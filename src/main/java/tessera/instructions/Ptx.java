package tessera.instructions;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * What a call of the method becomes on NVIDIA's GPUs, in PTX or in an {@code asm} statement of C: text of PTX, where
 *
 * <ul>
 *   <li>{@code ${2}} is argument 2, a register or a literal; ints are {@code .s32};
 *   <li>{@code #{2}} is argument 2, which must be a constant, as a number; {@code #{2*4}} four times that, and
 *       {@code #{2*4+header}} as many bytes further as TornadoVM keeps before the elements of an array;
 *   <li>{@code $r} is the register of the result; of a method that returns an array, {@code $r_0}, {@code $r_1} … are its
 *       registers, which {@link Fragment} reads.
 * </ul>
 *
 * What only the text uses is declared in braces; {@code %} is written twice.
 */
@Retention(RetentionPolicy.RUNTIME)
@Target(ElementType.METHOD)
public @interface Ptx {
    String value();

    /** Whether it writes to the arrays among its arguments, rather than reading them. */
    boolean writes() default false;
}
