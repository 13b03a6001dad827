package io.vfio4j.frontend.rfb;

import io.netty.buffer.ByteBuf;
import io.vfio4j.frontend.CursorLook;
import java.nio.IntBuffer;

/** The cursor's image as a client draws it: Cursor (RFC 6143, 7.8.1) and Cursor With Alpha of the community's protocol description. */
final class CursorWriter {
    private static final int OPAQUE = 255;
    /** A mask has no halves: what is nearer to opaque is shown. */
    private static final int LEAST_SHOWN = 128;

    private CursorWriter() {}

    /** Pixels in the client's format, and a bit for each that says whether it is shown. */
    static void writeMasked(CursorLook cursor, ClientPixels pixels, ByteBuf out) {
        int width = width(cursor);
        int height = height(cursor);
        writeHeader(cursor, width, height, Encodings.CURSOR, out);
        if (width == 0) {
            return;
        }
        IntBuffer image = cursor.image().pixels();
        byte[] pixel = new byte[Integer.BYTES];
        for (int i = 0; i < width * height; i++) {
            int length = pixels.whole().put(pixels.valueOf(plain(image.get(i))), pixel, 0);
            out.writeBytes(pixel, 0, length);
        }
        for (int y = 0; y < height; y++) {
            for (int x = 0; x < width; x += Byte.SIZE) {
                int bits = 0;
                for (int bit = 0; bit < Byte.SIZE && x + bit < width; bit++) {
                    int alpha = image.get(y * width + x + bit) >>> 24;
                    bits |= alpha >= LEAST_SHOWN ? 0x80 >> bit : 0;
                }
                out.writeByte(bits);
            }
        }
    }

    /** Red, green, blue, alpha, with the colours multiplied by it, whatever the client's format; as Raw. */
    static void writeWithAlpha(CursorLook cursor, ByteBuf out) {
        int width = width(cursor);
        int height = height(cursor);
        writeHeader(cursor, width, height, Encodings.CURSOR_WITH_ALPHA, out);
        out.writeInt(Encodings.RAW);
        IntBuffer image = cursor.image().pixels();
        for (int i = 0; i < width * height; i++) {
            int pixel = image.get(i);
            out.writeInt(pixel << 8 | pixel >>> 24);
        }
    }

    /** A hidden cursor is an empty one. */
    private static int width(CursorLook cursor) {
        return cursor.visible() && cursor.image().height() > 0 ? cursor.image().width() : 0;
    }

    private static int height(CursorLook cursor) {
        return width(cursor) > 0 ? cursor.image().height() : 0;
    }

    /** Clients expect the pointer inside of the image; a guest may say anything. */
    private static void writeHeader(CursorLook cursor, int width, int height, int encoding, ByteBuf out) {
        AreaEncoder.writeHeader(
                inside(cursor.hotX(), width), inside(cursor.hotY(), height), width, height, encoding, out);
    }

    private static int inside(int hot, int size) {
        return Math.max(0, Math.min(hot, size - 1));
    }

    /** The colour without what its alpha took of it. */
    private static int plain(int pixel) {
        int alpha = pixel >>> 24;
        if (alpha == 0 || alpha == OPAQUE) {
            return pixel;
        }
        return part(pixel >> 16, alpha) << 16 | part(pixel >> 8, alpha) << 8 | part(pixel, alpha);
    }

    private static int part(int colour, int alpha) {
        return Math.min(OPAQUE, ((colour & OPAQUE) * OPAQUE + alpha / 2) / alpha);
    }
}
