package io.vfio4j.display.edid;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * A monitor's description of itself. Immutable.
 *
 * <p>What is read is the base block of EDID 1.0 to 1.4; of extension blocks only how many there are, and whether they are intact.
 */
public final class Edid {
    /** Bytes of a block. */
    public static final int BLOCK_BYTES = 128;

    /** The base block, and as many extension blocks as its byte can count. */
    static final int MOST_BYTES = BLOCK_BYTES * 256;

    private final byte[] bytes;
    private final EdidReader read;

    private Edid(byte[] bytes, EdidReader read) {
        this.bytes = bytes;
        this.read = read;
    }

    /**
     * Reads an EDID that has to be sound.
     *
     * @param bytes the base block and all its extension blocks
     * @return the EDID
     * @throws MalformedEdidException when anything is wrong with it
     */
    public static Edid parse(byte[] bytes) throws MalformedEdidException {
        Edid edid = parseLeniently(bytes);
        if (!edid.problems().isEmpty()) {
            throw new MalformedEdidException(edid.problems());
        }
        return edid;
    }

    /**
     * Reads what can be read of an EDID, as it is in real monitors: {@link #problems} says what is wrong with it.
     *
     * @param bytes at least a block, at most 256
     * @return the EDID
     * @throws MalformedEdidException when there are too few bytes, or too many
     */
    public static Edid parseLeniently(byte[] bytes) throws MalformedEdidException {
        if (bytes.length < BLOCK_BYTES || bytes.length > MOST_BYTES) {
            throw new MalformedEdidException(
                    List.of(bytes.length + " bytes, and an EDID has " + BLOCK_BYTES + " to " + MOST_BYTES));
        }
        byte[] copy = bytes.clone();
        return new Edid(copy, EdidReader.read(copy));
    }

    /**
     * The EDID of a monitor that prefers a mode, and offers common smaller ones.
     *
     * @param width in pixels, 64 to 4095
     * @param height in pixels, 64 to 4095
     * @param hertz pictures per second, 20 to 500
     * @return an EDID of one block
     * @throws IllegalArgumentException when the mode does not fit an EDID, with the value that does not
     */
    public static Edid forMode(int width, int height, int hertz) {
        return builder(width, height, hertz).build();
    }

    /**
     * Begins to build the EDID of a monitor that prefers a mode.
     *
     * @param width in pixels, 64 to 4095
     * @param height in pixels, 64 to 4095
     * @param hertz pictures per second, 20 to 500
     * @return a builder with defaults
     * @throws IllegalArgumentException when the mode does not fit an EDID, with the value that does not
     */
    public static EdidBuilder builder(int width, int height, int hertz) {
        return new EdidBuilder(width, height, hertz);
    }

    /**
     * The EDID as it is.
     *
     * @return a copy
     */
    public byte[] bytes() {
        return bytes.clone();
    }

    /**
     * What is wrong with it.
     *
     * @return empty for a sound one
     */
    public List<String> problems() {
        return List.copyOf(read.problems);
    }

    /**
     * The version of the standard.
     *
     * @return for example {@code 1.4}
     */
    public String version() {
        return read.version + "." + read.revision;
    }

    /**
     * Who made the monitor.
     *
     * @return three letters; a {@code ?} for what is no letter
     */
    public String manufacturer() {
        return read.manufacturer;
    }

    /**
     * The manufacturer's number of the product.
     *
     * @return 0 to 65535
     */
    public int product() {
        return read.product;
    }

    /**
     * The serial number.
     *
     * @return 0 to 4294967295; 0 where there is none
     */
    public long serial() {
        return read.serial;
    }

    /**
     * The serial number as text.
     *
     * @return from its descriptor, if there is one
     */
    public Optional<String> serialText() {
        return Optional.ofNullable(read.serialText);
    }

    /**
     * The monitor's name.
     *
     * @return from its descriptor, if there is one
     */
    public Optional<String> name() {
        return Optional.ofNullable(read.name);
    }

    /**
     * When it was made, or of which year the model is.
     *
     * @return from 1990 on
     */
    public int year() {
        return read.year;
    }

    /**
     * When it was made.
     *
     * @return the week of the year; empty where it is not said
     */
    public OptionalInt week() {
        return read.week;
    }

    /**
     * Whether its input is digital.
     *
     * @return whether the flag is set
     */
    public boolean digital() {
        return read.digital;
    }

    /**
     * How finely a digital monitor of EDID 1.4 tells colours.
     *
     * @return bits of each primary colour; empty where it is not said
     */
    public OptionalInt bitsPerColor() {
        return read.bitsPerColor;
    }

    /**
     * The picture's width.
     *
     * @return in millimetres, of the preferred timing, else of the screen; 0 where it is not said
     */
    public int widthMillimetres() {
        return preferred()
                .map(DetailedTiming::widthMillimetres)
                .filter(size -> size > 0)
                .orElse(read.screenWidth);
    }

    /**
     * The picture's height.
     *
     * @return in millimetres, of the preferred timing, else of the screen; 0 where it is not said
     */
    public int heightMillimetres() {
        return preferred()
                .map(DetailedTiming::heightMillimetres)
                .filter(size -> size > 0)
                .orElse(read.screenHeight);
    }

    /**
     * What the monitor can follow.
     *
     * @return from its descriptor, if there is one
     */
    public Optional<RangeLimits> rangeLimits() {
        return Optional.ofNullable(read.rangeLimits);
    }

    /**
     * The timing that it would like best. The first detailed timing is always that from EDID 1.3 on, and where a flag says so before.
     *
     * @return empty where the base block has none
     */
    public Optional<DetailedTiming> preferred() {
        return read.firstIsPreferred ? read.detailed.stream().findFirst() : Optional.empty();
    }

    /**
     * The detailed timings of the base block.
     *
     * @return in their order, up to four
     */
    public List<DetailedTiming> detailedTimings() {
        return List.copyOf(read.detailed);
    }

    /**
     * The established timings of the base block.
     *
     * @return in the order of their bits
     */
    public List<VideoMode> establishedTimings() {
        return List.copyOf(read.established);
    }

    /**
     * The standard timings of the base block, those of a descriptor included.
     *
     * @return in their order
     */
    public List<VideoMode> standardTimings() {
        return List.copyOf(read.standard);
    }

    /**
     * How many extension blocks the base block announces.
     *
     * @return 0 to 255
     */
    public int extensions() {
        return read.extensions;
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Edid that && Arrays.equals(bytes, that.bytes);
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(bytes);
    }

    /** For example {@code VFJ 0001 'vfio4j' 1920x1080@59.93, 138.50 MHz}. */
    @Override
    public String toString() {
        List<String> parts = new ArrayList<>();
        parts.add(manufacturer());
        parts.add(String.format(Locale.ROOT, "%04x", product()));
        name().ifPresent(name -> parts.add("'" + name + "'"));
        preferred().ifPresent(timing -> parts.add(timing.toString()));
        return String.join(" ", parts);
    }
}
