package io.vfio4j.display;

import io.vfio4j.linux.LinuxException;
import io.vfio4j.vfio.Plane;
import io.vfio4j.vfio.PlaneAccess;
import io.vfio4j.vfio.PlaneType;
import io.vfio4j.vfio.VfioDevice;
import java.util.Optional;

/**
 * Asks the driver what the primary plane scans out, and compares with what it said last. One call at a time; not bound to a thread,
 * because a query can be slow.
 */
final class PlaneInspector implements AutoCloseable {
    private final VfioDevice device;
    private final PlaneAccess access;
    private final Optional<DmaBufs> dmaBufs;
    private Optional<Plane> last = Optional.empty();
    private boolean asked;
    private boolean closed;
    private long queries;

    /**
     * What a look found.
     *
     * @param plane the primary plane; empty when nothing is scanned out
     * @param buffer whether it is another framebuffer than at the last look
     */
    record Finding(Optional<Plane> plane, BufferChange buffer) {
        Optional<DisplayMode> mode() {
            return plane.map(DisplayMode::of);
        }
    }

    /**
     * Prepares for looking.
     *
     * @param mayFetch whether dma-bufs may be fetched: on a device that is not ours it could make the owner's next fetch fail
     */
    PlaneInspector(VfioDevice device, PlaneAccess access, boolean mayFetch) {
        this.device = device;
        this.access = access;
        this.dmaBufs = access == PlaneAccess.DMABUF && mayFetch ? Optional.of(new DmaBufs(device)) : Optional.empty();
    }

    synchronized Finding look() throws LinuxException {
        if (closed) {
            return new Finding(last, BufferChange.NOT_QUERIED);
        }
        queries++;
        Optional<Plane> plane = device.plane(PlaneType.PRIMARY, access);
        if (plane.isPresent() && dmaBufs.isPresent()) {
            dmaBufs.get().seen(plane.get().source());
        }
        boolean same = asked && plane.equals(last);
        asked = true;
        last = plane;
        return new Finding(plane, same ? BufferChange.SAME_BUFFER : BufferChange.NEW_BUFFER);
    }

    synchronized long queries() {
        return queries;
    }

    @Override
    public synchronized void close() {
        closed = true;
        dmaBufs.ifPresent(DmaBufs::close);
    }
}
