package io.vfio4j.frontend.rfb;

import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** What a client knows beside pictures: the pseudo-encodings among its encodings. */
record Abilities(
        boolean desktopSize,
        boolean extendedDesktopSize,
        boolean cursor,
        boolean pointerPosition,
        boolean desktopName,
        boolean fence,
        boolean continuousUpdates) {
    static final int DESKTOP_SIZE = -223;
    static final int POINTER_POSITION = -232;
    static final int CURSOR = -239;
    static final int DESKTOP_NAME = -307;
    static final int EXTENDED_DESKTOP_SIZE = -308;
    static final int FENCE = -312;
    static final int CONTINUOUS_UPDATES = -313;
    static final int CURSOR_WITH_ALPHA = -314;

    /** Of a client that has said nothing yet. */
    static final Abilities NONE = of(List.of());

    static Abilities of(List<Integer> encodings) {
        Set<Integer> named = new HashSet<>(encodings);
        return new Abilities(
                named.contains(DESKTOP_SIZE),
                named.contains(EXTENDED_DESKTOP_SIZE),
                named.contains(CURSOR) || named.contains(CURSOR_WITH_ALPHA),
                named.contains(POINTER_POSITION),
                named.contains(DESKTOP_NAME),
                named.contains(FENCE),
                named.contains(CONTINUOUS_UPDATES));
    }

    boolean resizing() {
        return desktopSize || extendedDesktopSize;
    }
}
