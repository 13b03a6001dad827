package io.vfio4j.display.pixels;

import java.nio.ByteBuffer;
import java.util.function.Consumer;

/** What the benchmark of pixels does that users cannot call themselves; what it gives takes the source. */
public final class PixelWork {
    private PixelWork() {}

    public static Consumer<ByteBuffer> conversion(PixelFormat format, int width, int height, ByteBuffer target) {
        Conversion conversion = Conversion.of(format);
        int stride = (int) format.lineBytes(width);
        return source -> conversion.convert(source, 0, stride, width, height, target, width * Integer.BYTES);
    }

    /** The last row of tiles is left out, where the height is no multiple: the source has no padding. */
    public static Consumer<ByteBuffer> detiling(Tiling tiling, int width, int height, ByteBuffer target) {
        Detiler detiler = Detiler.of(tiling, Swizzle.NONE, PixelFormat.XRGB8888);
        int rows = tiling.tileRows(Integer.BYTES);
        int stride = width * Integer.BYTES;
        return source -> detiler.detile(source, 0, stride, width, height / rows * rows, target, stride);
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
