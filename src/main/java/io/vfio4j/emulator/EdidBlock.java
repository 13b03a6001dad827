package io.vfio4j.emulator;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
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
    /** In Hz; less is no monitor's. A small picture gets more blanking for it. */
    private static final int LEAST_CLOCK = 10_000_000;

    /** Twelve bits of a detailed timing. */
    private static final int MOST_PIXELS = 0xfff;

    private static final int VERSION = 18;
    private static final int CHROMATICITY = 25;
    /** The primaries and the white of sRGB, as the standard's example has them: ten bits each, the lowest two first. */
    private static final byte[] SRGB = {
        (byte) 0xee, (byte) 0x91, (byte) 0xa3, 0x54, 0x4c, (byte) 0x99, 0x26, 0x0f, 0x50, 0x54
    };

    private static final int DUMMY_KIND = 0x10;
    private static final int NAME_KIND = 0xfc;
    private static final int RANGE_KIND = 0xfd;
    private static final int TEXT_SIZE = 13;
    /** Two bytes, each at most 255. */
    private static final int MOST_RATE = 510;

    private static final int RANGE_CLOCK_UNIT = 10_000_000;
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
        // Manufacturer VFJ, product 1, first week of 2019; EDID 1.4; digital, 8 bits a colour; sRGB; preferred timing.
        edid.put(8, (byte) 0x58).put(9, (byte) 0xca).putShort(10, (short) 1);
        edid.put(16, (byte) 1).put(17, (byte) 29).put(18, (byte) 1).put(19, (byte) 4);
        edid.put(20, (byte) 0xa0).put(23, (byte) 120).put(24, (byte) 0x06);
        edid.put(CHROMATICITY, SRGB);
        for (int standard = 38; standard < TIMING; standard++) {
            edid.put(standard, (byte) 1);
        }
        long least = (LEAST_CLOCK + hertz - 1) / hertz;
        int lines = (int) clamp(least / (width + BLANK_COLUMNS) + 1, height + BLANK_LINES, height + MOST_PIXELS);
        int columns = (int) clamp(least / lines + 1, width + BLANK_COLUMNS, width + MOST_PIXELS);
        int blankLines = lines - height;
        int blankColumns = columns - width;
        long clock = Math.min((long) columns * lines * hertz / CLOCK_UNIT, MOST_CLOCK);
        edid.putShort(TIMING, (short) clock);
        edid.put(TIMING + 2, (byte) width).put(TIMING + 3, (byte) blankColumns);
        edid.put(TIMING + 4, (byte) (width >> 8 << 4 | blankColumns >> 8));
        edid.put(TIMING + 5, (byte) height).put(TIMING + 6, (byte) blankLines);
        edid.put(TIMING + 7, (byte) (height >> 8 << 4 | blankLines >> 8));
        edid.put(TIMING + 8, (byte) 48).put(TIMING + 9, (byte) 32).put(TIMING + 10, (byte) 0x36);
        edid.put(TIMING + 17, (byte) 0x1a);
        int descriptor = TIMING + TIMING_SIZE;
        edid.put(descriptor + 3, (byte) NAME_KIND);
        putText(edid, descriptor + 5, "vfio4j");
        descriptor += TIMING_SIZE;
        if (putRange(edid, descriptor, clock, columns, lines)) {
            descriptor += TIMING_SIZE;
        }
        for (; descriptor < TIMINGS_END; descriptor += TIMING_SIZE) {
            edid.put(descriptor + 3, (byte) DUMMY_KIND);
        }
        edid.put(SIZE - 1, (byte) -sum(edid.array()));
        return edid.array();
    }

    private static long clamp(long value, long least, long most) {
        return Math.max(least, Math.min(most, value));
    }

    private static void putText(ByteBuffer edid, int at, String text) {
        String padded = text + "\n" + " ".repeat(TEXT_SIZE);
        edid.put(at, padded.getBytes(StandardCharsets.US_ASCII), 0, TEXT_SIZE);
    }

    /** Limits that cover the one timing; false where its rates are beyond what can be said. */
    private static boolean putRange(ByteBuffer edid, int at, long clock, int columns, int lines) {
        double kilohertz = (double) clock * CLOCK_UNIT / columns / 1000;
        double hertz = kilohertz * 1000 / lines;
        if (hertz > MOST_RATE || kilohertz > MOST_RATE) {
            return false;
        }
        edid.put(at + 3, (byte) RANGE_KIND);
        edid.put(at + 4, (byte) (putRates(edid, at + 5, hertz) | putRates(edid, at + 7, kilohertz) << 2));
        edid.put(at + 9, (byte) ((clock * CLOCK_UNIT + RANGE_CLOCK_UNIT - 1) / RANGE_CLOCK_UNIT))
                .put(at + 10, (byte) 1);
        edid.put(at + 11, (byte) '\n');
        for (int blank = at + 12; blank < at + TIMING_SIZE; blank++) {
            edid.put(blank, (byte) ' ');
        }
        return true;
    }

    /** The least and the most; from 256 on a byte stands for 255 more, which is told elsewhere. */
    private static int putRates(ByteBuffer edid, int at, double rate) {
        int least = Math.max(1, (int) Math.floor(rate));
        int most = Math.max(1, (int) Math.ceil(rate));
        int leastMore = least > 255 ? 255 : 0;
        int mostMore = most > 255 ? 255 : 0;
        edid.put(at, (byte) (least - leastMore)).put(at + 1, (byte) (most - mostMore));
        return leastMore > 0 ? 3 : mostMore > 0 ? 2 : 0;
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
