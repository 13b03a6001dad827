package io.vfio4j.cli;

import io.vfio4j.display.pixels.Frame;
import java.awt.Graphics2D;
import java.awt.Image;
import java.awt.image.BufferedImage;
import java.awt.image.DataBufferInt;
import java.io.IOException;
import java.io.OutputStream;
import java.util.Optional;
import javax.imageio.ImageIO;
import javax.imageio.stream.ImageOutputStream;
import javax.imageio.stream.MemoryCacheImageOutputStream;

/** A frame as a PNG file. */
final class Png {
    static {
        // No window is opened, so no display is looked for.
        System.setProperty("java.awt.headless", "true");
    }

    private final BufferedImage image;

    private Png(BufferedImage image) {
        this.image = image;
    }

    /** As it is now, in the size that is asked for: every pixel of the original has its share. */
    static Png of(Frame frame, Optional<ScaleText> scale) throws IOException {
        if (scale.isPresent()) {
            requireRoom(
                    scale.get(), scale.get().widthOf(frame.width()), scale.get().heightOf(frame.height()));
        }
        BufferedImage image = new BufferedImage(frame.width(), frame.height(), BufferedImage.TYPE_INT_RGB);
        frame.pixels().get(((DataBufferInt) image.getRaster().getDataBuffer()).getData());
        return new Png(scale.map(wanted -> scaled(image, wanted)).orElse(image));
    }

    private static void requireRoom(ScaleText scale, int width, int height) throws IOException {
        if ((long) width * height > ScaleText.MOST_AREA) {
            throw new IOException("--scale " + scale + " makes a picture of " + width + "x" + height
                    + " pixels, which is more than 64 Mi pixels");
        }
    }

    private static BufferedImage scaled(BufferedImage image, ScaleText scale) {
        int width = scale.widthOf(image.getWidth());
        int height = scale.heightOf(image.getHeight());
        BufferedImage result = new BufferedImage(width, height, BufferedImage.TYPE_INT_RGB);
        Graphics2D graphics = result.createGraphics();
        graphics.drawImage(image.getScaledInstance(width, height, Image.SCALE_AREA_AVERAGING), 0, 0, null);
        graphics.dispose();
        return result;
    }

    int width() {
        return image.getWidth();
    }

    int height() {
        return image.getHeight();
    }

    void writeTo(OutputStream out) throws IOException {
        try (ImageOutputStream stream = new MemoryCacheImageOutputStream(out)) {
            if (!ImageIO.write(image, "png", stream)) {
                throw new IOException("this Java cannot write PNG files");
            }
        }
    }
}
