package io.vfio4j.display.pixels;

import io.vfio4j.vfio.Plane;
import java.util.OptionalInt;

/**
 * Where a cursor is in one direction.
 *
 * @param position of the image's edge
 * @param hotspot where the pointer is in the image, if that is known
 * @param exact whether the sign of the position is known
 */
record CursorPosition(int position, OptionalInt hotspot, boolean exact) {

    /**
     * Judges what the driver says.
     *
     * @param said the position
     * @param hot the hotspot; one that is not within the image is none
     * @param extent the image's, in pixels
     * @param screen the screen's, in pixels; 0 where it is not known
     * @param signIsDropped whether the position may be the negative of what is said
     */
    static CursorPosition of(int said, int hot, int extent, int screen, boolean signIsDropped) {
        OptionalInt hotspot =
                hot == Plane.UNKNOWN_HOTSPOT || hot < 0 || hot >= extent ? OptionalInt.empty() : OptionalInt.of(hot);
        if (!signIsDropped || said == 0) {
            return new CursorPosition(said, hotspot, true);
        }
        boolean inside = isPossible(said, hotspot, extent, screen);
        boolean outside = isPossible(-said, hotspot, extent, screen);
        return new CursorPosition(outside && !inside ? -said : said, hotspot, inside != outside);
    }

    /** The pointer is on the screen, wherever in the image it may be. */
    private static boolean isPossible(int position, OptionalInt hotspot, int extent, int screen) {
        long first = (long) position + hotspot.orElse(0);
        long last = (long) position + hotspot.orElse(extent - 1);
        return last >= 0 && (screen == 0 || first < screen);
    }
}
