package io.vfio4j.linux.jna;

import io.vfio4j.linux.Access;
import io.vfio4j.linux.Descriptor;
import io.vfio4j.linux.LinuxException;
import io.vfio4j.linux.Mapping;
import io.vfio4j.linux.NativeMemory;
import io.vfio4j.linux.uapi.Files;
import io.vfio4j.linux.uapi.Ioctl;

/** The kernel's GPU without hardware, {@code vgem}: makes buffers that are dma-bufs and can be mapped. */
public final class Vgem implements AutoCloseable {
    public static final String CARD = "/dev/dri/card0";
    /** It imports everything there, and can read nothing: dumb buffers are for cards only. */
    public static final String RENDER = "/dev/dri/renderD128";

    /** drm/drm_mode.h: {@code struct drm_mode_create_dumb}: height, width, bpp, flags, handle, pitch, and the size in 64 bits. */
    private static final Ioctl CREATE_DUMB = Ioctl.iowr("DRM_IOCTL_MODE_CREATE_DUMB", 'd', 0xb2, 32);

    private static final Ioctl DESTROY_DUMB = Ioctl.iowr("DRM_IOCTL_MODE_DESTROY_DUMB", 'd', 0xb4, 4);

    /** drm/drm.h: {@code struct drm_prime_handle}: handle, flags, fd. */
    private static final Ioctl PRIME_HANDLE_TO_FD = Ioctl.iowr("DRM_IOCTL_PRIME_HANDLE_TO_FD", 'd', 0x2d, 12);

    private final JnaLinux linux;
    private final Descriptor card;

    /**
     * Opens the card.
     *
     * @param linux the kernel
     * @throws LinuxException when there is no vgem
     */
    public Vgem(JnaLinux linux) throws LinuxException {
        this.linux = linux;
        this.card = linux.open(CARD, Access.READ_WRITE);
    }

    /**
     * A buffer.
     *
     * @param bytes how many it has at least
     * @return the buffer, which the caller closes
     * @throws LinuxException when there is no memory
     */
    public Buffer create(int bytes) throws LinuxException {
        try (NativeMemory dumb = linux.allocate(32);
                NativeMemory prime = linux.allocate(12)) {
            dumb.putInt(0, (bytes + 4095) / 4096);
            dumb.putInt(4, 1024);
            dumb.putInt(8, 32);
            linux.ioctl(card, CREATE_DUMB, dumb);
            prime.putInt(0, dumb.getInt(16));
            prime.putInt(4, Files.O_RDWR | Files.O_CLOEXEC);
            linux.ioctl(card, PRIME_HANDLE_TO_FD, prime);
            Descriptor descriptor = linux.adopt(prime.getInt(8), "dma-buf of vgem");
            // The descriptor holds the buffer from now on.
            linux.ioctl(card, DESTROY_DUMB, dumbHandle(dumb));
            return new Buffer(
                    descriptor, linux.map(descriptor, 0, Math.toIntExact(dumb.getLong(24)), Access.READ_WRITE));
        }
    }

    private NativeMemory dumbHandle(NativeMemory dumb) {
        dumb.putInt(0, dumb.getInt(16));
        return dumb;
    }

    @Override
    public void close() {
        card.close();
    }

    /**
     * A dma-buf, and its bytes.
     *
     * @param descriptor refers to it
     * @param bytes all of them
     */
    public record Buffer(Descriptor descriptor, Mapping bytes) implements AutoCloseable {
        @Override
        public void close() {
            bytes.close();
            descriptor.close();
        }
    }
}
