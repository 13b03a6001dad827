package io.vfio4j.cli;

import java.util.regex.Matcher;
import java.util.regex.Pattern;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/**
 * A WIDTHxHEIGHT[@HERTZ] argument.
 *
 * @param width in pixels
 * @param height in pixels
 * @param hertz pictures per second
 */
record ModeText(int width, int height, int hertz) {
    private static final Pattern MODE = Pattern.compile("(\\d{1,5})[xX](\\d{1,5})(?:@(\\d{1,3}))?");
    private static final int USUAL_HERTZ = 60;

    @Override
    public String toString() {
        return width + "x" + height + "@" + hertz;
    }

    static final class Converter implements ITypeConverter<ModeText> {
        @Override
        public ModeText convert(String text) {
            Matcher mode = MODE.matcher(text);
            if (!mode.matches()) {
                throw new TypeConversionException(
                        "'" + text + "' is not a mode; write it as 1920x1080 or 1920x1080@75");
            }
            return new ModeText(
                    Integer.parseInt(mode.group(1)),
                    Integer.parseInt(mode.group(2)),
                    mode.group(3) == null ? USUAL_HERTZ : Integer.parseInt(mode.group(3)));
        }
    }
}
