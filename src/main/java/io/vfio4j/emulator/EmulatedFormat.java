package io.vfio4j.emulator;

import io.vfio4j.linux.uapi.DrmFourcc;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * The formats in which an emulated guest can have its screen: those that GVT-g reports for a primary plane
 * ({@code skl_pixel_formats} of drivers/gpu/drm/i915/gvt/fb_decoder.c).
 *
 * <p>A guest draws in 8 bits a colour; each constant says what becomes of these in the framebuffer. What a viewer can see of it at
 * best is told by {@link EmulatedGuest#shownPixel}.
 */
public enum EmulatedFormat {
    /** The colours as they are; the X byte is 0. */
    XRGB8888(DrmFourcc.DRM_FORMAT_XRGB8888, Integer.BYTES) {
        @Override
        int word(int argb) {
            return argb;
        }

        @Override
        int colour(int word) {
            return OPAQUE | word;
        }
    },
    /** The colours as they are; alpha is 255. */
    ARGB8888(DrmFourcc.DRM_FORMAT_ARGB8888, Integer.BYTES) {
        @Override
        int word(int argb) {
            return argb;
        }

        @Override
        int colour(int word) {
            return word;
        }
    },
    /** The colours as they are, blue above red; the X byte is 0. */
    XBGR8888(DrmFourcc.DRM_FORMAT_XBGR8888, Integer.BYTES) {
        @Override
        int word(int argb) {
            return swapped(argb);
        }

        @Override
        int colour(int word) {
            return OPAQUE | swapped(word);
        }
    },
    /** The colours as they are, blue above red; alpha is 255. */
    ABGR8888(DrmFourcc.DRM_FORMAT_ABGR8888, Integer.BYTES) {
        @Override
        int word(int argb) {
            return swapped(argb);
        }

        @Override
        int colour(int word) {
            return swapped(word);
        }
    },
    /** The highest 5, 6 and 5 bits of red, green and blue. */
    RGB565(DrmFourcc.DRM_FORMAT_RGB565, Short.BYTES) {
        @Override
        int word(int argb) {
            return argb >>> 8 & 0xf800 | argb >>> 5 & 0x07e0 | argb >>> 3 & 0x001f;
        }

        @Override
        int colour(int word) {
            return opaque(five(word >>> 11), word >>> 3 & 0xfc | word >>> 9 & 0x3, five(word));
        }
    },
    /** Each colour's 8 bits, and below them its highest two again; the X bits are 0. */
    XRGB2101010(DrmFourcc.DRM_FORMAT_XRGB2101010, Integer.BYTES) {
        @Override
        int word(int argb) {
            return ten(argb >>> 16) << 20 | ten(argb >>> 8) << 10 | ten(argb);
        }

        @Override
        int colour(int word) {
            return opaque(word >>> 22 & 0xff, word >>> 12 & 0xff, word >>> 2 & 0xff);
        }
    },
    /** As {@link #XRGB2101010}, blue above red. */
    XBGR2101010(DrmFourcc.DRM_FORMAT_XBGR2101010, Integer.BYTES) {
        @Override
        int word(int argb) {
            return XRGB2101010.word(swapped(argb));
        }

        @Override
        int colour(int word) {
            return swapped(XRGB2101010.colour(word));
        }
    },
    /**
     * A palette's index: the grey (r + g + b) / 3, as no driver tells the palette and an unprogrammed one of Intel's is a ramp of
     * greys.
     */
    C8(DrmFourcc.DRM_FORMAT_C8, Byte.BYTES) {
        @Override
        int word(int argb) {
            return (red(argb) + green(argb) + blue(argb)) / 3;
        }

        @Override
        int colour(int word) {
            return opaque(word & 0xff, word & 0xff, word & 0xff);
        }
    },
    /**
     * Pairs of pixels as Y0 Cb Y1 Cr, by BT.601 in the limited range: Y = (66r + 129g + 25b + 128) / 256 + 16, Cb = (-38r - 74g +
     * 112b + 128) / 256 + 128, Cr = (112r - 94g - 18b + 128) / 256 + 128, each rounded down; Cb and Cr of the two pixels' means,
     * (a + b) / 2. At an odd width the last pixel is twice in its pair.
     */
    YUYV(DrmFourcc.DRM_FORMAT_YUYV, 0, 2, 1, 3),
    /** As {@link #YUYV}, ordered Cb Y0 Cr Y1. */
    UYVY(DrmFourcc.DRM_FORMAT_UYVY, 1, 3, 0, 2),
    /** As {@link #YUYV}, ordered Y0 Cr Y1 Cb. */
    YVYU(DrmFourcc.DRM_FORMAT_YVYU, 0, 2, 3, 1),
    /** As {@link #YUYV}, ordered Cr Y0 Cb Y1. */
    VYUY(DrmFourcc.DRM_FORMAT_VYUY, 1, 3, 2, 0);

    static final int OPAQUE = 0xff00_0000;
    private static final VarHandle INTS = MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);
    private static final VarHandle SHORTS =
            MethodHandles.byteArrayViewVarHandle(short[].class, ByteOrder.LITTLE_ENDIAN);
    /** Two pixels of a YUV format. */
    private static final int PAIR_BYTES = 4;

    private final int fourcc;
    private final int pixelBytes;
    private final boolean pairs;
    private final int firstY;
    private final int secondY;
    private final int cb;
    private final int cr;

    /** A word for each pixel. */
    EmulatedFormat(int fourcc, int pixelBytes) {
        this(fourcc, pixelBytes, false, 0, 0, 0, 0);
    }

    /** Bytes for each two pixels, and where they are. */
    EmulatedFormat(int fourcc, int firstY, int secondY, int cb, int cr) {
        this(fourcc, PAIR_BYTES / 2, true, firstY, secondY, cb, cr);
    }

    EmulatedFormat(int fourcc, int pixelBytes, boolean pairs, int firstY, int secondY, int cb, int cr) {
        this.fourcc = fourcc;
        this.pixelBytes = pixelBytes;
        this.pairs = pairs;
        this.firstY = firstY;
        this.secondY = secondY;
        this.cb = cb;
        this.cr = cr;
    }

    /**
     * The format's number.
     *
     * @return the DRM fourcc
     */
    public int fourcc() {
        return fourcc;
    }

    /**
     * The format's four letters, as on the command line.
     *
     * @return for example {@code XR24} or {@code RG16}
     */
    public String label() {
        byte[] letters = {(byte) fourcc, (byte) (fourcc >>> 8), (byte) (fourcc >>> 16), (byte) (fourcc >>> 24)};
        return new String(letters, StandardCharsets.US_ASCII).trim();
    }

    /**
     * Finds a format by its name.
     *
     * @param name four letters or a constant's name, for example {@code RG16} or {@code RGB565}
     * @return the format
     * @throws IllegalArgumentException when there is none of that name
     */
    public static EmulatedFormat named(String name) {
        String wanted = name.toUpperCase(Locale.ROOT);
        return Arrays.stream(values())
                .filter(format -> format.label().equals(wanted) || format.name().equals(wanted))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("no emulated format is called " + name
                        + "; there are "
                        + Arrays.stream(values()).map(EmulatedFormat::label).collect(Collectors.joining(", "))));
    }

    static Optional<EmulatedFormat> of(int fourcc) {
        return Arrays.stream(values()).filter(format -> format.fourcc == fourcc).findFirst();
    }

    int pixelBytes() {
        return pixelBytes;
    }

    boolean hasAlpha() {
        return this == ARGB8888 || this == ABGR8888;
    }

    /** How many pixels cannot be told apart in memory. */
    int group() {
        return pairs ? 2 : 1;
    }

    int lineBytes(int width) {
        return (width + group() - 1) / group() * group() * pixelBytes;
    }

    /** What stands in memory for a colour, little-endian; for formats without pairs. */
    int word(int argb) {
        throw new IllegalStateException(name());
    }

    /** The way back, as {@link io.vfio4j.linux.gl.ImportedImage} has it. */
    int colour(int word) {
        throw new IllegalStateException(name());
    }

    /** Puts a line of colours, which begins with the first of a pair. */
    void encode(int[] colours, int count, byte[] line) {
        if (pairs) {
            encodePairs(colours, count, line);
            return;
        }
        for (int i = 0; i < count; i++) {
            int word = word(colours[i]);
            switch (pixelBytes) {
                case Integer.BYTES -> INTS.set(line, i * Integer.BYTES, word);
                case Short.BYTES -> SHORTS.set(line, i * Short.BYTES, (short) word);
                default -> line[i] = (byte) word;
            }
        }
    }

    private void encodePairs(int[] colours, int count, byte[] line) {
        for (int i = 0, at = 0; i < count; i += 2, at += PAIR_BYTES) {
            int first = colours[i];
            int second = i + 1 < count ? colours[i + 1] : first;
            int r = (red(first) + red(second)) / 2;
            int g = (green(first) + green(second)) / 2;
            int b = (blue(first) + blue(second)) / 2;
            line[at + firstY] = (byte) luma(first);
            line[at + secondY] = (byte) luma(second);
            line[at + cb] = (byte) ((-38 * r - 74 * g + 112 * b + 128 >> 8) + 128);
            line[at + cr] = (byte) ((112 * r - 94 * g - 18 * b + 128 >> 8) + 128);
        }
    }

    /** Reads a line back, as ARGB8888. */
    void decode(byte[] line, int count, int[] colours) {
        for (int i = 0; i < count; i++) {
            if (pairs) {
                int at = i / 2 * PAIR_BYTES;
                colours[i] = fromYuv(line[at + (i % 2 == 0 ? firstY : secondY)], line[at + cb], line[at + cr]);
            } else {
                int word = switch (pixelBytes) {
                    case Integer.BYTES -> (int) INTS.get(line, i * Integer.BYTES);
                    case Short.BYTES -> (short) SHORTS.get(line, i * Short.BYTES) & 0xffff;
                    default -> line[i] & 0xff;
                };
                colours[i] = colour(word);
            }
        }
    }

    private static int fromYuv(byte y, byte cb, byte cr) {
        int c = 298 * ((y & 0xff) - 16) + 128;
        int d = (cb & 0xff) - 128;
        int e = (cr & 0xff) - 128;
        return opaque(limited(c + 409 * e >> 8), limited(c - 100 * d - 208 * e >> 8), limited(c + 516 * d >> 8));
    }

    private static int limited(int value) {
        return Math.max(0, Math.min(0xff, value));
    }

    private static int luma(int argb) {
        return (66 * red(argb) + 129 * green(argb) + 25 * blue(argb) + 128 >> 8) + 16;
    }

    private static int red(int argb) {
        return argb >>> 16 & 0xff;
    }

    private static int green(int argb) {
        return argb >>> 8 & 0xff;
    }

    private static int blue(int argb) {
        return argb & 0xff;
    }

    private static int swapped(int colour) {
        return colour & 0xff00_ff00 | red(colour) | blue(colour) << 16;
    }

    private static int ten(int value) {
        return (value & 0xff) << 2 | (value & 0xff) >>> 6;
    }

    /** Five bits in eight: the highest are repeated below. */
    private static int five(int value) {
        return (value & 0x1f) << 3 | (value & 0x1f) >>> 2;
    }

    private static int opaque(int red, int green, int blue) {
        return OPAQUE | red << 16 | green << 8 | blue;
    }
}
