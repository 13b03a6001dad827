package io.vfio4j.frontend.rfb;

import java.net.SocketAddress;

/**
 * Gets what people do at their VNC clients: the guest's input is the business of who runs the guest. All methods do nothing by default.
 * Called on a network thread, so they must be short; what they throw goes to the error handler.
 */
public interface RfbInput {
    /**
     * A key.
     *
     * @param client who
     * @param keysym as X11 numbers them
     * @param down pressed, or released
     */
    default void onKey(SocketAddress client, int keysym, boolean down) {}

    /**
     * A pointer.
     *
     * @param client who
     * @param x within the picture
     * @param y within the picture
     * @param buttons bit 0 is the left one, 1 the middle, 2 the right, 3 and 4 the wheel up and down
     */
    default void onPointer(SocketAddress client, int x, int y, int buttons) {}

    /**
     * What was copied at a client.
     *
     * @param client who
     * @param text Latin-1 as the protocol says
     */
    default void onClipboard(SocketAddress client, String text) {}
}
