package io.vfio4j.emulator;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.function.Predicate;
import java.util.stream.Stream;

/** A monitor's description as the emulated vGPU has it: one block of EDID 1.4 with one detailed timing. */
final class EdidBlock {
    static final int SIZE = 128;
    private static final long HEADER = 0x00ff_ffff_ffff_ff00L;
    private static final int TIMING = 54;
    private static final int BLANK_COLUMNS = 160;
    private static final int BLANK_LINES = 40;
    private static final int CLOCK_UNIT = 10_000;
    private static final int MOST_CLOCK = 0xffff;
    /** Twelve bits of a detailed timing. */
    private static final int MOST_PIXELS = 0xfff;

    private static final int VERSION = 18;
    private static final int ESTABLISHED = 35;
    private static final int STANDARD = 38;
    private static final int TIMING_SIZE = 18;
    private static final int TIMINGS_END = TIMING + 4 * TIMING_SIZE;
    /** {@code edid_fixup}: 6 of 8 must be right. */
    private static final int MENDED_BYTES = 2;

    private static final int SMALLEST = 64;
    private static final int DEFAULT_HERTZ = 60;
    private static final int MOST_HERTZ = 1000;
    /** drm_add_modes_noedid(), as drivers and compositors ask for it. */
    private static final List<MonitorMode> UNTOLD = List.of(
            new MonitorMode(1024, 768, DEFAULT_HERTZ),
            new MonitorMode(800, 600, DEFAULT_HERTZ),
            new MonitorMode(640, 480, DEFAULT_HERTZ));

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

    /** drm_edid_block_valid() of drivers/gpu/drm/drm_edid.c: mends a header of which most is right, and looks at no timing. */
    static boolean isValid(byte[] edid) {
        ByteBuffer bytes = ByteBuffer.wrap(edid).order(ByteOrder.LITTLE_ENDIAN);
        int wrong = 0;
        for (long difference = bytes.getLong(0) ^ HEADER; difference != 0; difference >>>= Byte.SIZE) {
            wrong += (difference & 0xff) != 0 ? 1 : 0;
        }
        if (wrong > MENDED_BYTES) {
            return false;
        }
        bytes.putLong(0, HEADER);
        return sum(edid) == 0 && edid[VERSION] == 1;
    }

    static int width(byte[] edid) {
        return timing(edid, TIMING).width();
    }

    static int height(byte[] edid) {
        return timing(edid, TIMING).height();
    }

    /**
     * What a Linux guest takes: the first detailed timing, the largest of the other modes where that one is not possible, or what
     * DRM has for monitors that tell nothing.
     */
    static MonitorMode preferred(byte[] edid, Predicate<MonitorMode> possible) {
        List<MonitorMode> modes = modes(edid).stream().filter(possible).toList();
        if (modes.contains(timing(edid, TIMING))) {
            return timing(edid, TIMING);
        }
        return Stream.concat(
                        modes.stream().sorted(Comparator.comparingInt(mode -> -mode.width() * mode.height())),
                        UNTOLD.stream().filter(possible))
                .findFirst()
                .orElse(UNTOLD.get(UNTOLD.size() - 1));
    }

    private static List<MonitorMode> modes(byte[] edid) {
        List<MonitorMode> modes = new ArrayList<>();
        for (int at = TIMING; at < TIMINGS_END; at += TIMING_SIZE) {
            if (edid[at] != 0 || edid[at + 1] != 0) {
                modes.add(timing(edid, at));
            }
        }
        for (int at = STANDARD; at < TIMING; at += 2) {
            if (edid[at] != 1 || edid[at + 1] != 1) {
                modes.add(standard(edid[at] & 0xff, edid[at + 1] & 0xff));
            }
        }
        if ((edid[ESTABLISHED] & 0x20) != 0) {
            modes.add(new MonitorMode(640, 480, DEFAULT_HERTZ));
        }
        if ((edid[ESTABLISHED] & 0x01) != 0) {
            modes.add(new MonitorMode(800, 600, DEFAULT_HERTZ));
        }
        if ((edid[ESTABLISHED + 1] & 0x08) != 0) {
            modes.add(new MonitorMode(1024, 768, DEFAULT_HERTZ));
        }
        modes.removeIf(mode -> mode.width() < SMALLEST || mode.height() < SMALLEST);
        return modes;
    }

    /** 18 bytes: the clock in units of 10 kHz, then sizes whose highest bits stand apart. */
    private static MonitorMode timing(byte[] edid, int at) {
        int width = (edid[at + 4] & 0xf0) << 4 | edid[at + 2] & 0xff;
        int blankWidth = (edid[at + 4] & 0x0f) << 8 | edid[at + 3] & 0xff;
        int height = (edid[at + 7] & 0xf0) << 4 | edid[at + 5] & 0xff;
        int blankHeight = (edid[at + 7] & 0x0f) << 8 | edid[at + 6] & 0xff;
        long clock = (edid[at] & 0xff | (edid[at + 1] & 0xff) << 8) * (long) CLOCK_UNIT;
        long pixels = Math.max(1, (long) (width + blankWidth) * (height + blankHeight));
        return new MonitorMode(width, height, (int) Math.max(1, Math.min(MOST_HERTZ, (clock + pixels / 2) / pixels)));
    }

    /** Width in units of 8 pixels, aspect ratio, refresh rate. */
    private static MonitorMode standard(int first, int second) {
        int width = (first + 31) * 8;
        int height = switch (second >> 6) {
            case 0 -> width * 10 / 16;
            case 1 -> width * 3 / 4;
            case 2 -> width * 4 / 5;
            default -> width * 9 / 16;
        };
        return new MonitorMode(width, height, (second & 0x3f) + 60);
    }

    private static byte sum(byte[] edid) {
        byte sum = 0;
        for (byte value : edid) {
            sum += value;
        }
        return sum;
    }
}
