package io.vfio4j.frontend.swing;

import io.vfio4j.display.pixels.Frame;
import java.awt.Graphics2D;
import java.awt.Rectangle;
import java.awt.RenderingHints;
import java.awt.image.BufferedImage;
import java.awt.image.DataBufferInt;
import java.nio.IntBuffer;
import java.util.Arrays;

/** Pixels, as an array and as what Java2D draws. */
final class Picture {
    private final BufferedImage image;
    private final int[] pixels;
    private final int width;

    Picture(int width, int height, int type) {
        image = new BufferedImage(width, height, type);
        pixels = ((DataBufferInt) image.getRaster().getDataBuffer()).getData();
        this.width = width;
    }

    /** One without alpha. */
    static Picture opaque(int width, int height) {
        return new Picture(width, height, BufferedImage.TYPE_INT_RGB);
    }

    BufferedImage image() {
        return image;
    }

    int width() {
        return width;
    }

    int height() {
        return image.getHeight();
    }

    int pixel(int x, int y) {
        return pixels[y * width + x];
    }

    /** The line's pixels from here on. */
    int index(int x, int y) {
        return y * width + x;
    }

    int[] pixels() {
        return pixels;
    }

    /** Takes a part of a frame of the same size. */
    void copy(Frame frame, io.vfio4j.display.pixels.Rectangle part) {
        IntBuffer source = frame.pixels();
        if (part.width() == width) {
            source.get(part.y() * width, pixels, part.y() * width, part.height() * width);
            return;
        }
        for (int y = part.y(); y < part.y() + part.height(); y++) {
            int line = y * width + part.x();
            source.get(line, pixels, line, part.width());
        }
    }

    /** Copies a part elsewhere, as if from another picture: the parts may overlap. */
    void move(int sourceX, int sourceY, io.vfio4j.display.pixels.Rectangle target) {
        boolean down = target.y() > sourceY;
        for (int i = 0; i < target.height(); i++) {
            int line = down ? target.height() - 1 - i : i;
            System.arraycopy(
                    pixels,
                    (sourceY + line) * width + sourceX,
                    pixels,
                    (target.y() + line) * width + target.x(),
                    target.width());
        }
    }

    /** Draws another picture over all of this one, but changes only a part. */
    void draw(Picture source, boolean smooth, Rectangle part) {
        Graphics2D graphics = image.createGraphics();
        try {
            graphics.setRenderingHint(
                    RenderingHints.KEY_INTERPOLATION,
                    smooth
                            ? RenderingHints.VALUE_INTERPOLATION_BILINEAR
                            : RenderingHints.VALUE_INTERPOLATION_NEAREST_NEIGHBOR);
            graphics.setClip(part);
            graphics.drawImage(source.image, 0, 0, width, height(), null);
        } finally {
            graphics.dispose();
        }
    }

    /** Makes a part the picture of another one that is twice as large in both directions, by the mean of four pixels. */
    void halve(Picture source, Rectangle part) {
        for (int y = part.y; y < part.y + part.height; y++) {
            int upper = 2 * y * source.width;
            int lower = 2 * y + 1 < source.height() ? upper + source.width : upper;
            for (int x = part.x; x < part.x + part.width; x++) {
                int left = 2 * x;
                int right = left + 1 < source.width ? left + 1 : left;
                pixels[y * width + x] = mean(
                        source.pixels[upper + left],
                        source.pixels[upper + right],
                        source.pixels[lower + left],
                        source.pixels[lower + right]);
            }
        }
    }

    /** Red and blue at once, with room for their carries between them. */
    private static int mean(int a, int b, int c, int d) {
        int outer = (a & 0xff00ff) + (b & 0xff00ff) + (c & 0xff00ff) + (d & 0xff00ff) + 0x20002;
        int inner = (a & 0xff00) + (b & 0xff00) + (c & 0xff00) + (d & 0xff00) + 0x200;
        return outer >> 2 & 0xff00ff | inner >> 2 & 0xff00;
    }

    void clear() {
        Arrays.fill(pixels, 0);
    }
}
