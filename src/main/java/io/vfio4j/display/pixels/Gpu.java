package io.vfio4j.display.pixels;

import io.vfio4j.linux.ClosedException;
import io.vfio4j.linux.LinuxException;
import io.vfio4j.linux.gl.DmaBufImage;
import io.vfio4j.linux.gl.Graphics;
import io.vfio4j.linux.gl.GraphicsContext;
import io.vfio4j.linux.gl.GraphicsException;
import io.vfio4j.linux.gl.ImportedImage;
import io.vfio4j.mdev.MdevDevice;
import io.vfio4j.vfio.Plane;
import io.vfio4j.vfio.VfioDevice;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/** The GPU that reads dma-bufs which no processor can map: opened when it is first needed, and the same one from then on. */
final class Gpu implements AutoCloseable {
    private static final String PCI_BUS = "/sys/bus/pci/devices/";
    /** Trying takes long; a GPU that is busy, short of memory, or whose driver is being loaded, may come round. */
    private static final long NEXT_TRY_NANOS = TimeUnit.SECONDS.toNanos(10);

    private final VfioDevice device;
    private final ReentrantLock lock = new ReentrantLock();
    private volatile @Nullable GraphicsContext context;
    private @Nullable GraphicsException refusal;
    private long refusedAt;
    /** The last read failed, and nothing has succeeded since. */
    private boolean suspect;

    private final Queue<ImportedImage> discarded = new ConcurrentLinkedQueue<>();
    private volatile boolean closed;

    Gpu(VfioDevice device) {
        this.device = device;
    }

    /** The lock is held while the GPU reads: it does one thing after the other anyway. */
    void read(DmaBufPlanes.Buffer buffer, Plane plane, Layout layout, Frame into) throws IOException {
        lock.lock();
        try {
            ImportedImage image = imported(buffer, plane, layout);
            image.read(into.resize(layout.width(), layout.height()));
            suspect = false;
        } catch (GraphicsException e) {
            requireOpen();
            doubt(buffer, e);
            throw e;
        } finally {
            lock.unlock();
            sweep();
        }
    }

    /**
     * What could not be read is imported anew the next time. If that fails too, it is the GPU: reset, or gone. Then it is opened anew, after
     * a while.
     */
    private void doubt(DmaBufPlanes.Buffer buffer, GraphicsException failure) {
        ImportedImage unread = buffer.imported;
        if (unread != null) {
            buffer.imported = null;
            unread.close();
        }
        GraphicsContext open = context;
        if (suspect && open != null) {
            suspect = false;
            context = null;
            open.close();
            refusal = failure;
            refusedAt = now();
            buffer.importRefusal = null;
        } else {
            suspect |= unread != null;
        }
    }

    /** Closes an import when the GPU has time for it: whoever discards it, maybe a loop's thread, must not wait for a picture. */
    void discard(ImportedImage image) {
        discarded.add(image);
        sweep();
    }

    private void sweep() {
        while (!discarded.isEmpty() && lock.tryLock()) {
            try {
                for (ImportedImage image = discarded.poll(); image != null; image = discarded.poll()) {
                    image.close();
                }
            } finally {
                lock.unlock();
            }
        }
    }

    private ImportedImage imported(DmaBufPlanes.Buffer buffer, Plane plane, Layout layout) throws GraphicsException {
        ImportedImage known = buffer.imported;
        if (known != null && buffer.importedStride == layout.strideBytes()) {
            return known;
        }
        GraphicsException refused = buffer.importRefusal;
        if (refused != null
                && buffer.importedStride == layout.strideBytes()
                && now() - buffer.importRefusedAt < NEXT_TRY_NANOS) {
            throw refused;
        }
        if (known != null) {
            buffer.imported = null;
            known.close();
        }
        GraphicsContext gpu = open();
        buffer.importedStride = layout.strideBytes();
        buffer.importRefusal = null;
        int number = buffer.descriptor().acquire();
        try {
            ImportedImage image = gpu.importImage(new DmaBufImage(
                    number,
                    layout.width(),
                    layout.height(),
                    plane.format(),
                    plane.modifier(),
                    0,
                    layout.strideBytes()));
            buffer.imported = image;
            return image;
        } catch (GraphicsException e) {
            buffer.importRefusal = e;
            buffer.importRefusedAt = now();
            throw e;
        } finally {
            buffer.descriptor().release();
        }
    }

    private GraphicsContext open() throws GraphicsException {
        requireOpen();
        GraphicsContext open = context;
        if (open != null) {
            return open;
        }
        GraphicsException refused = refusal;
        if (refused != null && now() - refusedAt < NEXT_TRY_NANOS) {
            throw refused;
        }
        try {
            open = openFirst();
        } catch (GraphicsException e) {
            refusal = e;
            refusedAt = now();
            throw e;
        }
        context = open;
        if (closed) {
            open.close();
            requireOpen();
        }
        return open;
    }

    private long now() {
        return device.systemCalls().nanoTime();
    }

    private GraphicsContext openFirst() throws GraphicsException {
        Graphics graphics = device.systemCalls().graphics();
        if (!graphics.isAvailable()) {
            Throwable cause = graphics.unavailabilityCause().orElseThrow();
            throw new GraphicsException(String.valueOf(cause.getMessage()), cause);
        }
        List<String> own = nodesOfParent();
        if (own.isEmpty()) {
            return graphics.open(List.of());
        }
        try {
            return graphics.open(own);
        } catch (GraphicsException e) {
            try {
                return graphics.open(List.of());
            } catch (GraphicsException alsoRefused) {
                e.addSuppressed(alsoRefused);
                throw e;
            }
        }
    }

    /** The DRM nodes of the GPU that the vGPU is a part of: they understand its layouts. Render nodes first, which need no rights. */
    private List<String> nodesOfParent() {
        Optional<MdevDevice> mdev = device.mdev();
        if (mdev.isEmpty()) {
            return List.of();
        }
        List<String> names;
        try {
            names = new ArrayList<>(
                    device.systemCalls().list(PCI_BUS + mdev.get().parent() + "/drm"));
        } catch (LinuxException e) {
            // Not a GPU.
            return List.of();
        }
        names.removeIf(name -> !name.startsWith("renderD") && !name.startsWith("card"));
        names.sort(Comparator.comparing((String name) -> !name.startsWith("renderD"))
                .thenComparing(name -> name));
        return names.stream().map(name -> "/dev/dri/" + name).toList();
    }

    Optional<String> name() {
        return Optional.ofNullable(context).map(GraphicsContext::name);
    }

    private void requireOpen() {
        if (closed) {
            throw new ClosedException("screen of " + device.name());
        }
    }

    /** Does not wait for who reads: that ends with an error. */
    @Override
    public void close() {
        closed = true;
        GraphicsContext open = context;
        if (open != null) {
            open.close();
        }
    }
}
