package io.vfio4j.emulator;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** The memory of a graphics card that all framebuffers are in, one behind the other. Used under the kernel's lock. */
final class VideoMemory implements GraphicsMemory {
    private final int sizeBytes;
    private final List<Framebuffer> screens = new ArrayList<>();
    private Optional<ByteBuffer> bytes = Optional.empty();
    private boolean drawn;
    private int next;
    private int mappings;

    VideoMemory(int sizeBytes) {
        this.sizeBytes = sizeBytes;
    }

    int sizeBytes() {
        return sizeBytes;
    }

    private static int pages(int width, int height) {
        return Layout.roundUp(width * Integer.BYTES * height, UserSpace.PAGE);
    }

    @Override
    public int room(int width, int height) {
        return sizeBytes / pages(width, height);
    }

    @Override
    public Framebuffer allocate(int width, int height, EmulatedFormat format, EmulatedTiling tiling, Picture picture) {
        Layout layout = Layout.of(width, height, format, tiling, Integer.BYTES);
        if (picture.hasAlpha()) {
            // No plane shows it: the guest draws it itself.
            return new Framebuffer(
                    0,
                    layout,
                    layout.storageBytes(),
                    picture,
                    () -> ByteBuffer.allocate(layout.storageBytes()),
                    () -> false);
        }
        int offset = next;
        int size = pages(width, height);
        next = Math.min(next + size, sizeBytes);
        Framebuffer screen = new Framebuffer(
                offset,
                layout,
                layout.reportedBytes(),
                picture,
                () -> raw().slice(offset, layout.reportedBytes()),
                () -> drawn && mappings > 0);
        screens.add(screen);
        return screen;
    }

    @Override
    public void startOver() {
        screens.clear();
        next = 0;
    }

    private ByteBuffer raw() {
        ByteBuffer all = bytes.orElseGet(() -> ByteBuffer.allocate(sizeBytes).order(ByteOrder.LITTLE_ENDIAN));
        bytes = Optional.of(all);
        return all;
    }

    /** The guest draws its screens; otherwise there is what somebody else has written. */
    void setDrawn(boolean byGuest) {
        drawn = byGuest;
    }

    /** As it is now, with all that the guest has drawn. */
    ByteBuffer bytes() {
        if (drawn) {
            screens.forEach(Framebuffer::bytes);
        }
        return raw();
    }

    /** From now on the bytes follow what the guest draws. */
    ByteBuffer map() {
        mappings++;
        return bytes();
    }

    void unmap() {
        mappings--;
    }

    /** The pages are given back; who still has them keeps what was in them. */
    void release() {
        bytes = Optional.empty();
    }
}
