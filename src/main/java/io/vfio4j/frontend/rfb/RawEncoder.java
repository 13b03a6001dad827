package io.vfio4j.frontend.rfb;

import io.netty.buffer.ByteBuf;
import io.vfio4j.display.pixels.Frame;
import io.vfio4j.display.pixels.Rectangle;
import java.nio.ByteBuffer;

/** Raw (RFC 6143, 7.7.1): the pixels, one rectangle for each area. */
final class RawEncoder implements AreaEncoder {
    private final PixelLines lines = new PixelLines();

    @Override
    public int encode(ClientPixels pixels, Frame frame, Rectangle area, ByteBuf out) {
        AreaEncoder.writeHeader(area.x(), area.y(), area.width(), area.height(), Encodings.RAW, out);
        out.ensureWritable(area.width() * area.height() * pixels.whole().count());
        if (pixels.isNative()) {
            copy(frame, area, out);
        } else {
            lines.forEach(pixels, frame, area, (bytes, length) -> out.writeBytes(bytes, 0, length));
        }
        return 1;
    }

    private static void copy(Frame frame, Rectangle area, ByteBuf out) {
        // Other threads may read the same frame, so this needs a position of its own.
        ByteBuffer bytes = frame.bytes().duplicate();
        int stride = frame.strideBytes();
        boolean isWhole = area.width() == frame.width();
        int steps = isWhole ? 1 : area.height();
        int length = (isWhole ? area.height() : 1) * area.width() * Integer.BYTES;
        int from = area.y() * stride + area.x() * Integer.BYTES;
        for (int step = 0; step < steps; step++) {
            out.writeBytes(bytes.limit(from + length).position(from));
            from += stride;
        }
    }

    @Override
    public void close() {}
}
