package io.vfio4j.frontend.rfb;

import io.netty.buffer.ByteBuf;
import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Arrays;
import java.util.zip.DataFormatException;
import java.util.zip.Inflater;
import javax.imageio.ImageIO;

/**
 * A client's picture: reads rectangles as RFC 6143 and the community's protocol description say, by code of its own. Strict: what a
 * description does not allow is an error, and so is a byte too many.
 */
final class PictureDecoder implements AutoCloseable {
    private final int width;
    private final int height;
    /** The client's numbers. */
    private final int[] numbers;
    /** Pixels that came as JPEG. */
    final boolean[] lossy;

    private ClientPixelFormat format = ClientPixelFormat.NATIVE;
    private final Inflater zlib = new Inflater();
    private final Inflater zrle = new Inflater();
    private final Inflater[] tight = {new Inflater(), new Inflater(), new Inflater(), new Inflater()};
    private ByteBuf in;

    int rectangles;
    int jpegs;
    int palettes;
    int fills;

    PictureDecoder(int width, int height) {
        this.width = width;
        this.height = height;
        numbers = new int[width * height];
        lossy = new boolean[width * height];
    }

    void use(ClientPixelFormat changed) {
        format = changed;
    }

    int number(int x, int y) {
        return numbers[y * width + x];
    }

    /** Reads so many rectangles, and nothing may be left. */
    void read(ByteBuf from, int count) {
        in = from;
        for (int i = 0; i < count; i++) {
            rectangle();
        }
        if (in.isReadable()) {
            throw new AssertionError(in.readableBytes() + " bytes are left");
        }
    }

    private void rectangle() {
        int x = in.readUnsignedShort();
        int y = in.readUnsignedShort();
        int w = in.readUnsignedShort();
        int h = in.readUnsignedShort();
        int encoding = in.readInt();
        if (w == 0 || h == 0 || x + w > width || y + h > height) {
            throw new AssertionError(w + "x" + h + " at " + x + "," + y);
        }
        rectangles++;
        switch (encoding) {
            case 0 -> put(x, y, w, h, pixels(take(w * h * pixelSize()), w * h, this::pixel, pixelSize()), false);
            case 1 -> copy(x, y, w, h, in.readUnsignedShort(), in.readUnsignedShort());
            case 6 -> {
                byte[] data = inflate(zlib, take(in.readInt()), w * h * pixelSize());
                put(x, y, w, h, pixels(data, w * h, this::pixel, pixelSize()), false);
            }
            case 7 -> tight(x, y, w, h);
            case 16 -> zrle(x, y, w, h);
            default -> throw new AssertionError("encoding " + encoding);
        }
    }

    private interface PixelReader {
        int read(byte[] bytes, int at);
    }

    private int pixelSize() {
        return format.bitsPerPixel() / 8;
    }

    private int pixel(byte[] bytes, int at) {
        return number(bytes, at, pixelSize(), format.bigEndian());
    }

    private static int number(byte[] bytes, int at, int count, boolean bigEndian) {
        int number = 0;
        for (int i = 0; i < count; i++) {
            number = number << 8 | bytes[bigEndian ? at + i : at + count - 1 - i] & 0xff;
        }
        return number;
    }

    private byte[] take(int count) {
        if (count < 0 || count > in.readableBytes()) {
            throw new AssertionError(count + " bytes of " + in.readableBytes());
        }
        byte[] bytes = new byte[count];
        in.readBytes(bytes);
        return bytes;
    }

    private static int[] pixels(byte[] bytes, int count, PixelReader reader, int size) {
        int[] pixels = new int[count];
        for (int i = 0; i < count; i++) {
            pixels[i] = reader.read(bytes, i * size);
        }
        return pixels;
    }

    private void put(int x, int y, int w, int h, int[] pixels, boolean isLossy) {
        for (int line = 0; line < h; line++) {
            System.arraycopy(pixels, line * w, numbers, (y + line) * width + x, w);
            Arrays.fill(lossy, (y + line) * width + x, (y + line) * width + x + w, isLossy);
        }
    }

    private void copy(int x, int y, int w, int h, int fromX, int fromY) {
        int[] pixels = new int[w * h];
        for (int line = 0; line < h; line++) {
            System.arraycopy(numbers, (fromY + line) * width + fromX, pixels, line * w, w);
        }
        put(x, y, w, h, pixels, false);
    }

    /** All of it must be there, and no more. */
    private static byte[] inflate(Inflater stream, byte[] data, int size) {
        try {
            stream.setInput(data);
            byte[] bytes = new byte[size + 1];
            int count = 0;
            int more;
            do {
                more = stream.inflate(bytes, count, bytes.length - count);
                count += more;
            } while (more > 0 && count < bytes.length);
            if (count != size || !stream.needsInput()) {
                throw new AssertionError(count + " bytes instead of " + size);
            }
            return Arrays.copyOf(bytes, size);
        } catch (DataFormatException broken) {
            throw new AssertionError(broken);
        }
    }

    /** ZRLE does not tell how much it is. */
    private static byte[] inflate(Inflater stream, byte[] data) {
        try {
            stream.setInput(data);
            byte[] bytes = new byte[1024];
            int count = 0;
            int more;
            do {
                if (count == bytes.length) {
                    bytes = Arrays.copyOf(bytes, count * 2);
                }
                more = stream.inflate(bytes, count, bytes.length - count);
                count += more;
            } while (more > 0 || count == bytes.length);
            return Arrays.copyOf(bytes, count);
        } catch (DataFormatException broken) {
            throw new AssertionError(broken);
        }
    }

    private byte[] tiles;
    private int at;

    private int next() {
        return tiles[at++] & 0xff;
    }

    private int compactSize() {
        return format.bitsPerPixel() == 32 && format.trueColour() && format.depth() <= 24 && (isLow() || isHigh())
                ? 3
                : pixelSize();
    }

    private boolean isLow() {
        return isWithin(0, 24, format.redShift(), format.redMax())
                && isWithin(0, 24, format.greenShift(), format.greenMax())
                && isWithin(0, 24, format.blueShift(), format.blueMax());
    }

    private boolean isHigh() {
        return isWithin(8, 32, format.redShift(), format.redMax())
                && isWithin(8, 32, format.greenShift(), format.greenMax())
                && isWithin(8, 32, format.blueShift(), format.blueMax());
    }

    /** No bits are everywhere. */
    private static boolean isWithin(int from, int to, int shift, int max) {
        int bits = Integer.SIZE - Integer.numberOfLeadingZeros(max);
        return bits == 0 || shift >= from && shift + bits <= to;
    }

    private int compact() {
        int size = compactSize();
        int number = number(tiles, at, size, format.bigEndian());
        at += size;
        return size == 3 && !isLow() ? number << 8 : number;
    }

    private void zrle(int x, int y, int w, int h) {
        tiles = inflate(zrle, take(in.readInt()));
        at = 0;
        for (int top = y; top < y + h; top += 64) {
            for (int left = x; left < x + w; left += 64) {
                tile(left, top, Math.min(64, x + w - left), Math.min(64, y + h - top));
            }
        }
        if (at != tiles.length) {
            throw new AssertionError(tiles.length - at + " bytes are left of tiles");
        }
    }

    private void tile(int x, int y, int w, int h) {
        int kind = next();
        int[] pixels = new int[w * h];
        int[] palette = new int[kind & 0x7f];
        if (kind == 17 || kind > 17 && kind < 128 || kind == 129) {
            throw new AssertionError("a tile of kind " + kind);
        }
        if (kind != 0 && kind != 128) {
            for (int i = 0; i < palette.length; i++) {
                palette[i] = compact();
            }
        }
        if (kind == 0) {
            for (int i = 0; i < pixels.length; i++) {
                pixels[i] = compact();
            }
        } else if (kind == 1) {
            Arrays.fill(pixels, palette[0]);
        } else if (kind <= 16) {
            int size = kind == 2 ? 1 : kind <= 4 ? 2 : 4;
            for (int line = 0; line < h; line++) {
                int left = 0;
                int packed = 0;
                for (int i = 0; i < w; i++) {
                    if (left == 0) {
                        packed = next();
                        left = 8;
                    }
                    left -= size;
                    pixels[line * w + i] = palette[packed >> left & (1 << size) - 1];
                }
            }
        } else {
            int done = 0;
            while (done < pixels.length) {
                int index = kind == 128 ? 0 : next();
                int colour = kind == 128 ? compact() : palette[index & 0x7f];
                int length = 1;
                if (kind == 128 || (index & 0x80) != 0) {
                    int more;
                    do {
                        more = next();
                        length += more;
                    } while (more == 255);
                }
                Arrays.fill(pixels, done, done + length, colour);
                done += length;
            }
        }
        put(x, y, w, h, pixels, false);
    }

    private boolean tightIsColour() {
        return format.bitsPerPixel() == 32
                && format.depth() == 24
                && format.trueColour()
                && format.redMax() == 255
                && format.greenMax() == 255
                && format.blueMax() == 255;
    }

    private int tightSize() {
        return tightIsColour() ? 3 : pixelSize();
    }

    private int tightPixel(byte[] bytes, int from) {
        if (!tightIsColour()) {
            return pixel(bytes, from);
        }
        return (bytes[from] & 0xff) << format.redShift()
                | (bytes[from + 1] & 0xff) << format.greenShift()
                | (bytes[from + 2] & 0xff) << format.blueShift();
    }

    private int tightLength() {
        int first = in.readUnsignedByte();
        if (first < 128) {
            return first;
        }
        int second = in.readUnsignedByte();
        if (second < 128) {
            return first & 0x7f | second << 7;
        }
        return first & 0x7f | (second & 0x7f) << 7 | in.readUnsignedByte() << 14;
    }

    private void tight(int x, int y, int w, int h) {
        if (w > 2048) {
            throw new AssertionError(w + " columns");
        }
        int control = in.readUnsignedByte();
        for (int i = 0; i < tight.length; i++) {
            if ((control >> i & 1) != 0) {
                tight[i].reset();
            }
        }
        int[] pixels = new int[w * h];
        boolean isLossy = false;
        switch (control >> 4) {
            case 8 -> {
                fills++;
                Arrays.fill(pixels, tightPixel(take(tightSize()), 0));
            }
            case 9 -> {
                jpegs++;
                isLossy = true;
                pixels = jpeg(take(tightLength()), w, h);
            }
            case 0, 1, 2, 3 ->
                pixels = pixels(tightData(control, w * h * tightSize()), w * h, this::tightPixel, tightSize());
            case 4, 5, 6, 7 -> {
                if (in.readUnsignedByte() != 1) {
                    throw new AssertionError("a filter other than a palette");
                }
                palettes++;
                int colours = in.readUnsignedByte() + 1;
                int[] palette = pixels(take(colours * tightSize()), colours, this::tightPixel, tightSize());
                int line = colours == 2 ? (w + 7) / 8 : w;
                byte[] data = tightData(control, line * h);
                for (int i = 0; i < pixels.length; i++) {
                    int column = i % w;
                    int row = i / w;
                    pixels[i] = palette[
                            colours == 2
                                    ? data[row * line + column / 8] >> 7 - column % 8 & 1
                                    : data[row * line + column] & 0xff];
                }
            }
            default -> throw new AssertionError("control " + control);
        }
        put(x, y, w, h, pixels, isLossy);
    }

    private byte[] tightData(int control, int size) {
        return size < 12 ? take(size) : inflate(tight[control >> 4 & 3], take(tightLength()), size);
    }

    private int[] jpeg(byte[] bytes, int w, int h) {
        try {
            BufferedImage image = ImageIO.read(new ByteArrayInputStream(bytes));
            if (image.getWidth() != w || image.getHeight() != h) {
                throw new AssertionError("a JPEG of " + image.getWidth() + "x" + image.getHeight());
            }
            int[] pixels = image.getRGB(0, 0, w, h, null, 0, w);
            for (int i = 0; i < pixels.length; i++) {
                pixels[i] = expected(format, pixels[i]);
            }
            return pixels;
        } catch (IOException broken) {
            throw new UncheckedIOException(broken);
        }
    }

    /** The number that stands for a colour: each part of it to the nearest that there is. */
    static int expected(ClientPixelFormat format, int colour) {
        int red = colour >> 16 & 0xff;
        int green = colour >> 8 & 0xff;
        int blue = colour & 0xff;
        if (!format.trueColour()) {
            return scaled(red, 7) * 32 + scaled(green, 7) * 4 + scaled(blue, 3);
        }
        return scaled(red, format.redMax()) << format.redShift()
                | scaled(green, format.greenMax()) << format.greenShift()
                | scaled(blue, format.blueMax()) << format.blueShift();
    }

    private static int scaled(int part, int max) {
        return (int) Math.rint(part * (double) max / 255);
    }

    /** The colour that a number stands for, where each has eight bits. */
    static int colour(ClientPixelFormat format, int number) {
        return part(number, format.redShift(), format.redMax()) << 16
                | part(number, format.greenShift(), format.greenMax()) << 8
                | part(number, format.blueShift(), format.blueMax());
    }

    private static int part(int number, int shift, int max) {
        return max == 0 ? 0 : (int) Math.rint((number >>> shift & max) * 255.0 / max);
    }

    @Override
    public void close() {
        zlib.end();
        zrle.end();
        for (Inflater stream : tight) {
            stream.end();
        }
    }
}
