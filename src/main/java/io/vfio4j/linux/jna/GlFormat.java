package io.vfio4j.linux.jna;

import io.vfio4j.linux.uapi.DrmFourcc;
import java.util.Locale;
import java.util.Optional;

/**
 * How a pixel format is read: as what it is imported, and what the colour of a pixel is then. Formats with components of eight bits are
 * what a GPU makes of them. Of the others our shader makes the same as the conversion by the processor does, to the bit, which is more
 * than drivers agree on: the upper bits repeated below (RGB565), the lower two dropped (10 bits), BT.601 in limited range (YUV), grey
 * (C8, whose palette nobody hands out).
 *
 * <p>YUV is imported as pairs of pixels in words of four bytes. So no driver needs to know it, and none has a say in its colours.
 */
enum GlFormat {
    XRGB8888(DrmFourcc.DRM_FORMAT_XRGB8888),
    ARGB8888(DrmFourcc.DRM_FORMAT_ARGB8888),
    XBGR8888(DrmFourcc.DRM_FORMAT_XBGR8888),
    ABGR8888(DrmFourcc.DRM_FORMAT_ABGR8888),
    RGB565(DrmFourcc.DRM_FORMAT_RGB565, DrmFourcc.DRM_FORMAT_RGB565, 2, 1, """
            vec3 v = floor(t.rgb * vec3(31.0, 63.0, 31.0) + 0.5);
            vec4 c = vec4(v * vec3(8.0, 4.0, 8.0) + floor(v / vec3(4.0, 16.0, 4.0)), 255.0);"""),
    XRGB2101010(DrmFourcc.DRM_FORMAT_XRGB2101010, DrmFourcc.DRM_FORMAT_XRGB2101010, 4, 1, ofTenBits()),
    XBGR2101010(DrmFourcc.DRM_FORMAT_XBGR2101010, DrmFourcc.DRM_FORMAT_XBGR2101010, 4, 1, ofTenBits()),
    C8(DrmFourcc.DRM_FORMAT_C8, DrmFourcc.DRM_FORMAT_R8, 1, 1, "vec4 c = vec4(t.rrr * 255.0, 255.0);"),
    YUYV(DrmFourcc.DRM_FORMAT_YUYV, "r", "g", "b", "a"),
    YVYU(DrmFourcc.DRM_FORMAT_YVYU, "r", "a", "b", "g"),
    UYVY(DrmFourcc.DRM_FORMAT_UYVY, "g", "r", "a", "b"),
    VYUY(DrmFourcc.DRM_FORMAT_VYUY, "g", "b", "a", "r");

    private final int fourcc;
    private final int importedAs;
    private final int texelBytes;
    private final int pixelsPerTexel;
    private final String colour;

    /** As it is. */
    GlFormat(int fourcc) {
        this(fourcc, fourcc, 4, 1, "vec4 c = t * 255.0;");
    }

    /** In which component of a word of bytes, from red on, each part of a pair is. */
    GlFormat(int fourcc, String y0, String cb, String y1, String cr) {
        this(fourcc, DrmFourcc.DRM_FORMAT_ABGR8888, 4, 2, String.format(Locale.ROOT, """
                vec4 v = floor(t * 255.0 + 0.5);
                float y = 298.0 * ((p.x - 2.0 * floor(p.x / 2.0) < 0.5 ? v.%s : v.%s) - 16.0) + 128.0;
                float u = v.%s - 128.0;
                float w = v.%s - 128.0;
                vec3 s = vec3(y + 409.0 * w, y - 100.0 * u - 208.0 * w, y + 516.0 * u);
                vec4 c = vec4(clamp(floor(s / 256.0), 0.0, 255.0), 255.0);""", y0, y1, cb, cr));
    }

    GlFormat(int fourcc, int importedAs, int texelBytes, int pixelsPerTexel, String colour) {
        this.fourcc = fourcc;
        this.importedAs = importedAs;
        this.texelBytes = texelBytes;
        this.pixelsPerTexel = pixelsPerTexel;
        this.colour = colour;
    }

    private static String ofTenBits() {
        return "vec4 c = vec4(floor(floor(t.rgb * 1023.0 + 0.5) / 4.0), 255.0);";
    }

    static Optional<GlFormat> of(int fourcc) {
        for (GlFormat format : values()) {
            if (format.fourcc == fourcc) {
                return Optional.of(format);
            }
        }
        return Optional.empty();
    }

    /** The fourcc that the driver gets to see. */
    int importedAs() {
        return importedAs;
    }

    /** How many texels of the import a line of that many pixels has. */
    int texels(int pixels) {
        return (int) ((pixels + pixelsPerTexel - 1L) / pixelsPerTexel);
    }

    /** The least that a line can have. */
    long lineBytes(int pixels) {
        return (long) texelBytes * texels(pixels);
    }

    /** Whether the import's own colours are the right ones. */
    boolean isPlain() {
        return colour.startsWith("vec4 c = t ");
    }

    /**
     * The shader that draws it: blue first and red third, so that reading RGBA, which every driver can, gives BGRA. All of it is highp, the
     * sampler as well: what has another precision by default may have too few bits for large pictures, {@code gl_FragCoord} among it.
     */
    String fragmentShader(boolean external) {
        return (external ? "#extension GL_OES_EGL_image_external : require\n" : "")
                + "precision highp float;\n"
                + "uniform highp " + (external ? "samplerExternalOES" : "sampler2D") + " picture;\n"
                + "uniform vec2 texel;\n"
                + "varying vec2 place;\n"
                + "void main() {\n"
                + "vec2 p = floor(place);\n"
                + "vec4 t = texture2D(picture, (vec2(floor(p.x / " + pixelsPerTexel + ".0), p.y) + 0.5) * texel);\n"
                + colour
                + "\ngl_FragColor = c.bgra / 255.0;\n"
                + "}\n";
    }
}
