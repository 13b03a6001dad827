package io.vfio4j.frontend.rfb;

import java.util.List;

/** What a client says: RFC 6143, 7.1, 7.3 and 7.5, and the extensions of the community's protocol description. */
sealed interface ClientMessage {
    /** ProtocolVersion. */
    record Version(int major, int minor) implements ClientMessage {}

    /** The security type that was chosen. */
    record Security(int type) implements ClientMessage {}

    /** The version of VeNCrypt that was chosen. */
    record VeNCryptVersion(int major, int minor) implements ClientMessage {}

    /** The subtype of VeNCrypt that was chosen. */
    record VeNCryptType(int type) implements ClientMessage {}

    /** The answer to the challenge of VNC authentication. */
    record Response(byte[] bytes) implements ClientMessage {}

    /** ClientInit. */
    record Introduction(boolean shared) implements ClientMessage {}

    /** SetPixelFormat; not checked. */
    record PixelFormat(ClientPixelFormat format) implements ClientMessage {}

    /** SetEncodings. */
    record Encodings(List<Integer> numbers) implements ClientMessage {}

    /** FramebufferUpdateRequest. */
    record UpdateRequest(boolean incremental, Area area) implements ClientMessage {}

    /** KeyEvent. */
    record Key(int keysym, boolean down) implements ClientMessage {}

    /** PointerEvent. */
    record Pointer(int x, int y, int buttons) implements ClientMessage {}

    /** ClientCutText. */
    record CutText(String text) implements ClientMessage {}

    /** ClientCutText that is not taken, too long or in a format that was not offered; its bytes are read over. */
    record DroppedCutText(long length) implements ClientMessage {}

    /** ClientFence. */
    record Fence(int flags, byte[] payload) implements ClientMessage {
        static final int BLOCK_BEFORE = 1;
        static final int BLOCK_AFTER = 1 << 1;
        static final int SYNC_NEXT = 1 << 2;
        static final int REQUEST = 1 << 31;

        boolean isRequest() {
            return (flags & REQUEST) != 0;
        }

        boolean isForTheNext() {
            return (flags & SYNC_NEXT) != 0;
        }
    }

    /** EnableContinuousUpdates. */
    record ContinuousUpdates(boolean enabled, Area area) implements ClientMessage {}

    /** SetDesktopSize. */
    record DesktopSize(int width, int height, List<Area> screens) implements ClientMessage {}
}
