package io.vfio4j.frontend.rfb;

import io.netty.buffer.ByteBuf;
import io.vfio4j.display.pixels.Frame;
import io.vfio4j.display.pixels.Rectangle;

/** One encoding, with what it remembers from rectangle to rectangle. For one thread at a time. */
interface AreaEncoder extends AutoCloseable {
    /**
     * Writes an area as one or more rectangles with their headers.
     *
     * @return how many
     */
    int encode(ClientPixels pixels, Frame frame, Rectangle area, ByteBuf out);

    /** Lets go of what is not on the heap. */
    @Override
    void close();

    /** Writes a rectangle's header (RFC 6143, 7.6.1). */
    static void writeHeader(int x, int y, int width, int height, int encoding, ByteBuf out) {
        out.writeShort(x).writeShort(y).writeShort(width).writeShort(height).writeInt(encoding);
    }
}
