package io.vfio4j.cli;

import io.vfio4j.display.pixels.Screen;
import io.vfio4j.linux.Access;
import io.vfio4j.linux.Descriptor;
import io.vfio4j.linux.LinuxException;
import io.vfio4j.linux.Mapping;
import io.vfio4j.linux.NativeMemory;
import io.vfio4j.linux.SystemCalls;
import io.vfio4j.linux.uapi.DmaBuf;
import io.vfio4j.linux.uapi.Errno;
import io.vfio4j.vfio.Plane;
import io.vfio4j.vfio.PlaneType;
import io.vfio4j.vfio.RegionInfo;
import io.vfio4j.vfio.VfioDevice;
import java.io.IOException;
import java.util.Optional;

/**
 * The bytes of a plane's buffer as they are: in the guest's format, tiled as its GPU likes it.
 *
 * @param plane what the driver says of it
 * @param source where the bytes are from, in words
 * @param bytes all of them
 */
record RawBuffer(Plane plane, String source, byte[] bytes) {
    /** More than any screen. */
    private static final long MOST_BYTES = 1L << 30;

    private static final int CHUNK_BYTES = 1 << 20;

    /** The device hands its planes out in a region. */
    static Optional<RawBuffer> ofRegion(VfioDevice device, Screen screen, PlaneType type) throws IOException {
        Optional<Plane> shown = screen.plane(type);
        if (shown.isEmpty()) {
            return Optional.empty();
        }
        Plane plane = shown.get();
        RegionInfo region = device.region(plane.source());
        int length = length(device, plane, region.size(), "region " + region.index());
        // Mapped where that is possible: mdpy forgets the position where it is read.
        byte[] bytes = region.mappable() ? mapped(device, region, length) : read(device, region, length);
        return Optional.of(new RawBuffer(plane, "region " + region.index(), bytes));
    }

    private static byte[] mapped(VfioDevice device, RegionInfo region, int length) throws LinuxException {
        byte[] bytes = new byte[length];
        try (Mapping mapping = device.map(region, 0, length, Access.READ)) {
            mapping.read(memory -> memory.get(0, bytes));
        }
        return bytes;
    }

    private static byte[] read(VfioDevice device, RegionInfo region, int length) throws IOException {
        byte[] bytes = new byte[length];
        try (NativeMemory memory = device.systemCalls().allocate(Math.min(length, CHUNK_BYTES))) {
            for (int position = 0; position < length; ) {
                int read = device.read(region, position, memory, Math.min(CHUNK_BYTES, length - position));
                if (read <= 0) {
                    throw new IOException("region " + region.index() + " of " + device.name() + " ends at " + position
                            + ", before its plane");
                }
                System.arraycopy(memory.getBytes(0, read), 0, bytes, position, read);
                position += read;
            }
        }
        return bytes;
    }

    /** The device hands its planes out as dma-bufs. */
    static Optional<RawBuffer> ofDmaBuf(VfioDevice device, Screen screen, PlaneType type) throws IOException {
        Optional<io.vfio4j.display.pixels.DmaBuf> fetched = screen.dmaBuf(type);
        if (fetched.isEmpty()) {
            return Optional.empty();
        }
        try (io.vfio4j.display.pixels.DmaBuf buffer = fetched.get()) {
            int length = length(device, buffer.plane(), buffer.sizeBytes(), "its dma-buf");
            return Optional.of(new RawBuffer(
                    buffer.plane(), "dma-buf", mapped(device.systemCalls(), buffer.descriptor(), length)));
        }
    }

    private static byte[] mapped(SystemCalls calls, Descriptor buffer, int length) throws IOException {
        byte[] bytes = new byte[length];
        Mapping mapping;
        try {
            mapping = calls.map(buffer, 0, length, Access.READ);
        } catch (LinuxException e) {
            throw e.withAdvice("The driver does not let its dma-bufs be mapped, as GVT-g does not: their bytes are"
                    + " for the GPU alone. 'vfio4j screenshot' reads the picture through it.");
        }
        try (mapping) {
            sync(calls, buffer, DmaBuf.DMA_BUF_SYNC_START);
            try {
                mapping.read(memory -> memory.get(0, bytes));
            } finally {
                sync(calls, buffer, DmaBuf.DMA_BUF_SYNC_END);
            }
        }
        return bytes;
    }

    private static void sync(SystemCalls calls, Descriptor buffer, long which) throws LinuxException {
        try (NativeMemory flags = calls.allocate(DmaBuf.Sync.SIZE)) {
            flags.putLong(DmaBuf.Sync.FLAGS, DmaBuf.DMA_BUF_SYNC_READ | which);
            calls.ioctl(buffer, DmaBuf.DMA_BUF_IOCTL_SYNC, flags);
        } catch (LinuxException e) {
            // It orders the accesses of processor and GPU; bytes that are dumped for a look can do without.
            if (e.errno() != Errno.ENOTTY && e.errno() != Errno.EINTR && e.errno() != Errno.EAGAIN) {
                throw e;
            }
        }
    }

    private static int length(VfioDevice device, Plane plane, long available, String where) throws IOException {
        long size = Integer.toUnsignedLong(plane.sizeBytes());
        if (size == 0 || size > MOST_BYTES || Long.compareUnsigned(size, available) > 0) {
            throw new IOException("the plane of " + device.name() + " has " + size + " bytes, and " + where + " has "
                    + Long.toUnsignedString(available));
        }
        return (int) size;
    }
}
