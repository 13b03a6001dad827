package io.vfio4j.display;

/**
 * Knows whether the current thread is inside a listener's callback, of whichever display: a close from there must not wait, or two
 * listeners that close each other would wait for ever.
 */
final class Callbacks {
    /** The one thing here that is per thread and so cannot belong to any object; it is empty outside of callbacks. */
    private static final ThreadLocal<Integer> DEPTH = new ThreadLocal<>();

    private Callbacks() {}

    static boolean inside() {
        return DEPTH.get() != null;
    }

    static void enter() {
        Integer depth = DEPTH.get();
        DEPTH.set(depth == null ? 1 : depth + 1);
    }

    static void leave() {
        int depth = DEPTH.get();
        if (depth == 1) {
            DEPTH.remove();
        } else {
            DEPTH.set(depth - 1);
        }
    }
}
