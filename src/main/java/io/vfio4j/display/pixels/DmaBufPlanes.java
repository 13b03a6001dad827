package io.vfio4j.display.pixels;

import io.vfio4j.linux.Access;
import io.vfio4j.linux.ClosedException;
import io.vfio4j.linux.Descriptor;
import io.vfio4j.linux.LinuxException;
import io.vfio4j.linux.Mapping;
import io.vfio4j.linux.gl.GraphicsException;
import io.vfio4j.linux.gl.ImportedImage;
import io.vfio4j.mdev.MdevDevice;
import io.vfio4j.vfio.Plane;
import io.vfio4j.vfio.PlaneAccess;
import io.vfio4j.vfio.PlaneType;
import io.vfio4j.vfio.VfioDevice;
import java.io.IOException;
import java.util.EnumMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/**
 * Planes in dma-bufs: mapped, or where that is refused, imported by a GPU. A descriptor of each of the last framebuffers is kept open.
 *
 * <p>Why: every query of a new framebuffer has the driver create an object, which stays until somebody fetches it by
 * VFIO_DEVICE_GET_GFX_DMABUF and closes it. But fetching and closing at once frees it, so that the next framebuffer gets the same
 * id, and flips become invisible. So the newest are kept open.
 *
 * <p>On GVT-g each further query has taken one more reference, so an old framebuffer is let go by fetching it once more, and closing
 * both. Only there: elsewhere nothing is fetched twice as long as somebody has a descriptor of it. On mbochs it is never fetched twice: a
 * framebuffer lives as long as the device is open, has one reference of each of its pages, and drops one whenever the last descriptor
 * is closed, which crashes the kernel at the second time (samples/vfio-mdev/mbochs.c, mbochs_release_dmabuf). So there all are kept.
 */
final class DmaBufPlanes extends Planes {
    /** As many as QEMU keeps; more than the buffers that a guest flips between. Of each plane, so that cursors push out no screens. */
    private static final int KEPT = 5;

    private static final String NOT_FETCHED =
            "the device is shared, and fetching a dma-buf can disturb its owner; the options can allow it";

    private final boolean mayFetch;
    private final boolean queriesTakeReferences;
    private final boolean fetchesOnce;
    private final DmaBufSync sync;
    private final Gpu gpu;
    private volatile @Nullable String mappingRefusal;
    private final AtomicBoolean said = new AtomicBoolean();

    final class Buffer extends PixelBuffer {
        private final Descriptor descriptor;
        private final long realSize;
        private Plane plane;
        private boolean replaced;
        /** Guarded by the GPU's lock. */
        @Nullable
        ImportedImage imported;

        int importedStride;

        @Nullable
        GraphicsException importRefusal;

        long importRefusedAt;

        Buffer(Plane plane, PlaneType type, Descriptor descriptor, long realSize) {
            super(plane.source(), type);
            this.plane = plane;
            this.descriptor = descriptor;
            this.realSize = realSize;
        }

        Descriptor descriptor() {
            return descriptor;
        }

        @Override
        long realSize() {
            return realSize;
        }

        @Override
        void release() {
            ImportedImage image = imported;
            if (image != null) {
                imported = null;
                gpu.discard(image);
            }
            try {
                if (queriesTakeReferences && !replaced) {
                    device.dmaBuf(source).close();
                }
            } catch (LinuxException | ClosedException e) {
                // EINVAL: no query since the last fetch, so there is no further reference to give back.
                System.getLogger(Screen.class.getName()).log(System.Logger.Level.DEBUG, "dma-buf not fetched again", e);
            } finally {
                descriptor.close();
            }
        }
    }

    DmaBufPlanes(VfioDevice device, boolean mayFetch, ScreenOptions options) {
        super(device, PlaneAccess.DMABUF, options);
        this.mayFetch = mayFetch;
        this.queriesTakeReferences = device.mdev().map(MdevDevice::isGvtG).orElse(false);
        this.fetchesOnce =
                device.mdev().map(mdev -> mdev.type().startsWith("mbochs-")).orElse(false);
        this.sync = new DmaBufSync(calls);
        this.gpu = new Gpu(device);
    }

    @Override
    boolean offers(CapturePath path) {
        return path == CapturePath.DMABUF_MAPPED || path == CapturePath.DMABUF_GPU;
    }

    @Override
    void noticed(PlaneType type, Plane plane) throws LinuxException {
        if (!mayFetch) {
            return;
        }
        Buffer known = (Buffer) find(plane.source());
        if (known != null && !fetchesOnce && known.plane != plane && !isSameObject(known.plane, plane)) {
            // The id was freed and given away again behind our back.
            known.replaced = true;
            discard(known);
            known = null;
        }
        if (known == null) {
            known = fetch(type, plane);
        }
        known.plane = plane;
        seen(known, type);
        evict(known);
    }

    private Buffer fetch(PlaneType type, Plane plane) throws LinuxException {
        Descriptor descriptor = device.dmaBuf(plane.source());
        Buffer fetched = new Buffer(plane, type, descriptor, sizeOf(descriptor));
        buffers.add(fetched);
        return fetched;
    }

    private long sizeOf(Descriptor descriptor) {
        try {
            return calls.size(descriptor);
        } catch (LinuxException e) {
            // Not every kernel tells. Mapping and importing check it, too.
            return Long.MAX_VALUE;
        }
    }

    /** Lets the oldest go that nobody uses, beyond those that are kept beside the newest one. */
    private void evict(PixelBuffer newest) {
        while (!fetchesOnce) {
            int count = 0;
            PixelBuffer eldest = null;
            for (int i = 0; i < buffers.size(); i++) {
                PixelBuffer buffer = buffers.get(i);
                if (buffer.seenAs == newest.seenAs) {
                    count++;
                    if (buffer != newest
                            && !buffer.isInUse()
                            && (eldest == null || buffer.lastSeen < eldest.lastSeen)) {
                        eldest = buffer;
                    }
                }
            }
            if (count <= KEPT || eldest == null) {
                return;
            }
            discard(eldest);
        }
    }

    @Override
    void lose(PixelBuffer buffer) {
        if (fetchesOnce) {
            buffer.remap(null);
        } else {
            super.lose(buffer);
        }
    }

    @Override
    PixelBuffer bufferOf(PlaneType type, Plane plane) throws IOException {
        PixelBuffer buffer = find(plane.source());
        if (buffer == null) {
            throw new UnreadablePixelsException(
                    device.name(), Map.of(CapturePath.DMABUF_MAPPED, NOT_FETCHED, CapturePath.DMABUF_GPU, NOT_FETCHED));
        }
        return buffer;
    }

    @Override
    CapturePath read(PixelBuffer buffer, Plane plane, Layout layout, Frame into) throws IOException {
        Buffer dmaBuf = (Buffer) buffer;
        Map<CapturePath, String> reasons = null;
        if (allows(CapturePath.DMABUF_MAPPED) && mappingRefusal == null) {
            Mapping mapping = null;
            try {
                mapping = mapping(dmaBuf, layout);
            } catch (LinuxException e) {
                reasons = refused(e);
            }
            if (mapping != null) {
                sync.begin(dmaBuf.descriptor);
                try {
                    into.filling().read(mapping, layout, into);
                } finally {
                    sync.end(dmaBuf.descriptor);
                }
                return CapturePath.DMABUF_MAPPED;
            }
        }
        if (allows(CapturePath.DMABUF_GPU)) {
            try {
                gpu.read(dmaBuf, plane, layout, into);
                sayThatAGpuReads();
                return CapturePath.DMABUF_GPU;
            } catch (GraphicsException e) {
                reasons = reasons == null ? new EnumMap<>(CapturePath.class) : reasons;
                reasons.put(CapturePath.DMABUF_GPU, e.getMessage());
            }
        }
        throw unreadable(reasons == null ? new EnumMap<>(CapturePath.class) : reasons);
    }

    private UnreadablePixelsException unreadable(Map<CapturePath, String> reasons) {
        String refusal = mappingRefusal;
        if (refusal != null) {
            reasons.put(CapturePath.DMABUF_MAPPED, refusal);
        }
        exclude(reasons, CapturePath.DMABUF_MAPPED);
        exclude(reasons, CapturePath.DMABUF_GPU);
        return new UnreadablePixelsException(device.name(), reasons);
    }

    /** Remembered for the device, not for the buffer: where one cannot be mapped, none can. */
    private Map<CapturePath, String> refused(LinuxException e) {
        if (FINAL_REFUSALS.contains(e.errno()) && mappingRefusal == null) {
            mappingRefusal = e.getMessage();
        }
        Map<CapturePath, String> reasons = new EnumMap<>(CapturePath.class);
        reasons.put(CapturePath.DMABUF_MAPPED, e.getMessage());
        return reasons;
    }

    /** Once, and where it was not asked for. */
    private void sayThatAGpuReads() {
        String refusal = mappingRefusal;
        if (refusal != null && !said.getAndSet(true)) {
            System.getLogger(Screen.class.getName())
                    .log(
                            System.Logger.Level.INFO,
                            "{0}: its dma-bufs are read by a GPU, because they cannot be mapped: {1}",
                            device,
                            refusal);
        }
    }

    private Mapping mapping(Buffer buffer, Layout layout) throws LinuxException {
        lock.lock();
        try {
            Mapping mapped = buffer.mapping;
            if (mapped != null && mapped.size() >= layout.bytes()) {
                return mapped;
            }
            mapped = calls.map(buffer.descriptor, 0, layout.bytes(), Access.READ);
            buffer.remap(mapped);
            return mapped;
        } finally {
            lock.unlock();
        }
    }

    @Override
    boolean lend(PixelBuffer buffer, Layout layout, PixelBorrower borrower) throws LinuxException {
        if (!allows(CapturePath.DMABUF_MAPPED) || mappingRefusal != null) {
            return false;
        }
        Buffer dmaBuf = (Buffer) buffer;
        Mapping mapping;
        try {
            mapping = mapping(dmaBuf, layout);
        } catch (LinuxException e) {
            refused(e);
            return false;
        }
        sync.begin(dmaBuf.descriptor);
        try {
            mapping.read(bytes ->
                    borrower.borrow(layout.view(bytes), layout.width(), layout.height(), layout.strideBytes()));
        } finally {
            sync.end(dmaBuf.descriptor);
        }
        return true;
    }

    @Override
    boolean isSame(PixelBuffer buffer, Layout layout, Frame last, int part, int parts) throws LinuxException {
        if (!allows(CapturePath.DMABUF_MAPPED) || mappingRefusal != null) {
            return false;
        }
        Buffer dmaBuf = (Buffer) buffer;
        Mapping mapping;
        try {
            mapping = mapping(dmaBuf, layout);
        } catch (LinuxException e) {
            // A capture finds another way, or says so.
            return false;
        }
        sync.begin(dmaBuf.descriptor);
        try {
            return last.filling().isSame(mapping, layout, last, part, parts);
        } finally {
            sync.end(dmaBuf.descriptor);
        }
    }

    Optional<String> mappingRefusal() {
        return Optional.ofNullable(mappingRefusal);
    }

    int imported() {
        lock.lock();
        try {
            int count = 0;
            for (PixelBuffer buffer : buffers) {
                count += ((Buffer) buffer).imported != null ? 1 : 0;
            }
            return count;
        } finally {
            lock.unlock();
        }
    }

    Optional<String> gpuName() {
        return gpu.name();
    }

    @Override
    public void close() {
        super.close();
        gpu.close();
    }

    @Override
    void end() {
        sync.close();
    }
}
