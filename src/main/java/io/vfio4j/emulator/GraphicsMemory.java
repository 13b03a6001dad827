package io.vfio4j.emulator;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.function.Supplier;

/** Where the guest's framebuffers are, and how they are laid out there. */
final class GraphicsMemory {
    private static final long SIZE = 1L << 32;
    /** PLANE_STRIDE of a linear framebuffer counts 64 bytes. */
    private static final int GPU_STRIDE_UNIT = 64;

    private final int strideUnit;
    private final boolean powersOfTwo;
    private long next = UserSpace.PAGE;

    private GraphicsMemory(int strideUnit, boolean powersOfTwo) {
        this.strideUnit = strideUnit;
        this.powersOfTwo = powersOfTwo;
    }

    /** The graphics address space of a GVT-g vGPU. */
    static GraphicsMemory ofGpu() {
        return new GraphicsMemory(GPU_STRIDE_UNIT, false);
    }

    /** The memory bar of mdpy: roundup_pow_of_two(width * height * 4). */
    static GraphicsMemory ofSample() {
        return new GraphicsMemory(Integer.BYTES, true);
    }

    Framebuffer allocate(int width, int height, EmulatedFormat format, EmulatedTiling tiling, Picture picture) {
        Layout layout = Layout.of(width, height, format, tiling, strideUnit);
        int size = layout.reportedBytes();
        int capacity = Layout.roundUp(size, UserSpace.PAGE);
        if (powersOfTwo) {
            capacity = Integer.highestOneBit(size) == size ? size : Integer.highestOneBit(size) << 1;
        }
        if (next + capacity > SIZE) {
            // Long gone from the screen what was there.
            next = UserSpace.PAGE;
        }
        int stored = Math.max(capacity, layout.storageBytes());
        Supplier<ByteBuffer> storage = () -> ByteBuffer.allocate(stored).order(ByteOrder.LITTLE_ENDIAN);
        Framebuffer allocated = new Framebuffer(next, layout, capacity, picture, storage);
        next += capacity;
        return allocated;
    }
}
