package io.vfio4j.mdev;

import java.util.Optional;
import java.util.OptionalInt;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What the description of a GVT-g type tells of its vGPUs. Whatever the kernel does not say, or says in another way, is empty.
 *
 * @param lowGraphicsMegabytes graphics memory that the CPU can map, in MiB
 * @param highGraphicsMegabytes graphics memory that it cannot, in MiB
 * @param fences how many fence registers
 * @param resolution the largest screen
 * @param weight the share of the GPU's time, out of 16
 */
public record GvtDescription(
        OptionalInt lowGraphicsMegabytes,
        OptionalInt highGraphicsMegabytes,
        OptionalInt fences,
        Optional<Resolution> resolution,
        OptionalInt weight) {
    /** {@code VGPU_MAX_WEIGHT} of drivers/gpu/drm/i915/gvt/vgpu.c: what a vGPU that has the GPU for itself weighs. */
    public static final int WHOLE_WEIGHT = 16;

    private static final Pattern MEGABYTES = Pattern.compile("(\\d{1,9})MB");
    private static final Pattern NUMBER = Pattern.compile("(\\d{1,9})");

    /**
     * A screen's size.
     *
     * @param width in pixels, at least 1
     * @param height in pixels, at least 1
     */
    public record Resolution(int width, int height) {
        private static final Pattern FORM = Pattern.compile("([1-9]\\d{0,4})x([1-9]\\d{0,4})");

        private static Optional<Resolution> parse(String text) {
            Matcher form = FORM.matcher(text);
            return form.matches()
                    ? Optional.of(new Resolution(Integer.parseInt(form.group(1)), Integer.parseInt(form.group(2))))
                    : Optional.empty();
        }

        /** For people: {@code 1920x1200}. */
        @Override
        public String toString() {
            return width + "x" + height;
        }
    }

    /** Reads the lines {@code low_gm_size: 128MB}, {@code resolution: 1920x1200} and so on, in any order, among any others. */
    static GvtDescription parse(String description) {
        return new GvtDescription(
                number(description, "low_gm_size", MEGABYTES),
                number(description, "high_gm_size", MEGABYTES),
                number(description, "fence", NUMBER),
                value(description, "resolution").flatMap(Resolution::parse),
                number(description, "weight", NUMBER));
    }

    private static OptionalInt number(String description, String key, Pattern form) {
        Optional<Integer> number = value(description, key)
                .map(form::matcher)
                .filter(Matcher::matches)
                .map(matcher -> Integer.valueOf(matcher.group(1)));
        return number.isPresent() ? OptionalInt.of(number.get()) : OptionalInt.empty();
    }

    private static Optional<String> value(String description, String key) {
        return description
                .lines()
                .filter(line -> line.startsWith(key + ":"))
                .map(line -> line.substring(key.length() + 1).strip())
                .findFirst();
    }
}
