package io.vfio4j.contract;

import io.vfio4j.display.pixels.CapturePath;
import io.vfio4j.display.pixels.PixelFormat;
import io.vfio4j.display.pixels.Tiling;
import io.vfio4j.linux.SystemCalls;
import io.vfio4j.mdev.MdevDevice;
import java.io.IOException;

/** A kernel whose vGPUs show pictures that are known to the last pixel. */
interface PixelsHost extends AutoCloseable {
    SystemCalls systemCalls();

    /** Whether it has such vGPUs. */
    boolean offers(Setup setup);

    /** A vGPU that speaks v6, stepped. */
    Shown create(Setup setup) throws IOException;

    /** How many descriptors, and mappings of them, are open. */
    long held() throws IOException;

    @Override
    void close() throws IOException;

    /**
     * How a vGPU shows its screen.
     *
     * @param format its pixels
     * @param tiling their layout
     * @param path the way to them that works first
     */
    record Setup(PixelFormat format, Tiling tiling, CapturePath path) {
        static Setup plain(CapturePath path) {
            return new Setup(PixelFormat.XRGB8888, Tiling.LINEAR, path);
        }
    }

    /** A vGPU, and what is to be seen. */
    interface Shown extends AutoCloseable {
        MdevDevice mdev() throws IOException;

        void mode(int width, int height) throws IOException;

        void flip() throws IOException;

        /** Draws over what is shown. */
        void draw() throws IOException;

        void vblank(int count) throws IOException;

        void pipe(boolean on) throws IOException;

        /** Shows another image of the cursor, there. */
        void cursor(int x, int y) throws IOException;

        /** The colour at a place of the screen, as far as its format leaves it: 0xRRGGBB. */
        int pixel(int x, int y) throws IOException;

        /** How far off each component may be, because there is more than one right way to turn the format into RGB. */
        int tolerance();

        /** 0xAARRGGBB. */
        int cursorPixel(int x, int y) throws IOException;

        /** Framebuffers that the driver holds for user space. */
        int framebuffers() throws IOException;

        @Override
        void close() throws IOException;
    }
}
