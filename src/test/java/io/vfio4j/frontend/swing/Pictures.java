package io.vfio4j.frontend.swing;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.fail;

import java.awt.image.BufferedImage;
import java.util.Optional;

/** Compares pictures. */
final class Pictures {
    private Pictures() {}

    static void assertSame(BufferedImage expected, BufferedImage found) {
        assertEquals(
                expected.getWidth() + "x" + expected.getHeight(), found.getWidth() + "x" + found.getHeight(), "size");
        difference(expected, found, 0, 0).ifPresent(where -> fail(where));
    }

    /** The first pixel in which a part of a picture is not as expected. */
    static Optional<String> difference(BufferedImage expected, BufferedImage found, int left, int top) {
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
    static BufferedImage enlarged(BufferedImage picture, int factor) {
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
    static BufferedImage centred(BufferedImage picture, int width, int height) {
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
}
