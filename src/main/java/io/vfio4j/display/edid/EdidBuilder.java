package io.vfio4j.display.edid;

import java.util.ArrayList;
import java.util.List;

/**
 * Builds the EDID of a monitor that prefers a mode: one block of EDID 1.4, digital, 8 bits a colour, sRGB. Its preferred timing has
 * reduced blanking. Common smaller modes are offered, too; a guest whose firmware or installer knows no other can use them. Its range
 * limits cover all that; a mode of more than 510000 lines per second is more than range limits can say, and has none.
 *
 * <p>Not for use by several threads at once.
 */
public final class EdidBuilder {
    /** Less is no timing for Linux guests (drm_mode_detailed of drivers/gpu/drm/drm_edid.c). */
    private static final int LEAST_PIXELS = 64;

    private static final int LEAST_HERTZ = 20;
    /** What range limits can say is 510. */
    private static final int MOST_HERTZ = 500;

    private static final int LEAST_MILLIMETRES = 10;
    private static final int MOST_MILLIMETRES = 2550;
    /** Who sees less takes it for a mistake. */
    private static final int USUALLY_LEAST_MILLIMETRES = 100;

    private static final int DOTS_PER_INCH = 96;
    private static final double MILLIMETRES_PER_INCH = 25.4;

    /** The year of the first display irq; week 0 says nothing. */
    private static final int YEAR = 2019;

    private static final int DIGITAL_8_BITS = 0xa0;
    /** 2.2, times 100 less 100. */
    private static final int GAMMA = 120;

    /** Of sRGB, as table 3.15 of the standard has them. */
    private static final int[] CHROMATICITY = {0xee, 0x91, 0xa3, 0x54, 0x4c, 0x99, 0x26, 0x0f, 0x50, 0x54};

    /**
     * A mode that monitors commonly offer.
     *
     * @param lineHertz lines per second by VESA's Display Monitor Timings
     * @param clockKilohertz its pixel clock
     */
    private record Common(VideoMode mode, int lineHertz, int clockKilohertz) {
        static Common of(int width, int height, int lineHertz, int clockKilohertz) {
            return new Common(new VideoMode(width, height, 60), lineHertz, clockKilohertz);
        }
    }

    private static final List<Common> ESTABLISHED = List.of(
            Common.of(640, 480, 31_469, 25_175),
            Common.of(800, 600, 37_879, 40_000),
            Common.of(1024, 768, 48_363, 65_000));

    private static final List<Common> STANDARD = List.of(
            Common.of(1920, 1200, 74_556, 193_250),
            Common.of(1920, 1080, 67_500, 148_500),
            Common.of(1680, 1050, 65_290, 146_250),
            Common.of(1600, 900, 60_000, 108_000),
            Common.of(1440, 900, 55_935, 106_500),
            Common.of(1280, 1024, 63_981, 108_000),
            Common.of(1280, 800, 49_702, 83_500),
            Common.of(1280, 720, 45_000, 74_250));

    private final int width;
    private final int height;
    private final int hertz;
    private int widthMillimetres;
    private int heightMillimetres;
    private String manufacturer = "VFJ";
    private int product = 1;
    private long serial;
    private String name = "vfio4j";
    private String serialText = "";

    EdidBuilder(int width, int height, int hertz) {
        requireWithin("width", width, LEAST_PIXELS, DetailedTiming.MOST_PIXELS);
        requireWithin("height", height, LEAST_PIXELS, DetailedTiming.MOST_PIXELS);
        requireWithin("refresh rate in Hz", hertz, LEAST_HERTZ, MOST_HERTZ);
        this.width = width;
        this.height = height;
        this.hertz = hertz;
        this.widthMillimetres = usualMillimetres(width, Math.min(width, height));
        this.heightMillimetres = usualMillimetres(height, Math.min(width, height));
        // So that a mode that does not fit is told at once.
        timing();
    }

    private static void requireWithin(String what, long value, long least, long most) {
        if (value < least || value > most) {
            throw new IllegalArgumentException(what + " " + value + " is not within " + least + " and " + most
                    + ", which is what an EDID has room for");
        }
    }

    private static int usualMillimetres(int pixels, int shorter) {
        double millimetresPerPixel =
                Math.max(MILLIMETRES_PER_INCH / DOTS_PER_INCH, USUALLY_LEAST_MILLIMETRES / (double) shorter);
        return (int) Math.min(MOST_MILLIMETRES, Math.round(pixels * millimetresPerPixel));
    }

    private DetailedTiming timing() {
        return ReducedBlanking.of(width, height, hertz, widthMillimetres, heightMillimetres);
    }

    /**
     * Names the monitor; {@code vfio4j} otherwise.
     *
     * @param text 1 to 13 printable ASCII characters, the last no space
     * @return this
     */
    public EdidBuilder name(String text) {
        name = requireText("name", text);
        return this;
    }

    /**
     * Gives it a serial number as text; none otherwise.
     *
     * @param text 1 to 13 printable ASCII characters, the last no space
     * @return this
     */
    public EdidBuilder serialText(String text) {
        serialText = requireText("serial number", text);
        return this;
    }

    private static String requireText(String what, String text) {
        boolean printable = text.chars().allMatch(letter -> letter >= ' ' && letter <= '~');
        if (text.isEmpty() || text.length() > BaseBlock.TEXT_LENGTH || !printable || text.endsWith(" ")) {
            throw new IllegalArgumentException(what + " \"" + text + "\" is not 1 to " + BaseBlock.TEXT_LENGTH
                    + " printable ASCII characters, the last no space");
        }
        return text;
    }

    /**
     * Gives it a serial number; none otherwise.
     *
     * @param number 0 to 4294967295; 0 is none
     * @return this
     */
    public EdidBuilder serial(long number) {
        requireWithin("serial number", number, 0, 0xffff_ffffL);
        serial = number;
        return this;
    }

    /**
     * Says who made it, and which product it is. A guest that knows monitors again knows them by that.
     *
     * @param letters three capital letters; {@code VFJ} otherwise
     * @param number 0 to 65535; 1 otherwise
     * @return this
     */
    public EdidBuilder product(String letters, int number) {
        if (letters.length() != 3 || !letters.chars().allMatch(letter -> letter >= 'A' && letter <= 'Z')) {
            throw new IllegalArgumentException("manufacturer \"" + letters + "\" is not three capital letters");
        }
        requireWithin("product", number, 0, 0xffff);
        manufacturer = letters;
        product = number;
        return this;
    }

    /**
     * Gives it a size; otherwise it has 96 dots per inch, or less where it would be smaller than 10 cm.
     *
     * @param across in millimetres, 10 to 2550
     * @param down in millimetres, 10 to 2550
     * @return this
     */
    public EdidBuilder millimetres(int across, int down) {
        requireWithin("width in mm", across, LEAST_MILLIMETRES, MOST_MILLIMETRES);
        requireWithin("height in mm", down, LEAST_MILLIMETRES, MOST_MILLIMETRES);
        widthMillimetres = across;
        heightMillimetres = down;
        return this;
    }

    /**
     * Builds it.
     *
     * @return an EDID of one block, the same for the same settings
     */
    public Edid build() {
        byte[] bytes = new byte[Edid.BLOCK_BYTES];
        Block base = new Block(bytes, 0, bytes.length);
        DetailedTiming preferred = timing();
        writeIdentity(base);
        writeProperties(base);
        writeEstablished(base.slice(BaseBlock.ESTABLISHED, 3));
        writeStandard(base.slice(BaseBlock.STANDARD, 2 * BaseBlock.STANDARD_COUNT));
        preferred.writeTo(descriptor(base, 0));
        writeText(descriptor(base, 1), BaseBlock.NAME, name);
        writeRangeLimits(descriptor(base, 2), rangeLimits(preferred));
        if (serialText.isEmpty()) {
            descriptor(base, 3).set(BaseBlock.DESCRIPTOR_KIND, BaseBlock.DUMMY);
        } else {
            writeText(descriptor(base, 3), BaseBlock.SERIAL_TEXT, serialText);
        }
        base.set(BaseBlock.CHECKSUM, -base.sum() & 0xff);
        try {
            return Edid.parse(bytes);
        } catch (MalformedEdidException e) {
            throw new AssertionError(e);
        }
    }

    private static Block descriptor(Block base, int index) {
        return base.slice(BaseBlock.DESCRIPTORS + index * DetailedTiming.SIZE, DetailedTiming.SIZE);
    }

    private void writeIdentity(Block base) {
        for (int offset = 0; offset < Long.BYTES; offset++) {
            base.set(offset, (int) (BaseBlock.HEADER >> offset * Byte.SIZE & 0xff));
        }
        int packed = 0;
        for (char letter : manufacturer.toCharArray()) {
            packed = packed << 5 | letter - 'A' + 1;
        }
        base.set(BaseBlock.MANUFACTURER, packed >> 8);
        base.set(BaseBlock.MANUFACTURER + 1, packed & 0xff);
        base.set16(BaseBlock.PRODUCT, product);
        base.set16(BaseBlock.SERIAL, (int) (serial & 0xffff));
        base.set16(BaseBlock.SERIAL + 2, (int) (serial >> 16));
        base.set(BaseBlock.YEAR, YEAR - BaseBlock.FIRST_YEAR);
        base.set(BaseBlock.VERSION, 1);
        base.set(BaseBlock.REVISION, 4);
    }

    private void writeProperties(Block base) {
        base.set(BaseBlock.INPUT, DIGITAL_8_BITS);
        base.set(BaseBlock.WIDTH_CENTIMETRES, (widthMillimetres + 5) / 10);
        base.set(BaseBlock.HEIGHT_CENTIMETRES, (heightMillimetres + 5) / 10);
        base.set(BaseBlock.GAMMA, GAMMA);
        base.set(BaseBlock.FEATURES, BaseBlock.PREFERRED_TIMING | BaseBlock.STANDARD_RGB);
        for (int offset = 0; offset < CHROMATICITY.length; offset++) {
            base.set(BaseBlock.CHROMATICITY + offset, CHROMATICITY[offset]);
        }
    }

    private boolean offers(Common common) {
        boolean preferred = common.mode().width() == width && common.mode().height() == height;
        return !preferred && common.mode().width() <= width && common.mode().height() <= height;
    }

    private void writeEstablished(Block bits) {
        for (Common common : ESTABLISHED) {
            if (offers(common)) {
                int bit = BaseBlock.ESTABLISHED_TIMINGS.indexOf(common.mode());
                bits.set(bit / 8, bits.get(bit / 8) | 0x80 >> bit % 8);
            }
        }
    }

    private void writeStandard(Block timings) {
        int offset = 0;
        for (Common common : STANDARD) {
            if (offers(common)) {
                timings.set(offset, common.mode().width() / 8 - 31);
                timings.set(offset + 1, shape(common.mode()) << 6);
                offset += 2;
            }
        }
        for (; offset < timings.size(); offset++) {
            timings.set(offset, 1);
        }
    }

    private static int shape(VideoMode mode) {
        if (mode.height() * 16 == mode.width() * 10) {
            return 0;
        }
        if (mode.height() * 4 == mode.width() * 3) {
            return 1;
        }
        return mode.height() * 5 == mode.width() * 4 ? 2 : 3;
    }

    private static void writeText(Block descriptor, int kind, String text) {
        descriptor.set(BaseBlock.DESCRIPTOR_KIND, kind);
        for (int index = 0; index < text.length(); index++) {
            descriptor.set(BaseBlock.DESCRIPTOR_TEXT + index, text.charAt(index));
        }
        descriptor.pad(BaseBlock.DESCRIPTOR_TEXT + text.length());
    }

    /** Or none, which EDID 1.4 allows: the feature flag for continuous frequencies, which would need them, is not set. */
    private static void writeRangeLimits(Block descriptor, RangeLimits limits) {
        if (limits.fitDescriptor()) {
            descriptor.set(BaseBlock.DESCRIPTOR_KIND, BaseBlock.RANGE_LIMITS);
            limits.writeTo(descriptor);
        } else {
            descriptor.set(BaseBlock.DESCRIPTOR_KIND, BaseBlock.DUMMY);
        }
    }

    /** What covers all that is offered. */
    private RangeLimits rangeLimits(DetailedTiming preferred) {
        List<Double> rates = new ArrayList<>(List.of(preferred.refreshHertz()));
        List<Double> lines = new ArrayList<>(List.of(preferred.horizontalKilohertz()));
        int clock = preferred.pixelClockKilohertz();
        List<Common> all = new ArrayList<>(ESTABLISHED);
        all.addAll(STANDARD);
        for (Common common : all) {
            if (offers(common)) {
                // The standard's rates are within half a hertz of 60.
                rates.addAll(List.of(59.5, 60.5));
                lines.add(common.lineHertz() / 1000.0);
                clock = Math.max(clock, common.clockKilohertz());
            }
        }
        return new RangeLimits(
                (int) Math.floor(least(rates)),
                (int) Math.ceil(most(rates)),
                (int) Math.floor(least(lines)),
                (int) Math.ceil(most(lines)),
                clock);
    }

    private static double least(List<Double> values) {
        return values.stream().mapToDouble(Double::doubleValue).min().orElseThrow();
    }

    private static double most(List<Double> values) {
        return values.stream().mapToDouble(Double::doubleValue).max().orElseThrow();
    }
}
