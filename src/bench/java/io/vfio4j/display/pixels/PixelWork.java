package io.vfio4j.display.pixels;

import io.vfio4j.linux.Mapping;
import java.io.IOException;
import java.nio.ByteBuffer;

/** What the benchmark of pixels does that users cannot call themselves; what it gives takes the source. */
public final class PixelWork {
    private PixelWork() {}

    /** A picture out of mapped memory. */
    public interface Reading {
        void read(Mapping source) throws IOException;
    }

    /** What a screen does. The last row of tiles is left out, where the height is no multiple: the source has no padding. */
    public static Reading reading(PixelFormat format, Tiling tiling, int width, int height) {
        int stride = (int) format.lineBytes(width);
        int rows = height / tiling.tileRows(format.bytesPerPixel()) * tiling.tileRows(format.bytesPerPixel());
        Layout layout = new Layout(format, tiling, width, rows, stride, stride * rows);
        Filling filling = new Filling();
        Frame frame = new Frame();
        return source -> filling.read(source, layout, frame);
    }

    /** A cursor of which a third is transparent, a third opaque, a third between. */
    public static Runnable cursor(int size, int width, int height, ByteBuffer target) {
        ByteBuffer image =
                ByteBuffer.allocateDirect(size * size * Integer.BYTES).order(target.order());
        for (int i = 0; i < size * size; i++) {
            int alpha = i % 3 == 0 ? 0 : i % 3 == 1 ? 255 : i % 256;
            image.putInt(i * Integer.BYTES, alpha << 24 | alpha / 2 << 16 | alpha / 3 << 8 | alpha);
        }
        return () -> Composition.over(
                image, size * Integer.BYTES, size, size, 2000, 1000, target, width * Integer.BYTES, width, height);
    }
}
