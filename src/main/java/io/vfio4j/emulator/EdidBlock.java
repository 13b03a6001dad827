package io.vfio4j.emulator;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** A monitor's description as the emulated vGPU has it: one block of EDID 1.4 with one detailed timing. */
final class EdidBlock {
    private static final int SIZE = 128;
    private static final long HEADER = 0x00ff_ffff_ffff_ff00L;
    private static final int TIMING = 54;
    private static final int BLANK_COLUMNS = 160;
    private static final int BLANK_LINES = 40;
    private static final int CLOCK_UNIT = 10_000;
    private static final int MOST_CLOCK = 0xffff;
    /** Twelve bits of a detailed timing. */
    private static final int MOST_PIXELS = 0xfff;

    private EdidBlock() {}

    static byte[] of(int wantedWidth, int wantedHeight, int hertz) {
        int width = Math.min(wantedWidth, MOST_PIXELS);
        int height = Math.min(wantedHeight, MOST_PIXELS);
        ByteBuffer edid = ByteBuffer.allocate(SIZE).order(ByteOrder.LITTLE_ENDIAN);
        edid.putLong(0, HEADER);
        // Manufacturer VFJ, product 1, first week of 2019; EDID 1.4; digital, 8 bits a colour; preferred timing.
        edid.put(8, (byte) 0x58).put(9, (byte) 0xca).putShort(10, (short) 1);
        edid.put(16, (byte) 1).put(17, (byte) 29).put(18, (byte) 1).put(19, (byte) 4);
        edid.put(20, (byte) 0xa0).put(23, (byte) 120).put(24, (byte) 0x02);
        for (int standard = 38; standard < TIMING; standard++) {
            edid.put(standard, (byte) 1);
        }
        long clock = (long) (width + BLANK_COLUMNS) * (height + BLANK_LINES) * hertz / CLOCK_UNIT;
        edid.putShort(TIMING, (short) Math.min(clock, MOST_CLOCK));
        edid.put(TIMING + 2, (byte) width).put(TIMING + 3, (byte) BLANK_COLUMNS);
        edid.put(TIMING + 4, (byte) (width >> 8 << 4 | BLANK_COLUMNS >> 8));
        edid.put(TIMING + 5, (byte) height).put(TIMING + 6, (byte) BLANK_LINES);
        edid.put(TIMING + 7, (byte) (height >> 8 << 4 | BLANK_LINES >> 8));
        edid.put(TIMING + 8, (byte) 48).put(TIMING + 9, (byte) 32).put(TIMING + 10, (byte) 0x36);
        edid.put(TIMING + 17, (byte) 0x1a);
        for (int descriptor = TIMING + 18; descriptor < 126; descriptor += 18) {
            edid.put(descriptor + 3, (byte) 0x10);
        }
        edid.put(SIZE - 1, (byte) -sum(edid.array()));
        return edid.array();
    }

    /** drm_edid_is_valid(), as far as one block goes. */
    static boolean isValid(byte[] edid) {
        return ByteBuffer.wrap(edid).order(ByteOrder.LITTLE_ENDIAN).getLong(0) == HEADER
                && sum(edid) == 0
                && width(edid) >= 64
                && height(edid) >= 64;
    }

    static int width(byte[] edid) {
        return (edid[TIMING + 4] & 0xf0) << 4 | edid[TIMING + 2] & 0xff;
    }

    static int height(byte[] edid) {
        return (edid[TIMING + 7] & 0xf0) << 4 | edid[TIMING + 5] & 0xff;
    }

    private static byte sum(byte[] edid) {
        byte sum = 0;
        for (byte value : edid) {
            sum += value;
        }
        return sum;
    }
}
