package io.vfio4j.emulator;

import java.util.Arrays;
import java.util.Optional;

/** The registers of the Bochs display interface, as samples/vfio-mdev/mbochs.c has them. */
final class DispiRegisters {
    private static final int ID = 0;
    private static final int XRES = 1;
    private static final int YRES = 2;
    private static final int BPP = 3;
    private static final int ENABLE = 4;
    private static final int VIRT_WIDTH = 6;
    private static final int VIRT_HEIGHT = 7;
    private static final int X_OFFSET = 8;
    private static final int Y_OFFSET = 9;
    private static final int VIDEO_MEMORY_64K = 10;
    private static final int COUNT = 11;

    private static final int ID5 = 0xb0c5;
    private static final int ENABLED = 0x01;
    private static final int LINEAR_FRAMEBUFFER = 0x40;
    private static final int SMALLEST_SIDE = 64;
    private static final int BITS = 32;

    /** {@code struct mbochs_mode}, of which the format is always the same. */
    record Mode(int width, int height, int strideBytes, long offset, long size) {}

    private final int memoryBytes;
    private final int[] values = new int[COUNT];

    DispiRegisters(int memoryBytes) {
        this.memoryBytes = memoryBytes;
        reset();
    }

    void reset() {
        Arrays.fill(values, 0);
        values[ID] = ID5;
        values[VIDEO_MEMORY_64K] = memoryBytes / (64 * 1024);
    }

    int read(int index) {
        return index < COUNT ? values[index] : 0;
    }

    /** Every one can be written, also those that nothing looks at. */
    void write(int index, int value) {
        if (index < COUNT) {
            values[index] = value & 0xffff;
        }
    }

    /** What a guest's driver does: all but the offsets, and then it is on. */
    void setMode(int width, int height) {
        write(BPP, BITS);
        write(XRES, width);
        write(YRES, height);
        write(VIRT_WIDTH, width);
        write(VIRT_HEIGHT, memoryBytes / (width * Integer.BYTES));
        write(ENABLE, ENABLED | LINEAR_FRAMEBUFFER);
    }

    void setEnabled(boolean on) {
        write(ENABLE, on ? ENABLED | LINEAR_FRAMEBUFFER : 0);
    }

    /** Shows what begins at a place of the memory; lines as long as they are. */
    void setOffset(long bytes, int strideBytes) {
        write(X_OFFSET, (int) (bytes % strideBytes / Integer.BYTES));
        write(Y_OFFSET, (int) (bytes / strideBytes));
    }

    /** mbochs_check_framebuffer(). */
    Optional<Mode> mode() {
        if ((values[ENABLE] & ENABLED) == 0 || values[BPP] != BITS) {
            return Optional.empty();
        }
        int width = values[XRES];
        int height = values[YRES];
        int stride = Math.max(width, values[VIRT_WIDTH]) * Integer.BYTES;
        long size = (long) stride * height;
        long offset = (long) values[X_OFFSET] * Integer.BYTES + (long) values[Y_OFFSET] * stride;
        if (width < SMALLEST_SIDE || height < SMALLEST_SIDE || offset + size > memoryBytes) {
            return Optional.empty();
        }
        return Optional.of(new Mode(width, height, stride, offset, size));
    }
}
