package io.vfio4j.display.edid;

import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;

/** Reads an EDID, whatever is in it, and notes what is wrong. */
final class EdidReader {
    private static final int UNUSED_STANDARD_TIMING = 0x0101;
    private static final int BITS_PER_COLOR_RESERVED = 7;
    private static final int SMALLEST_RATE = 60;

    final List<String> problems = new ArrayList<>();
    final List<DetailedTiming> detailed = new ArrayList<>();
    final List<VideoMode> established = new ArrayList<>();
    final List<VideoMode> standard = new ArrayList<>();

    final int version;
    final int revision;
    final String manufacturer;
    final int product;
    final long serial;
    final int year;
    final OptionalInt week;
    final boolean digital;
    final OptionalInt bitsPerColor;
    final int screenWidth;
    final int screenHeight;
    final boolean firstIsPreferred;
    final int extensions;

    @Nullable
    String name;

    @Nullable
    String serialText;

    @Nullable
    RangeLimits rangeLimits;

    private final Block base;

    /** At least a block. */
    static EdidReader read(byte[] bytes) {
        return new EdidReader(bytes);
    }

    private EdidReader(byte[] bytes) {
        base = new Block(bytes, 0, Edid.BLOCK_BYTES);
        version = base.get(BaseBlock.VERSION);
        revision = base.get(BaseBlock.REVISION);
        extensions = base.get(BaseBlock.EXTENSIONS);
        checkFrame(bytes);
        manufacturer = manufacturer();
        product = base.get16(BaseBlock.PRODUCT);
        serial = base.get32(BaseBlock.SERIAL);
        year = BaseBlock.FIRST_YEAR + base.get(BaseBlock.YEAR);
        week = week();
        int input = base.get(BaseBlock.INPUT);
        digital = (input & BaseBlock.DIGITAL) != 0;
        bitsPerColor = bitsPerColor(input);
        // One of them alone is an aspect ratio.
        boolean sized = base.get(BaseBlock.WIDTH_CENTIMETRES) != 0 && base.get(BaseBlock.HEIGHT_CENTIMETRES) != 0;
        screenWidth = sized ? base.get(BaseBlock.WIDTH_CENTIMETRES) * 10 : 0;
        screenHeight = sized ? base.get(BaseBlock.HEIGHT_CENTIMETRES) * 10 : 0;
        readEstablished();
        readStandard(base.slice(BaseBlock.STANDARD, 2 * BaseBlock.STANDARD_COUNT));
        readDescriptor(0);
        boolean firstIsTiming = !detailed.isEmpty();
        for (int index = 1; index < BaseBlock.DESCRIPTOR_COUNT; index++) {
            readDescriptor(index);
        }
        firstIsPreferred =
                firstIsTiming && (revision >= 3 || (base.get(BaseBlock.FEATURES) & BaseBlock.PREFERRED_TIMING) != 0);
        if (revision >= 3 && !firstIsPreferred) {
            problems.add("the first descriptor is no timing");
        }
        if (!hasHeader()) {
            // Then nothing else means anything either.
            problems.clear();
            problems.add("the header is not 00ffffffffffff00");
        }
    }

    private boolean hasHeader() {
        return (base.get32(0) | base.get32(4) << 32) == BaseBlock.HEADER;
    }

    private void checkFrame(byte[] bytes) {
        if (version != 1 || revision > 4) {
            problems.add("its version is " + version + "." + revision + ", and 1.0 to 1.4 are known");
        }
        int blocks = bytes.length / Edid.BLOCK_BYTES;
        if (bytes.length % Edid.BLOCK_BYTES != 0) {
            problems.add(bytes.length + " bytes are no multiple of " + Edid.BLOCK_BYTES);
        }
        if (blocks != 1 + extensions) {
            problems.add("it has " + (blocks - 1) + " extension blocks, and announces " + extensions);
        }
        for (int block = 0; block < blocks; block++) {
            int sum = new Block(bytes, block * Edid.BLOCK_BYTES, Edid.BLOCK_BYTES).sum();
            if (sum != 0) {
                problems.add("the checksum of block " + block + " is wrong: its bytes add up to " + sum
                        + " where they should to 0");
            }
        }
    }

    /** Three letters of five bits, A being 1, in big-endian order. */
    private String manufacturer() {
        int packed = base.get(BaseBlock.MANUFACTURER) << 8 | base.get(BaseBlock.MANUFACTURER + 1);
        StringBuilder letters = new StringBuilder(3);
        for (int shift = 10; shift >= 0; shift -= 5) {
            int letter = packed >> shift & 0x1f;
            letters.append(letter >= 1 && letter <= 26 ? (char) ('A' + letter - 1) : '?');
        }
        if (letters.indexOf("?") >= 0 || packed > 0x7fff) {
            problems.add("the manufacturer 0x" + Integer.toHexString(packed) + " is not three letters");
        }
        return letters.toString();
    }

    private OptionalInt week() {
        int number = base.get(BaseBlock.WEEK);
        if (number == 0 || number == BaseBlock.MODEL_YEAR && revision >= 4) {
            return OptionalInt.empty();
        }
        if (number > BaseBlock.LAST_WEEK) {
            problems.add("made in week " + number);
            return OptionalInt.empty();
        }
        return OptionalInt.of(number);
    }

    private OptionalInt bitsPerColor(int input) {
        int depth = input >> 4 & 7;
        if (!digital || revision < 4 || depth == 0) {
            return OptionalInt.empty();
        }
        if (depth == BITS_PER_COLOR_RESERVED) {
            problems.add("a reserved colour depth");
            return OptionalInt.empty();
        }
        return OptionalInt.of(4 + 2 * depth);
    }

    private void readEstablished() {
        for (int bit = 0; bit < BaseBlock.ESTABLISHED_TIMINGS.size(); bit++) {
            if ((base.get(BaseBlock.ESTABLISHED + bit / 8) & 0x80 >> bit % 8) != 0) {
                established.add(BaseBlock.ESTABLISHED_TIMINGS.get(bit));
            }
        }
    }

    /** Two bytes each: the width in units of 8 pixels, less 31; the aspect ratio, and the rate less 60. */
    private void readStandard(Block timings) {
        for (int offset = 0; offset + 1 < timings.size(); offset += 2) {
            if (timings.get16(offset) == UNUSED_STANDARD_TIMING) {
                continue;
            }
            if (timings.get(offset) == 0) {
                // Reserved; monitors that mean "unused" by it are common enough.
                if (timings.get(offset + 1) != 0) {
                    problems.add("a standard timing of reserved width");
                }
                continue;
            }
            int width = (timings.get(offset) + 31) * 8;
            int shape = timings.get(offset + 1);
            int height = switch (shape >> 6) {
                case 0 -> revision >= 3 ? width * 10 / 16 : width;
                case 1 -> width * 3 / 4;
                case 2 -> width * 4 / 5;
                default -> width * 9 / 16;
            };
            standard.add(new VideoMode(width, height, SMALLEST_RATE + (shape & 0x3f)));
        }
    }

    private void readDescriptor(int index) {
        Block descriptor = base.slice(BaseBlock.DESCRIPTORS + index * DetailedTiming.SIZE, DetailedTiming.SIZE);
        boolean isTiming = descriptor.get16(0) != 0;
        if (isTiming) {
            readTiming(index, DetailedTiming.of(descriptor));
            return;
        }
        switch (descriptor.get(BaseBlock.DESCRIPTOR_KIND)) {
            case BaseBlock.NAME -> name = text(index, descriptor);
            case BaseBlock.SERIAL_TEXT -> serialText = text(index, descriptor);
            case BaseBlock.RANGE_LIMITS -> readRangeLimits(descriptor);
            case BaseBlock.MORE_STANDARD_TIMINGS ->
                readStandard(descriptor.slice(BaseBlock.DESCRIPTOR_TEXT, 2 * BaseBlock.MORE_STANDARD_TIMINGS_COUNT));
            default -> {
                // Kinds that say nothing about modes, and what a manufacturer keeps for himself.
            }
        }
    }

    private void readTiming(int index, DetailedTiming timing) {
        if (timing.width() == 0 || timing.height() == 0) {
            problems.add(
                    "the timing of descriptor " + index + " has no pixels: " + timing.width() + "x" + timing.height());
            return;
        }
        if (timing.horizontalSyncOffset() + timing.horizontalSyncWidth() > timing.horizontalBlanking()
                || timing.verticalSyncOffset() + timing.verticalSyncWidth() > timing.verticalBlanking()) {
            problems.add("the sync of descriptor " + index + " does not fit its blanking");
        }
        detailed.add(timing);
    }

    private void readRangeLimits(Block descriptor) {
        RangeLimits limits = RangeLimits.of(descriptor, revision >= 4);
        if (limits.minimumHertz() > limits.maximumHertz() || limits.minimumKilohertz() > limits.maximumKilohertz()) {
            problems.add("the range limits " + limits + " end before they begin");
        }
        rangeLimits = limits;
    }

    /** Up to a line feed, or to the end; nothing that a terminal would obey. */
    private String text(int index, Block descriptor) {
        StringBuilder text = new StringBuilder(BaseBlock.TEXT_LENGTH);
        boolean clean = true;
        for (int offset = BaseBlock.DESCRIPTOR_TEXT; offset < descriptor.size(); offset++) {
            int letter = descriptor.get(offset);
            if (letter == '\n') {
                break;
            }
            boolean printable = letter >= ' ' && letter <= '~';
            clean &= printable;
            text.append(printable ? (char) letter : '?');
        }
        if (!clean) {
            problems.add("the text of descriptor " + index + " is not printable");
        }
        return text.toString().stripTrailing();
    }
}
