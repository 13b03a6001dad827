package io.vfio4j.emulator;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** Where the guest's framebuffers are, and how they are laid out there. */
interface GraphicsMemory {
    Framebuffer allocate(int width, int height, EmulatedFormat format, EmulatedTiling tiling, Picture picture);

    /** How many screens of a size there is room for. */
    default int room(int width, int height) {
        return Integer.MAX_VALUE;
    }

    /** All that was allocated is free again; screens are about to be replaced. */
    default void startOver() {}

    /** The graphics address space of a GVT-g vGPU; PLANE_STRIDE of a linear framebuffer counts 64 bytes. */
    static GraphicsMemory ofGpu() {
        return new Addresses(64, false);
    }

    /** The memory bar of mdpy: roundup_pow_of_two(width * height * 4). */
    static GraphicsMemory ofSample() {
        return new Addresses(Integer.BYTES, true);
    }

    /** Addresses without memory: a framebuffer has its own when it is read. */
    final class Addresses implements GraphicsMemory {
        private static final long SIZE = 1L << 32;

        private final int strideUnit;
        private final boolean powersOfTwo;
        private long next = UserSpace.PAGE;

        private Addresses(int strideUnit, boolean powersOfTwo) {
            this.strideUnit = strideUnit;
            this.powersOfTwo = powersOfTwo;
        }

        @Override
        public Framebuffer allocate(
                int width, int height, EmulatedFormat format, EmulatedTiling tiling, Picture picture) {
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
            Framebuffer allocated = new Framebuffer(
                    next,
                    layout,
                    capacity,
                    picture,
                    () -> ByteBuffer.allocate(stored).order(ByteOrder.LITTLE_ENDIAN),
                    () -> false);
            next += capacity;
            return allocated;
        }
    }
}
