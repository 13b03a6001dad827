package io.vfio4j.frontend.rfb;

import io.netty.buffer.ByteBuf;
import io.vfio4j.display.pixels.Frame;
import io.vfio4j.display.pixels.Rectangle;

/** Zlib (encoding 6): raw pixels through one stream. */
final class ZlibEncoder implements AreaEncoder {
    /** So many pixels make a rectangle, so that a client can paint while the rest is on its way. */
    private static final int RECTANGLE_PIXELS = 1 << 18;

    private final PixelLines lines = new PixelLines();
    private final Compressor compressor;
    private int level;

    ZlibEncoder(Compressor.Buffers buffers) {
        compressor = new Compressor(buffers);
    }

    void use(int compressionLevel) {
        level = compressionLevel;
    }

    @Override
    public int encode(ClientPixels pixels, Frame frame, Rectangle area, ByteBuf out) {
        int height = Math.max(1, RECTANGLE_PIXELS / area.width());
        int end = area.y() + area.height();
        int count = 0;
        for (int y = area.y(); y < end; y += height) {
            encodeOne(pixels, frame, new Rectangle(area.x(), y, area.width(), Math.min(height, end - y)), out);
            count++;
        }
        return count;
    }

    private void encodeOne(ClientPixels pixels, Frame frame, Rectangle area, ByteBuf out) {
        AreaEncoder.writeHeader(area.x(), area.y(), area.width(), area.height(), Encodings.ZLIB, out);
        int start = out.writerIndex();
        out.writeInt(0);
        compressor.begin(level, out);
        lines.forEach(pixels, frame, area, (bytes, length) -> compressor.write(bytes, length, out));
        compressor.finish(out);
        out.setInt(start, out.writerIndex() - start - Integer.BYTES);
    }

    @Override
    public void close() {
        compressor.end();
    }
}
