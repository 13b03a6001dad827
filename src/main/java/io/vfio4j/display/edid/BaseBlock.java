package io.vfio4j.display.edid;

import java.util.List;

/** Where things are in the base block: table 3.1 of the standard. */
final class BaseBlock {
    /** Eight bytes; as a number in the order of memory, little-endian. */
    static final long HEADER = 0x00ff_ffff_ffff_ff00L;

    static final int MANUFACTURER = 8;
    static final int PRODUCT = 10;
    static final int SERIAL = 12;
    static final int WEEK = 16;
    static final int YEAR = 17;
    static final int VERSION = 18;
    static final int REVISION = 19;
    static final int INPUT = 20;
    static final int WIDTH_CENTIMETRES = 21;
    static final int HEIGHT_CENTIMETRES = 22;
    static final int GAMMA = 23;
    static final int FEATURES = 24;
    static final int CHROMATICITY = 25;
    static final int ESTABLISHED = 35;
    static final int STANDARD = 38;
    static final int STANDARD_COUNT = 8;
    static final int DESCRIPTORS = 54;
    static final int DESCRIPTOR_COUNT = 4;
    static final int EXTENSIONS = 126;
    static final int CHECKSUM = 127;

    static final int FIRST_YEAR = 1990;
    /** In place of a week: the year is that of the model. */
    static final int MODEL_YEAR = 0xff;

    static final int LAST_WEEK = 54;

    static final int DIGITAL = 0x80;
    static final int PREFERRED_TIMING = 0x02;
    static final int STANDARD_RGB = 0x04;

    /** Of a descriptor that is no timing: three zero bytes, the kind, and another zero byte, or flags. */
    static final int DESCRIPTOR_KIND = 3;

    static final int DESCRIPTOR_TEXT = 5;
    static final int TEXT_LENGTH = 13;
    static final int SERIAL_TEXT = 0xff;
    static final int RANGE_LIMITS = 0xfd;
    static final int NAME = 0xfc;
    static final int MORE_STANDARD_TIMINGS = 0xfa;
    static final int MORE_STANDARD_TIMINGS_COUNT = 6;
    static final int DUMMY = 0x10;

    /** A bit each, the highest of the first byte first. */
    static final List<VideoMode> ESTABLISHED_TIMINGS = List.of(
            new VideoMode(720, 400, 70),
            new VideoMode(720, 400, 88),
            new VideoMode(640, 480, 60),
            new VideoMode(640, 480, 67),
            new VideoMode(640, 480, 72),
            new VideoMode(640, 480, 75),
            new VideoMode(800, 600, 56),
            new VideoMode(800, 600, 60),
            new VideoMode(800, 600, 72),
            new VideoMode(800, 600, 75),
            new VideoMode(832, 624, 75),
            new VideoMode(1024, 768, 87, true),
            new VideoMode(1024, 768, 60),
            new VideoMode(1024, 768, 70),
            new VideoMode(1024, 768, 75),
            new VideoMode(1280, 1024, 75),
            new VideoMode(1152, 870, 75));

    private BaseBlock() {}
}
