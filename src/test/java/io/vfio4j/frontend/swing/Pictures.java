package io.vfio4j.frontend.swing;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.fail;

import io.vfio4j.emulator.EmulatedGuest;
import java.awt.Graphics2D;
import java.awt.Point;
import java.awt.image.BufferedImage;
import java.util.Optional;
import java.util.stream.IntStream;

/** Compares pictures. */
public final class Pictures {
    private Pictures() {}

    public static void assertSame(BufferedImage expected, BufferedImage found) {
        assertEquals(
                expected.getWidth() + "x" + expected.getHeight(), found.getWidth() + "x" + found.getHeight(), "size");
        difference(expected, found, 0, 0).ifPresent(where -> fail(where));
    }

    /** The first pixel in which a part of a picture is not as expected. */
    public static Optional<String> difference(BufferedImage expected, BufferedImage found, int left, int top) {
        for (int y = 0; y < expected.getHeight(); y++) {
            for (int x = 0; x < expected.getWidth(); x++) {
                int wanted = expected.getRGB(x, y) & 0xff_ffff;
                int there = found.getRGB(left + x, top + y) & 0xff_ffff;
                if (wanted != there) {
                    return Optional.of("pixel " + x + "," + y + " is " + Integer.toHexString(there) + ", not "
                            + Integer.toHexString(wanted));
                }
            }
        }
        return Optional.empty();
    }

    /** Each pixel as a block. */
    public static BufferedImage enlarged(BufferedImage picture, int factor) {
        BufferedImage large = new BufferedImage(
                picture.getWidth() * factor, picture.getHeight() * factor, BufferedImage.TYPE_INT_RGB);
        for (int y = 0; y < large.getHeight(); y++) {
            for (int x = 0; x < large.getWidth(); x++) {
                large.setRGB(x, y, picture.getRGB(x / factor, y / factor));
            }
        }
        return large;
    }

    /** In the middle of something black. */
    public static BufferedImage centred(BufferedImage picture, int width, int height) {
        BufferedImage whole = new BufferedImage(width, height, BufferedImage.TYPE_INT_RGB);
        int left = Math.max(0, (width - picture.getWidth()) / 2);
        int top = Math.max(0, (height - picture.getHeight()) / 2);
        for (int y = 0; y < Math.min(picture.getHeight(), height); y++) {
            for (int x = 0; x < Math.min(picture.getWidth(), width); x++) {
                whole.setRGB(left + x, top + y, picture.getRGB(x, y));
            }
        }
        return whole;
    }

    /** Whether exactly this is at a place of a larger picture. */
    public static boolean isAt(BufferedImage wanted, BufferedImage whole, int left, int top) {
        return left >= 0
                && top >= 0
                && left + wanted.getWidth() <= whole.getWidth()
                && top + wanted.getHeight() <= whole.getHeight()
                && difference(wanted, whole, left, top).isEmpty();
    }

    /** Where exactly this is in a larger picture. */
    public static Optional<Point> find(BufferedImage wanted, BufferedImage whole) {
        for (int y = 0; y <= whole.getHeight() - wanted.getHeight(); y++) {
            for (int x = 0; x <= whole.getWidth() - wanted.getWidth(); x++) {
                if (isAt(wanted, whole, x, y)) {
                    return Optional.of(new Point(x, y));
                }
            }
        }
        return Optional.empty();
    }

    /** What the emulated guest shows, with its cursor. */
    public static BufferedImage of(EmulatedGuest guest) {
        return ShownGuest.picture(guest);
    }

    /** What a panel paints. */
    public static BufferedImage painted(DisplayPanel panel) {
        BufferedImage image = new BufferedImage(panel.getWidth(), panel.getHeight(), BufferedImage.TYPE_INT_RGB);
        Graphics2D graphics = image.createGraphics();
        panel.paint(graphics);
        graphics.dispose();
        return image;
    }

    public static long colours(BufferedImage image) {
        return IntStream.range(0, image.getWidth() * image.getHeight())
                .map(i -> image.getRGB(i % image.getWidth(), i / image.getWidth()))
                .distinct()
                .count();
    }

    /** The emulated guest writes it over the upper left corner: 32 bits, each 8 pixels wide, the lowest first. */
    public static long frameNumber(BufferedImage picture) {
        long number = 0;
        for (int bit = 0; bit < 32; bit++) {
            if ((picture.getRGB(8 * bit + 4, 4) & 0xff_ffff) != 0) {
                number |= 1L << bit;
            }
        }
        return number;
    }
}
