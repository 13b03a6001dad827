package io.vfio4j.display.edid;

import java.util.Locale;

/**
 * A timing in full: the detailed timing descriptor. Lines are counted for each field, so an interlaced picture has twice as many.
 *
 * @param pixelClockKilohertz a multiple of 10, up to 655350
 * @param width active pixels of a line, up to 4095
 * @param horizontalBlanking pixels of a line that are not active, up to 4095
 * @param horizontalSyncOffset pixels from the active ones to the sync pulse, up to 1023
 * @param horizontalSyncWidth pixels of the sync pulse, up to 1023
 * @param height active lines, up to 4095
 * @param verticalBlanking lines that are not active, up to 4095
 * @param verticalSyncOffset lines from the active ones to the sync pulse, up to 63
 * @param verticalSyncWidth lines of the sync pulse, up to 63
 * @param widthMillimetres of the picture, up to 4095; 0 where it is not said
 * @param heightMillimetres of the picture, up to 4095; 0 where it is not said
 * @param horizontalBorder pixels at either side, up to 255
 * @param verticalBorder lines at top and bottom, up to 255
 * @param flags interlace, stereo and sync as the descriptor has them
 */
public record DetailedTiming(
        int pixelClockKilohertz,
        int width,
        int horizontalBlanking,
        int horizontalSyncOffset,
        int horizontalSyncWidth,
        int height,
        int verticalBlanking,
        int verticalSyncOffset,
        int verticalSyncWidth,
        int widthMillimetres,
        int heightMillimetres,
        int horizontalBorder,
        int verticalBorder,
        int flags) {

    static final int SIZE = 18;
    /** 16 bits of 10 kHz. */
    static final int HIGHEST_CLOCK_KILOHERTZ = 655_350;

    static final int CLOCK_UNIT_KILOHERTZ = 10;
    /** Twelve bits. */
    static final int MOST_PIXELS = 0xfff;

    private static final int INTERLACED = 0x80;
    private static final int SYNC_MASK = 0x18;
    private static final int DIGITAL_SEPARATE_SYNC = 0x18;
    private static final int DIGITAL_COMPOSITE_SYNC = 0x10;
    private static final int POSITIVE_VERTICAL_SYNC = 0x04;
    private static final int POSITIVE_HORIZONTAL_SYNC = 0x02;

    /** Digital, a line for each sync, horizontal positive and vertical negative, as reduced blanking has it. */
    static final int REDUCED_BLANKING_SYNC = DIGITAL_SEPARATE_SYNC | POSITIVE_HORIZONTAL_SYNC;

    /**
     * Checks that the values fit a descriptor.
     *
     * @param pixelClockKilohertz 10 to 655350, a multiple of 10
     * @param width 0 to 4095
     * @param horizontalBlanking 0 to 4095
     * @param horizontalSyncOffset 0 to 1023
     * @param horizontalSyncWidth 0 to 1023
     * @param height 0 to 4095
     * @param verticalBlanking 0 to 4095
     * @param verticalSyncOffset 0 to 63
     * @param verticalSyncWidth 0 to 63
     * @param widthMillimetres 0 to 4095
     * @param heightMillimetres 0 to 4095
     * @param horizontalBorder 0 to 255
     * @param verticalBorder 0 to 255
     * @param flags 0 to 255
     */
    public DetailedTiming {
        requireFits("pixel clock in kHz", pixelClockKilohertz, HIGHEST_CLOCK_KILOHERTZ);
        if (pixelClockKilohertz == 0 || pixelClockKilohertz % CLOCK_UNIT_KILOHERTZ != 0) {
            throw new IllegalArgumentException("pixel clock " + pixelClockKilohertz + " kHz is no multiple of 10 kHz");
        }
        requireFits("width", width, MOST_PIXELS);
        requireFits("horizontal blanking", horizontalBlanking, MOST_PIXELS);
        requireFits("horizontal sync offset", horizontalSyncOffset, 0x3ff);
        requireFits("horizontal sync width", horizontalSyncWidth, 0x3ff);
        requireFits("height", height, MOST_PIXELS);
        requireFits("vertical blanking", verticalBlanking, MOST_PIXELS);
        requireFits("vertical sync offset", verticalSyncOffset, 0x3f);
        requireFits("vertical sync width", verticalSyncWidth, 0x3f);
        requireFits("width in mm", widthMillimetres, MOST_PIXELS);
        requireFits("height in mm", heightMillimetres, MOST_PIXELS);
        requireFits("horizontal border", horizontalBorder, 0xff);
        requireFits("vertical border", verticalBorder, 0xff);
        requireFits("flags", flags, 0xff);
    }

    private static void requireFits(String what, int value, int most) {
        if (value < 0 || value > most) {
            throw new IllegalArgumentException(
                    what + " " + value + " does not fit a detailed timing of an EDID, which has room for 0 to " + most);
        }
    }

    /** A descriptor whose first two bytes, the clock, are not both zero. */
    static DetailedTiming of(Block descriptor) {
        int syncHigh = descriptor.get(11);
        return new DetailedTiming(
                descriptor.get16(0) * CLOCK_UNIT_KILOHERTZ,
                descriptor.get(2) | (descriptor.get(4) & 0xf0) << 4,
                descriptor.get(3) | (descriptor.get(4) & 0x0f) << 8,
                descriptor.get(8) | (syncHigh & 0xc0) << 2,
                descriptor.get(9) | (syncHigh & 0x30) << 4,
                descriptor.get(5) | (descriptor.get(7) & 0xf0) << 4,
                descriptor.get(6) | (descriptor.get(7) & 0x0f) << 8,
                descriptor.get(10) >> 4 | (syncHigh & 0x0c) << 2,
                descriptor.get(10) & 0x0f | (syncHigh & 0x03) << 4,
                descriptor.get(12) | (descriptor.get(14) & 0xf0) << 4,
                descriptor.get(13) | (descriptor.get(14) & 0x0f) << 8,
                descriptor.get(15),
                descriptor.get(16),
                descriptor.get(17));
    }

    void writeTo(Block descriptor) {
        descriptor.set16(0, pixelClockKilohertz / CLOCK_UNIT_KILOHERTZ);
        descriptor.set(2, width & 0xff);
        descriptor.set(3, horizontalBlanking & 0xff);
        descriptor.set(4, width >> 8 << 4 | horizontalBlanking >> 8);
        descriptor.set(5, height & 0xff);
        descriptor.set(6, verticalBlanking & 0xff);
        descriptor.set(7, height >> 8 << 4 | verticalBlanking >> 8);
        descriptor.set(8, horizontalSyncOffset & 0xff);
        descriptor.set(9, horizontalSyncWidth & 0xff);
        descriptor.set(10, (verticalSyncOffset & 0xf) << 4 | verticalSyncWidth & 0xf);
        descriptor.set(
                11,
                horizontalSyncOffset >> 8 << 6
                        | horizontalSyncWidth >> 8 << 4
                        | verticalSyncOffset >> 4 << 2
                        | verticalSyncWidth >> 4);
        descriptor.set(12, widthMillimetres & 0xff);
        descriptor.set(13, heightMillimetres & 0xff);
        descriptor.set(14, widthMillimetres >> 8 << 4 | heightMillimetres >> 8);
        descriptor.set(15, horizontalBorder);
        descriptor.set(16, verticalBorder);
        descriptor.set(17, flags);
    }

    /**
     * Whether a picture takes two fields.
     *
     * @return whether the flag is set
     */
    public boolean interlaced() {
        return (flags & INTERLACED) != 0;
    }

    /**
     * The height of a picture.
     *
     * @return twice {@link #height} where it is interlaced
     */
    public int pictureHeight() {
        return interlaced() ? 2 * height : height;
    }

    /**
     * Whether the horizontal sync pulse is positive.
     *
     * @return false also where sync is analog
     */
    public boolean positiveHorizontalSync() {
        return (flags & SYNC_MASK) >= DIGITAL_COMPOSITE_SYNC && (flags & POSITIVE_HORIZONTAL_SYNC) != 0;
    }

    /**
     * Whether the vertical sync pulse is positive.
     *
     * @return false also where there is no vertical sync of its own
     */
    public boolean positiveVerticalSync() {
        return (flags & SYNC_MASK) == DIGITAL_SEPARATE_SYNC && (flags & POSITIVE_VERTICAL_SYNC) != 0;
    }

    /**
     * Lines per second.
     *
     * @return in kHz; 0 where a line has no pixels
     */
    public double horizontalKilohertz() {
        int total = width + horizontalBlanking;
        return total == 0 ? 0 : (double) pixelClockKilohertz / total;
    }

    /**
     * Fields per second, which are pictures where it is not interlaced.
     *
     * @return in Hz; 0 where a field has no pixels
     */
    public double refreshHertz() {
        double lines = height + verticalBlanking + (interlaced() ? 0.5 : 0);
        return lines == 0 ? 0 : horizontalKilohertz() * 1000 / lines;
    }

    @Override
    public String toString() {
        return String.format(
                Locale.ROOT,
                "%dx%d%s@%.2f, %.2f MHz",
                width,
                pictureHeight(),
                interlaced() ? "i" : "",
                refreshHertz(),
                pixelClockKilohertz / 1000.0);
    }
}
