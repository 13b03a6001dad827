package io.vfio4j.frontend.rfb;

import java.awt.Transparency;
import java.awt.color.ColorSpace;
import java.awt.image.BufferedImage;
import java.awt.image.ComponentColorModel;
import java.awt.image.DataBuffer;
import java.awt.image.DataBufferByte;
import java.awt.image.Raster;
import java.awt.image.WritableRaster;
import java.io.IOException;
import java.util.Arrays;
import java.util.Iterator;
import java.util.Optional;
import javax.imageio.IIOImage;
import javax.imageio.ImageIO;
import javax.imageio.ImageWriteParam;
import javax.imageio.ImageWriter;
import javax.imageio.stream.ImageOutputStreamImpl;

/** Makes JPEGs, one after the other. For one thread at a time. */
final class JpegCompressor implements AutoCloseable {
    private static final int BANDS = 3;
    private static final int[] OFFSETS = {0, 1, 2};
    private static final float BEST_QUALITY = 100;

    private final ImageWriter writer;
    private final ImageWriteParam parameters;
    private final ComponentColorModel model = new ComponentColorModel(
            ColorSpace.getInstance(ColorSpace.CS_sRGB), false, false, Transparency.OPAQUE, DataBuffer.TYPE_BYTE);
    private byte[] colourBytes = {};
    private final Sink sink = new Sink();

    private JpegCompressor(ImageWriter writer) {
        this.writer = writer;
        parameters = writer.getDefaultWriteParam();
        parameters.setCompressionMode(ImageWriteParam.MODE_EXPLICIT);
    }

    /**
     * Starts one.
     *
     * @return empty where the JDK has no JPEG: a run-time image without java.desktop, or a system without its native library
     */
    static Optional<JpegCompressor> open() {
        try {
            Iterator<ImageWriter> writers = ImageIO.getImageWritersByFormatName("jpeg");
            return writers.hasNext() ? Optional.of(new JpegCompressor(writers.next())) : Optional.empty();
        } catch (LinkageError missing) {
            return Optional.empty();
        }
    }

    /**
     * Compresses a picture; {@link #bytes} is the result.
     *
     * @param colours {@code 0x00RRGGBB}, line by line
     * @param quality 0 to 100
     * @return how many bytes
     */
    int compress(int[] colours, int width, int height, int quality) {
        int count = width * height;
        if (colourBytes.length < count * BANDS) {
            colourBytes = new byte[count * BANDS];
        }
        PixelBytes.LOW_THREE_BIG.put(colours, 0, count, colourBytes, 0);
        WritableRaster raster = Raster.createInterleavedRaster(
                new DataBufferByte(colourBytes, count * BANDS), width, height, width * BANDS, BANDS, OFFSETS, null);
        parameters.setCompressionQuality(quality / BEST_QUALITY);
        sink.begin();
        try {
            writer.setOutput(sink);
            writer.write(null, new IIOImage(new BufferedImage(model, raster, false, null), null, null), parameters);
        } catch (IOException impossible) {
            throw new IllegalStateException("memory cannot be written", impossible);
        }
        return sink.length;
    }

    /** What {@link #compress} made, until the next. */
    byte[] bytes() {
        return sink.bytes;
    }

    @Override
    public void close() {
        writer.dispose();
    }

    /** Takes what is written; keeps its memory from picture to picture. */
    private static final class Sink extends ImageOutputStreamImpl {
        private static final int FIRST_BYTES = 16 << 10;

        private byte[] bytes = new byte[FIRST_BYTES];
        private int length;

        private void begin() {
            length = 0;
            streamPos = 0;
            flushedPos = 0;
            bitOffset = 0;
        }

        private void makeRoom(int more) {
            if (bytes.length - length < more) {
                bytes = Arrays.copyOf(bytes, Math.max(bytes.length * 2, length + more));
            }
        }

        @Override
        public void write(int one) {
            makeRoom(1);
            bytes[length++] = (byte) one;
            streamPos = length;
        }

        @Override
        public void write(byte[] from, int offset, int count) {
            makeRoom(count);
            System.arraycopy(from, offset, bytes, length, count);
            length += count;
            streamPos = length;
        }

        @Override
        public int read() {
            throw new UnsupportedOperationException("a JPEG is only written");
        }

        @Override
        public int read(byte[] to, int offset, int count) {
            throw new UnsupportedOperationException("a JPEG is only written");
        }
    }
}
