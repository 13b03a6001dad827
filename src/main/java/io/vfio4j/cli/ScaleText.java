package io.vfio4j.cli;

import java.math.BigDecimal;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** A FACTOR|WIDTHxHEIGHT argument: how large a picture shall be. */
sealed interface ScaleText {
    /** What the viewers of pictures can take of a side. */
    int MOST_PIXELS = 16384;

    /** What memory can take of a picture: 64 Mi pixels. */
    long MOST_AREA = 64L << 20;

    int widthOf(int width);

    int heightOf(int height);

    /** Times so much. */
    record Factor(double factor) implements ScaleText {
        @Override
        public int widthOf(int width) {
            return scaled(width);
        }

        @Override
        public int heightOf(int height) {
            return scaled(height);
        }

        @Override
        public String toString() {
            return BigDecimal.valueOf(factor).stripTrailingZeros().toPlainString();
        }

        private int scaled(int pixels) {
            return (int) Math.max(1, Math.min(MOST_PIXELS, Math.round(pixels * factor)));
        }
    }

    /** So large, whatever its shape was. */
    record Size(int width, int height) implements ScaleText {
        @Override
        public int widthOf(int original) {
            return width;
        }

        @Override
        public int heightOf(int original) {
            return height;
        }
    }

    final class Converter implements ITypeConverter<ScaleText> {
        private static final Pattern SIZE = Pattern.compile("(\\d{1,5})[xX](\\d{1,5})");
        private static final Pattern FACTOR = Pattern.compile("\\d{1,2}(\\.\\d{1,4})?|\\.\\d{1,4}");
        private static final double LEAST_FACTOR = 0.01;
        private static final double MOST_FACTOR = 16;

        @Override
        public ScaleText convert(String text) {
            Matcher size = SIZE.matcher(text);
            if (size.matches()) {
                int width = Integer.parseInt(size.group(1));
                int height = Integer.parseInt(size.group(2));
                if (width >= 1
                        && width <= MOST_PIXELS
                        && height >= 1
                        && height <= MOST_PIXELS
                        && (long) width * height <= MOST_AREA) {
                    return new Size(width, height);
                }
            } else if (FACTOR.matcher(text).matches()) {
                double factor = Double.parseDouble(text);
                if (factor >= LEAST_FACTOR && factor <= MOST_FACTOR) {
                    return new Factor(factor);
                }
            }
            throw new TypeConversionException(
                    "'" + text
                            + "' is no scale; write a factor from 0.01 to 16, for example 0.5, or a size of at most 64 Mi pixels, for example 800x600");
        }
    }
}
