package io.vfio4j.frontend.web;

import io.vfio4j.display.pixels.Frame;
import io.vfio4j.frontend.Look;
import java.awt.image.BufferedImage;
import java.awt.image.DataBufferInt;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.IntBuffer;
import java.util.Iterator;
import java.util.Optional;
import javax.imageio.IIOImage;
import javax.imageio.ImageIO;
import javax.imageio.ImageWriteParam;
import javax.imageio.ImageWriter;
import javax.imageio.stream.MemoryCacheImageOutputStream;

/**
 * A screen's picture at some time.
 *
 * @param bytes a file of the kind that was asked for
 * @param width of the screen, not of what is in the file
 * @param height likewise
 * @param absence why it is not the guest's picture, where it is not
 * @param generation the same for the same picture
 */
record Snapshot(byte[] bytes, int width, int height, Optional<String> absence, long generation) {
    private static final float JPEG_QUALITY = 0.85f;

    /** Takes the pixels out of a look, which can be closed as soon as this returns; encoding them comes afterwards. */
    static Pixels pixels(Look look, SnapshotKind kind) {
        Frame frame = look.frame();
        Optional<BufferedImage> image = switch (kind) {
            case FACTS -> Optional.empty();
            case THUMBNAIL -> Optional.of(thumbnail(frame));
            case PNG, JPEG -> Optional.of(copy(frame));
        };
        return new Pixels(image, kind, frame.width(), frame.height(), look.absence(), look.generation());
    }

    /** Pixels that are nobody else's. */
    record Pixels(
            Optional<BufferedImage> image,
            SnapshotKind kind,
            int width,
            int height,
            Optional<String> absence,
            long generation) {
        Snapshot encode() throws IOException {
            byte[] bytes = image.isPresent() ? Snapshot.encode(image.get(), kind.format()) : new byte[0];
            return new Snapshot(bytes, width, height, absence, generation);
        }
    }

    private static BufferedImage copy(Frame frame) {
        BufferedImage image = new BufferedImage(frame.width(), frame.height(), BufferedImage.TYPE_INT_RGB);
        frame.pixels().get(data(image));
        return image;
    }

    private static int[] data(BufferedImage image) {
        return ((DataBufferInt) image.getRaster().getDataBuffer()).getData();
    }

    /** Each of its pixels is the mean of those that it stands for. A small screen stays as it is. */
    private static BufferedImage thumbnail(Frame frame) {
        double factor = Math.min(
                1,
                Math.min(
                        (double) SnapshotKind.THUMBNAIL_WIDTH / frame.width(),
                        (double) SnapshotKind.THUMBNAIL_HEIGHT / frame.height()));
        int width = Math.max(1, (int) Math.round(frame.width() * factor));
        int height = Math.max(1, (int) Math.round(frame.height() * factor));
        BufferedImage image = new BufferedImage(width, height, BufferedImage.TYPE_INT_RGB);
        int[] target = data(image);
        IntBuffer source = frame.pixels();
        for (int y = 0; y < height; y++) {
            int top = edge(y, frame.height(), height);
            int bottom = edge(y + 1, frame.height(), height);
            for (int x = 0; x < width; x++) {
                int left = edge(x, frame.width(), width);
                int right = edge(x + 1, frame.width(), width);
                target[y * width + x] = mean(source, frame.width(), left, top, right, bottom);
            }
        }
        return image;
    }

    private static int edge(int index, int from, int to) {
        return (int) ((long) index * from / to);
    }

    private static int mean(IntBuffer source, int stride, int left, int top, int right, int bottom) {
        long red = 0;
        long green = 0;
        long blue = 0;
        for (int y = top; y < bottom; y++) {
            for (int x = left; x < right; x++) {
                int pixel = source.get(y * stride + x);
                red += pixel >> 16 & 0xff;
                green += pixel >> 8 & 0xff;
                blue += pixel & 0xff;
            }
        }
        long count = (long) (right - left) * (bottom - top);
        return (int) (red / count << 16 | green / count << 8 | blue / count);
    }

    private static byte[] encode(BufferedImage image, String format) throws IOException {
        Iterator<ImageWriter> writers = ImageIO.getImageWritersByFormatName(format);
        if (!writers.hasNext()) {
            throw new IOException("this Java cannot write " + format + " files");
        }
        ImageWriter writer = writers.next();
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (MemoryCacheImageOutputStream stream = new MemoryCacheImageOutputStream(bytes)) {
            writer.setOutput(stream);
            ImageWriteParam settings = writer.getDefaultWriteParam();
            if (format.equals(SnapshotKind.JPEG.format())) {
                settings.setCompressionMode(ImageWriteParam.MODE_EXPLICIT);
                settings.setCompressionQuality(JPEG_QUALITY);
            }
            writer.write(null, new IIOImage(image, null, null), settings);
        } finally {
            writer.dispose();
        }
        return bytes.toByteArray();
    }
}
