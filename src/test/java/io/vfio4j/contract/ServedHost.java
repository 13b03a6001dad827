package io.vfio4j.contract;

import io.vfio4j.linux.SystemCalls;
import java.io.IOException;
import java.util.UUID;

/** A kernel whose vGPUs show still pictures that are known to the last pixel, and can be taken away under who serves them. */
interface ServedHost extends AutoCloseable {
    SystemCalls systemCalls();

    /** Makes a vGPU that shows a picture. */
    Shown create(Kind kind, UUID uuid) throws IOException;

    @Override
    void close() throws IOException;

    /** What a vGPU is like. */
    enum Kind {
        /** It has the display irq, and its screen is in dma-bufs that can be mapped. */
        IRQ,
        /** The kernel's sample mdpy: a screen in a region, no irq. */
        MDPY,
        /** The kernel's sample mbochs: its dma-bufs cannot be read. */
        MBOCHS
    }

    /** A vGPU. */
    interface Shown {
        UUID uuid();

        int width();

        int height();

        /** 0xRRGGBB. */
        int pixel(int x, int y) throws IOException;

        /** The guest shows another picture; of {@link Kind#IRQ} alone. */
        void flip() throws IOException;

        /** Takes it away; waits until whoever has it open has let go. */
        void remove() throws IOException, InterruptedException;
    }
}
