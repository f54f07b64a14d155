package tessera.cli;

import java.util.Locale;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Reads a length: 512, 1k (1024), 2m (2 * 1024 * 1024). */
final class LengthConverter implements ITypeConverter<Integer> {

    @Override
    public Integer convert(String text) {
        String number = text.strip().toLowerCase(Locale.ROOT);
        int shift = number.endsWith("k") ? 10 : number.endsWith("m") ? 20 : 0;
        try {
            long value = Math.multiplyExact(Long.parseLong(shift > 0 ? number.substring(0, number.length() - 1) : number), 1L << shift);
            return Math.toIntExact(value);
        } catch (NumberFormatException e) {
            throw new TypeConversionException("'" + text + "' is not a length such as 512, 1k or 2k");
        } catch (ArithmeticException e) {
            throw new TypeConversionException("'" + text + "' is past 2^31 - 1, the most that one array can index");
        }
    }
}
