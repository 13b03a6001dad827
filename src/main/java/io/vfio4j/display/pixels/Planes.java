package io.vfio4j.display.pixels;

import io.vfio4j.linux.ClosedException;
import io.vfio4j.linux.LinuxException;
import io.vfio4j.linux.Mapping;
import io.vfio4j.linux.SystemCalls;
import io.vfio4j.linux.uapi.Errno;
import io.vfio4j.mdev.MdevDevice;
import io.vfio4j.vfio.Plane;
import io.vfio4j.vfio.PlaneAccess;
import io.vfio4j.vfio.PlaneQuery;
import io.vfio4j.vfio.PlaneType;
import io.vfio4j.vfio.VfioDevice;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * A device's planes by one kind of access: what they show, and the memory that it is in. The lock is held while the driver is asked, and
 * never while pixels are read.
 */
abstract class Planes implements AutoCloseable {
    /** What mmap says for good; anything else may be over at the next try. */
    static final Set<Integer> FINAL_REFUSALS =
            Set.of(Errno.ENODEV, Errno.EINVAL, Errno.EACCES, Errno.EPERM, Errno.ENXIO, Errno.EOPNOTSUPP, Errno.ENOTTY);

    final VfioDevice device;
    final SystemCalls calls;
    final ScreenOptions options;
    final ReentrantLock lock = new ReentrantLock();
    final List<PixelBuffer> buffers = new ArrayList<>();
    private final PlaneQuery primary;
    private final PlaneQuery cursor;
    private final boolean tellsPlanesApart;
    private long queries;
    private long sightings;
    private int pinned;
    private boolean closed;

    Planes(VfioDevice device, PlaneAccess access, ScreenOptions options) {
        this.device = device;
        this.calls = device.systemCalls();
        this.options = options;
        this.primary = device.planeQuery(PlaneType.PRIMARY, access);
        this.cursor = device.planeQuery(PlaneType.CURSOR, access);
        this.tellsPlanesApart = device.mdev().map(MdevDevice::isGvtG).orElse(false);
    }

    /** Whether a way begins here. */
    abstract boolean offers(CapturePath path);

    /** With the lock: a query has named this plane. */
    abstract void noticed(PlaneType type, Plane plane) throws LinuxException;

    /** With the lock: the memory that a plane is in. */
    abstract PixelBuffer bufferOf(PlaneType type, Plane plane) throws IOException;

    /** Without the lock: brings pixels of a pinned buffer into a frame, by the first way that works. */
    abstract CapturePath read(PixelBuffer buffer, Plane plane, Layout layout, Frame into) throws IOException;

    /** Without the lock: lends the bytes of a pinned buffer. Empty where they cannot be mapped. */
    abstract boolean lend(PixelBuffer buffer, Layout layout, PixelBorrower borrower) throws LinuxException;

    /** Without the lock: whether a pinned buffer has the pixels of a picture. False where it cannot be mapped. */
    abstract boolean isSame(PixelBuffer buffer, Layout layout, Frame last, int part, int parts) throws LinuxException;

    /** What a plane shows now. */
    Optional<Plane> look(PlaneType type) throws LinuxException {
        lock.lock();
        try {
            return ask(type);
        } finally {
            lock.unlock();
        }
    }

    /** Finds what a plane shows now, and pins the memory that it is in. Returns false where it shows nothing. */
    boolean sight(PlaneType type, Sighting into) throws IOException {
        lock.lock();
        try {
            into.plane = ask(type);
            if (into.plane.isEmpty()) {
                return false;
            }
            PixelBuffer buffer = bufferOf(type, into.plane.get());
            pin(buffer);
            into.buffer = buffer;
            return true;
        } finally {
            lock.unlock();
        }
    }

    /** With the lock. */
    final void pin(PixelBuffer buffer) {
        buffer.pin();
        pinned++;
    }

    void unpin(PixelBuffer buffer) {
        lock.lock();
        try {
            buffer.unpin();
            pinned--;
            endWhenUnused();
        } finally {
            lock.unlock();
        }
    }

    /** A pinned buffer's descriptor was copied for somebody. */
    void handOut(PixelBuffer buffer) {
        lock.lock();
        try {
            buffer.handOut();
        } finally {
            lock.unlock();
        }
    }

    void takeBack(PixelBuffer buffer) {
        lock.lock();
        try {
            buffer.takeBack();
        } finally {
            lock.unlock();
        }
    }

    /** Its memory is gone: the next reader looks for it anew. */
    final void forget(PixelBuffer buffer) {
        lock.lock();
        try {
            lose(buffer);
        } finally {
            lock.unlock();
        }
    }

    /** With the lock: what is known of its memory does not hold any more. */
    void lose(PixelBuffer buffer) {
        discard(buffer);
    }

    final void discard(PixelBuffer buffer) {
        buffers.remove(buffer);
        buffer.drop();
    }

    private void endWhenUnused() {
        if (closed && pinned == 0) {
            end();
        }
    }

    /** With the lock: it is closed, and nobody reads any more. */
    void end() {}

    private Optional<Plane> ask(PlaneType type) throws LinuxException {
        if (closed) {
            throw new ClosedException("screen of " + device.name());
        }
        if (type == PlaneType.PRIMARY) {
            return notice(type, primary);
        }
        return askForCursor();
    }

    /** mdpy and mbochs do not look at which plane is asked for: a cursor that is the whole screen is none. */
    private Optional<Plane> askForCursor() throws LinuxException {
        if (tellsPlanesApart) {
            return notice(PlaneType.CURSOR, cursor);
        }
        Optional<Plane> found;
        try {
            found = cursor.ask();
            queries++;
        } catch (LinuxException e) {
            if (e.errno() == Errno.EINVAL) {
                return Optional.empty();
            }
            throw e;
        }
        if (found.isEmpty()) {
            return found;
        }
        Optional<Plane> screen = notice(PlaneType.PRIMARY, primary);
        if (screen.isPresent() && isSameBuffer(screen.get(), found.get())) {
            return Optional.empty();
        }
        noticed(PlaneType.CURSOR, found.get());
        return found;
    }

    private Optional<Plane> notice(PlaneType type, PlaneQuery query) throws LinuxException {
        Optional<Plane> plane = query.ask();
        queries++;
        if (plane.isPresent()) {
            try {
                noticed(type, plane.get());
            } catch (LinuxException e) {
                if (e.errno() != Errno.EINVAL) {
                    throw e;
                }
                // Somebody else has let go of the buffer between the two calls.
                plane = query.ask();
                queries++;
                if (plane.isPresent()) {
                    noticed(type, plane.get());
                }
            }
        }
        return plane;
    }

    /** The same memory in the same format; it may have moved on the screen. */
    static boolean isSameBuffer(Plane one, Plane other) {
        return one == other
                || one.source() == other.source()
                        && one.strideBytes() == other.strideBytes()
                        && isSameObject(one, other);
    }

    /** As intel_vgpu_pick_dmabuf_by_info() compares: without the stride. */
    static boolean isSameObject(Plane one, Plane other) {
        return one.sizeBytes() == other.sizeBytes()
                && one.format() == other.format()
                && one.modifier() == other.modifier()
                && one.width() == other.width()
                && one.height() == other.height();
    }

    final @Nullable PixelBuffer find(int source) {
        for (int i = 0; i < buffers.size(); i++) {
            if (buffers.get(i).source == source) {
                return buffers.get(i);
            }
        }
        return null;
    }

    final void seen(PixelBuffer buffer, PlaneType type) {
        buffer.seenAs = type;
        buffer.lastSeen = ++sightings;
    }

    final boolean allows(CapturePath path) {
        return options.path().isEmpty() || options.path().get() == path;
    }

    final void exclude(Map<CapturePath, String> reasons, CapturePath path) {
        if (!allows(path)) {
            reasons.put(path, "the options want " + options.path().orElseThrow());
        }
    }

    long queries() {
        lock.lock();
        try {
            return queries;
        } finally {
            lock.unlock();
        }
    }

    int held() {
        lock.lock();
        try {
            return buffers.size();
        } finally {
            lock.unlock();
        }
    }

    int mapped() {
        lock.lock();
        try {
            int count = 0;
            for (PixelBuffer buffer : buffers) {
                Mapping mapping = buffer.mapping;
                count += mapping != null && !mapping.isClosed() ? 1 : 0;
            }
            return count;
        } finally {
            lock.unlock();
        }
    }

    /** Lets go of all buffers; those that are being read go when that ends. Does not wait for it. */
    @Override
    public void close() {
        lock.lock();
        try {
            if (!closed) {
                closed = true;
                buffers.forEach(PixelBuffer::dropForGood);
                buffers.clear();
                primary.close();
                cursor.close();
                endWhenUnused();
            }
        } finally {
            lock.unlock();
        }
    }
}
