package io.vfio4j.frontend.rfb;

import io.netty.buffer.ByteBuf;
import io.vfio4j.display.pixels.Frame;
import io.vfio4j.display.pixels.Rectangle;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * Tight (encoding 7, of the community's protocol description): blocks, each as one colour, as numbers of a palette, as pixels, or, where
 * the client allows it, as JPEG; all but JPEG through one of several zlib streams.
 */
final class TightEncoder implements AreaEncoder {
    private static final int MOST_PIXELS = 1 << 16;
    private static final int MOST_WIDTH = 2048;
    /** Blocks of large areas are squares, in which the kind of what is shown changes less often than in long stripes. */
    private static final int SQUARE = 256;

    /** Below that, JPEG's own tables are most of it. */
    private static final int LEAST_JPEG_PIXELS = 4096;

    private static final int FILL = 0x80;
    private static final int JPEG = 0x90;
    private static final int STREAM_SHIFT = 4;
    private static final int EXPLICIT_FILTER = 0x40;
    private static final int PALETTE_FILTER = 1;

    /** Less than that is sent as it is. */
    private static final int LEAST_COMPRESSED_BYTES = 12;

    private static final int SEVEN_BITS = 0x7f;
    private static final int MORE = 0x80;

    /** Which of the four streams a kind of data has, so that each finds its like in its window. */
    private static final int PIXEL_STREAM = 0;

    private static final int MONOCHROME_STREAM = 1;
    private static final int INDEX_STREAM = 2;

    private final List<Compressor> streams;
    private final boolean mayLose;
    private final Losses losses;
    private boolean isExact;
    private int level;
    private OptionalInt quality = OptionalInt.empty();

    private Optional<JpegCompressor> jpeg = Optional.empty();
    private boolean jpegIsMissing;
    private final Palette palette = new Palette();
    private int[] values = {};
    private byte[] indexes = {};
    private byte[] bytes = {};

    TightEncoder(Compressor.Buffers buffers, boolean mayLose, Losses losses) {
        streams = List.of(new Compressor(buffers), new Compressor(buffers), new Compressor(buffers));
        this.mayLose = mayLose;
        this.losses = losses;
    }

    /** Whether JPEG is not used for what follows. */
    void beExact(boolean exact) {
        isExact = exact;
    }

    void use(int compressionLevel, OptionalInt jpegQuality) {
        level = compressionLevel;
        quality = jpegQuality;
    }

    @Override
    public int encode(ClientPixels pixels, Frame frame, Rectangle area, ByteBuf out) {
        int width = Math.min(Math.min(area.width(), MOST_WIDTH), Math.max(SQUARE, MOST_PIXELS / area.height()));
        int height = Math.min(area.height(), MOST_PIXELS / width);
        int right = area.x() + area.width();
        int bottom = area.y() + area.height();
        int count = 0;
        for (int y = area.y(); y < bottom; y += height) {
            for (int x = area.x(); x < right; x += width) {
                encodeBlock(pixels, frame, x, y, Math.min(width, right - x), Math.min(height, bottom - y), out);
                count++;
            }
        }
        return count;
    }

    private void encodeBlock(ClientPixels pixels, Frame frame, int x, int y, int width, int height, ByteBuf out) {
        int count = width * height;
        if (values.length < count) {
            values = new int[count];
            indexes = new byte[count];
        }
        AreaEncoder.writeHeader(x, y, width, height, Encodings.TIGHT, out);
        pixels.readTight(frame, x, y, width, height, values);
        PixelBytes layout = pixels.tight();
        boolean fewColours = palette.learn(values, count, indexes);
        int colours = palette.size();
        if (fewColours && colours == 1) {
            makeBytes(Integer.BYTES);
            out.writeByte(FILL).writeBytes(bytes, 0, layout.put(values[0], bytes, 0));
        } else if (fewColours && costOfPalette(layout, colours, width, height) < count * layout.count()) {
            encodeByPalette(layout, width, height, out);
        } else if (!fewColours && count >= LEAST_JPEG_PIXELS && jpegIsPossible(pixels)) {
            if (layout != PixelBytes.LOW_THREE_BIG) {
                ClientPixels.readColours(frame, x, y, width, height, values);
            }
            encodeAsJpeg(width, height, out);
            losses.lost(new Rectangle(x, y, width, height));
        } else {
            encodePixels(layout, count, out);
        }
    }

    private static int costOfPalette(PixelBytes layout, int colours, int width, int height) {
        int data = colours == 2 ? bitLine(width) * height : width * height;
        return 2 + colours * layout.count() + data;
    }

    private static int bitLine(int width) {
        return (width + Byte.SIZE - 1) / Byte.SIZE;
    }

    private void makeBytes(int count) {
        if (bytes.length < count) {
            bytes = new byte[count];
        }
    }

    private void encodeByPalette(PixelBytes layout, int width, int height, ByteBuf out) {
        int colours = palette.size();
        int stream = colours == 2 ? MONOCHROME_STREAM : INDEX_STREAM;
        int length = colours == 2 ? bitLine(width) * height : width * height;
        makeBytes(Math.max(length, colours * layout.count()));
        out.writeByte(control(stream, length) | EXPLICIT_FILTER)
                .writeByte(PALETTE_FILTER)
                .writeByte(colours - 1);
        out.writeBytes(bytes, 0, layout.put(palette.colours(), 0, colours, bytes, 0));
        if (colours == 2) {
            putBits(width, height);
            writeData(stream, bytes, length, out);
        } else {
            writeData(stream, indexes, length, out);
        }
    }

    /** The leftmost pixel is the highest bit; lines begin with a byte. */
    private void putBits(int width, int height) {
        int from = 0;
        int at = 0;
        for (int y = 0; y < height; y++) {
            int end = from + width;
            while (from < end) {
                int stop = Math.min(end, from + Byte.SIZE);
                int packed = 0;
                int shift = Byte.SIZE - 1;
                while (from < stop) {
                    packed |= indexes[from++] << shift--;
                }
                bytes[at++] = (byte) packed;
            }
        }
    }

    private void encodePixels(PixelBytes layout, int count, ByteBuf out) {
        int length = count * layout.count();
        makeBytes(length);
        out.writeByte(control(PIXEL_STREAM, length));
        layout.put(values, 0, count, bytes, 0);
        writeData(PIXEL_STREAM, bytes, length, out);
    }

    /** A stream that begins is reset by the client, too, because there may have been one before. */
    private int control(int stream, int length) {
        boolean begins = length >= LEAST_COMPRESSED_BYTES && streams.get(stream).isAtItsStart();
        return stream << STREAM_SHIFT | (begins ? 1 << stream : 0);
    }

    private void writeData(int stream, byte[] data, int length, ByteBuf out) {
        if (length < LEAST_COMPRESSED_BYTES) {
            out.writeBytes(data, 0, length);
            return;
        }
        // How long the length is depends on it, so the data cannot be where it belongs from the start.
        ByteBuf compressed = out.alloc().directBuffer();
        try {
            Compressor compressor = streams.get(stream);
            compressor.begin(level, compressed);
            compressor.write(data, length, compressed);
            compressor.finish(compressed);
            writeLength(compressed.readableBytes(), out);
            out.writeBytes(compressed);
        } finally {
            compressed.release();
        }
    }

    /** Seven bits, seven bits, and eight, the lowest first. */
    private static void writeLength(int length, ByteBuf out) {
        int rest = length >> 7;
        if (rest == 0) {
            out.writeByte(length);
        } else if (rest <= SEVEN_BITS) {
            out.writeByte(length & SEVEN_BITS | MORE).writeByte(rest);
        } else {
            out.writeByte(length & SEVEN_BITS | MORE)
                    .writeByte(rest & SEVEN_BITS | MORE)
                    .writeByte(rest >> 7);
        }
    }

    private boolean jpegIsPossible(ClientPixels pixels) {
        ClientPixelFormat format = pixels.format();
        if (!mayLose
                || isExact
                || quality.isEmpty()
                || jpegIsMissing
                || !format.trueColour()
                || format.bitsPerPixel() == 8) {
            return false;
        }
        if (jpeg.isEmpty()) {
            jpeg = JpegCompressor.open();
            jpegIsMissing = jpeg.isEmpty();
        }
        return !jpegIsMissing;
    }

    private void encodeAsJpeg(int width, int height, ByteBuf out) {
        JpegCompressor compressor = jpeg.orElseThrow();
        int length = compressor.compress(values, width, height, quality.orElseThrow());
        out.writeByte(JPEG);
        writeLength(length, out);
        out.writeBytes(compressor.bytes(), 0, length);
    }

    @Override
    public void close() {
        streams.forEach(Compressor::end);
        jpeg.ifPresent(JpegCompressor::close);
        jpeg = Optional.empty();
        values = new int[0];
        indexes = new byte[0];
        bytes = new byte[0];
    }
}
