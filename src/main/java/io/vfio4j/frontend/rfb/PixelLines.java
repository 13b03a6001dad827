package io.vfio4j.frontend.rfb;

import io.vfio4j.display.pixels.Frame;
import io.vfio4j.display.pixels.Rectangle;

/** An area as a client's bytes, some lines at a time. */
final class PixelLines {
    /** As many as stay in a processor's nearest cache; a line at least. */
    private static final int PIXELS_AT_A_TIME = 4096;

    private int[] values = {};
    private byte[] bytes = {};

    /** Takes bytes, which are others when it returns. */
    interface Taker {
        void take(byte[] bytes, int length);
    }

    void forEach(ClientPixels pixels, Frame frame, Rectangle area, Taker taker) {
        int lines = Math.max(1, Math.min(area.height(), PIXELS_AT_A_TIME / area.width()));
        makeRoom(lines * area.width());
        int end = area.y() + area.height();
        for (int y = area.y(); y < end; y += lines) {
            int height = Math.min(lines, end - y);
            pixels.read(frame, area.x(), y, area.width(), height, values);
            int length = pixels.whole().put(values, 0, area.width() * height, bytes, 0);
            taker.take(bytes, length);
        }
    }

    private void makeRoom(int count) {
        if (values.length < count) {
            values = new int[count];
            bytes = new byte[count * Integer.BYTES];
        }
    }
}
