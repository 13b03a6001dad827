package io.vfio4j.display.pixels;

import io.vfio4j.linux.ClosedException;
import io.vfio4j.linux.Descriptor;
import io.vfio4j.linux.LinuxException;
import io.vfio4j.mdev.MdevDevice;
import io.vfio4j.vfio.Plane;
import io.vfio4j.vfio.PlaneAccess;
import io.vfio4j.vfio.PlaneType;
import io.vfio4j.vfio.VfioDevice;
import java.io.IOException;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * What a display shows, as pixels.
 *
 * <p>Of the ways to the pixels the first that works is taken: the device's region, mapped, then read; a dma-buf, mapped, then imported by
 * a GPU. Where a mapping is refused for good that is remembered for the device, and logged once; {@link Frame#path} and {@link #stats}
 * tell. A tiled buffer that is mapped is put in order here, on the assumption that the memory's bit 6 is not swizzled ({@code
 * I915_BIT_6_SWIZZLE_NONE}), as it is on every GPU of GVT-g.
 *
 * <p>The newest five buffers of each plane are kept open, mapped or imported, because a driver gives a framebuffer another number once nobody
 * holds it; older ones are let go.
 *
 * <p>Any thread may call; a frame or cursor is filled by one at a time. Methods block while the driver answers, memory is copied, and a
 * GPU reads; the first picture that takes a GPU waits until it has started. So on a loop's thread only where the pixels can be mapped,
 * or nobody else needs the loop.
 */
public final class Screen implements AutoCloseable {
    private static final Map<CapturePath, Optional<CapturePath>> PATHS = new EnumMap<>(CapturePath.class);

    static {
        for (CapturePath path : CapturePath.values()) {
            PATHS.put(path, Optional.of(path));
        }
    }

    private final VfioDevice device;
    private final ScreenOptions options;
    private final Witness witness;
    private final Optional<RegionPlanes> regions;
    private final Optional<DmaBufPlanes> dmaBufs;
    /** In the order in which they are tried. */
    private final List<Planes> ways = new ArrayList<>(2);

    private final boolean dropsSigns;
    private final AtomicLong captures = new AtomicLong();
    private volatile boolean closed;

    private Screen(
            VfioDevice device, Set<PlaneAccess> access, boolean mayFetch, ScreenOptions options, Witness witness) {
        this.device = device;
        this.options = options;
        this.witness = witness;
        this.regions =
                access.contains(PlaneAccess.REGION) ? Optional.of(new RegionPlanes(device, options)) : Optional.empty();
        this.dmaBufs = access.contains(PlaneAccess.DMABUF)
                ? Optional.of(new DmaBufPlanes(device, mayFetch, options))
                : Optional.empty();
        regions.ifPresent(ways::add);
        dmaBufs.ifPresent(ways::add);
        this.dropsSigns = device.mdev().map(MdevDevice::isGvtG).orElse(false);
    }

    /**
     * Makes the screen of a device; that of a {@link io.vfio4j.display.Display} is made by the display. One for each device: it holds what
     * the driver counts once.
     *
     * @param device stays the caller's, who closes it after the screen
     * @param access what the device offers: {@link VfioDevice#planeAccess}
     * @param mayFetch whether dma-bufs may be fetched: on a device that is not ours it could make the owner's next fetch fail
     * @param options how to read
     * @param witness tells whether the guest flipped meanwhile
     * @return the screen; the caller closes it
     */
    public static Screen of(
            VfioDevice device, Set<PlaneAccess> access, boolean mayFetch, ScreenOptions options, Witness witness) {
        if (access.isEmpty()) {
            throw new IllegalArgumentException(device.name() + " has no planes");
        }
        return new Screen(device, access, mayFetch, options, witness);
    }

    /**
     * Reads what the guest shows, without the cursor.
     *
     * @param into gets the picture; stays as it is where there is none, and is empty after an exception
     * @return false when nothing is scanned out, which is a state and no error
     * @throws UnusablePlaneException when what the driver says of the plane cannot be
     * @throws UnreadablePixelsException when no way leads to the pixels, with the reason for each
     * @throws LinuxException what the driver says; EFAULT when the memory behind the picture is gone
     * @throws IOException any other failure of a GPU
     * @throws ClosedException when the screen, its device or the frame is closed
     */
    public boolean capture(Frame into) throws IOException {
        return capture(PlaneType.PRIMARY, into);
    }

    /**
     * Reads what the guest shows into a new frame. Who reads often uses {@link #capture(Frame)}.
     *
     * @return the picture, which belongs to the caller; empty when nothing is scanned out
     * @throws IOException as {@link #capture(Frame)}
     */
    public Optional<Frame> capture() throws IOException {
        Frame frame = new Frame();
        return capture(frame) ? Optional.of(frame) : Optional.empty();
    }

    /**
     * Reads the hardware cursor.
     *
     * @param into gets image and position; where there is none it is hidden, and its image stays as it is
     * @return whether it is visible
     * @throws IOException as {@link #capture(Frame)}
     * @throws ClosedException when the screen, its device or the cursor is closed
     */
    public boolean cursor(Cursor into) throws IOException {
        into.hide();
        if (!capture(PlaneType.CURSOR, into.image())) {
            return false;
        }
        Plane plane = into.image().plane().orElseThrow();
        Optional<Plane> screen = dropsSigns ? plane(PlaneType.PRIMARY) : Optional.empty();
        into.show(
                plane,
                dropsSigns,
                screen.map(Plane::width).orElse(0),
                screen.map(Plane::height).orElse(0));
        return true;
    }

    /**
     * Reads the hardware cursor into a new object.
     *
     * @return the cursor, which belongs to the caller; empty when the guest shows none
     * @throws IOException as {@link #capture(Frame)}
     */
    public Optional<Cursor> cursor() throws IOException {
        Cursor cursor = new Cursor();
        return cursor(cursor) ? Optional.of(cursor) : Optional.empty();
    }

    /**
     * Lends the pixels of what the guest shows, where they are, without a copy: where they are linear XRGB8888 or ARGB8888, and can be
     * mapped.
     *
     * @param borrower reads them, on this thread, before this method returns
     * @return what is known of the time in which it did; empty when it was not called, because nothing is scanned out, or because
     *     there is only {@link #capture(Frame) another way}
     * @throws IOException as {@link #capture(Frame)}
     * @throws ClosedException when the screen or its device is closed
     */
    public Optional<Evidence> lend(PixelBorrower borrower) throws IOException {
        long begun = witness.begin(PlaneType.PRIMARY);
        for (Planes planes : ways) {
            Sighting sighting = new Sighting();
            if (!isAllowed(planes) || !planes.sight(PlaneType.PRIMARY, sighting)) {
                continue;
            }
            PixelBuffer buffer = sighting.require();
            try {
                Plane plane = sighting.plane.orElseThrow();
                Layout layout = buffer.layout(device.name(), plane, options);
                if (layout.isPlain() && planes.lend(buffer, layout, borrower)) {
                    return Optional.of(afterwards(planes, PlaneType.PRIMARY, plane, begun));
                }
            } catch (LinuxException gone) {
                planes.forget(buffer);
                throw gone;
            } finally {
                planes.unpin(buffer);
            }
        }
        return Optional.empty();
    }

    /**
     * Finds out whether the guest still shows a picture that was read before, without reading it into a frame, which takes half the
     * time. The highest byte of a pixel, which has no meaning in XRGB8888, is compared too.
     *
     * @param last from this screen; stays as it is
     * @param part which part is compared: of each so many bands, some lines high, this one, from 0 on
     * @param parts how many parts there are; 1 to compare everything
     * @return true when every pixel of the part is the same, and the guest did not flip meanwhile as far as is known; false also where there is
     *     only {@link #capture(Frame) another way} to find out
     * @throws IOException as {@link #capture(Frame)}
     * @throws ClosedException when the screen, its device or the frame is closed
     */
    public boolean shows(Frame last, int part, int parts) throws IOException {
        last.requireOpen();
        requireOpen();
        if (part < 0 || part >= parts) {
            throw new IllegalArgumentException("part " + part + " of " + parts);
        }
        if (last.isEmpty() || last.plane().isEmpty()) {
            return false;
        }
        long begun = witness.begin(PlaneType.PRIMARY);
        for (Planes planes : ways) {
            Sighting sighting = last.filling().sighting;
            if (!isAllowed(planes) || !planes.sight(PlaneType.PRIMARY, sighting)) {
                continue;
            }
            PixelBuffer buffer = sighting.require();
            try {
                Plane plane = sighting.plane.orElseThrow();
                Layout layout = buffer.layout(device.name(), plane, options);
                return layout.isPlain()
                        && sighting.plane.equals(last.plane())
                        && planes.isSame(buffer, layout, last, part, parts)
                        && afterwards(planes, PlaneType.PRIMARY, plane, begun).consistency() != Consistency.OVERTAKEN;
            } catch (LinuxException gone) {
                planes.forget(buffer);
                throw gone;
            } finally {
                sighting.forget();
                planes.unpin(buffer);
            }
        }
        return false;
    }

    /**
     * Hands out the dma-buf that a plane is in.
     *
     * @param type which plane
     * @return the buffer, which belongs to the caller; empty when nothing is scanned out
     * @throws UnreadablePixelsException when the device has no dma-bufs, or they may not be fetched because it is shared
     * @throws LinuxException what the driver says
     * @throws ClosedException when the screen or its device is closed
     */
    public Optional<DmaBuf> dmaBuf(PlaneType type) throws IOException {
        DmaBufPlanes planes = dmaBufs.orElseThrow(() -> new UnreadablePixelsException(
                device.name(), Map.of(CapturePath.DMABUF_MAPPED, "the device has no dma-bufs")));
        Sighting sighting = new Sighting();
        if (!planes.sight(type, sighting)) {
            return Optional.empty();
        }
        DmaBufPlanes.Buffer buffer = (DmaBufPlanes.Buffer) sighting.require();
        Plane plane = sighting.plane.orElseThrow();
        try {
            Descriptor copy = device.systemCalls()
                    .duplicate(buffer.descriptor(), buffer.descriptor().description());
            planes.handOut(buffer);
            return Optional.of(new DmaBuf(plane, copy, buffer.realSize(), () -> planes.takeBack(buffer)));
        } finally {
            planes.unpin(buffer);
        }
    }

    /**
     * Asks what a plane shows, and nothing more.
     *
     * @param type which plane
     * @return what the driver says, unchecked; empty when nothing is scanned out
     * @throws LinuxException what the driver says
     * @throws ClosedException when the screen or its device is closed
     */
    public Optional<Plane> plane(PlaneType type) throws LinuxException {
        // The last is the one that tells framebuffers apart, where there are two.
        return ways.get(ways.size() - 1).look(type);
    }

    /**
     * What happened so far, and what is held.
     *
     * @return numbers that were each true a moment ago
     */
    public ScreenStats stats() {
        return new ScreenStats(
                captures.get(),
                ways.stream().mapToLong(Planes::queries).sum(),
                dmaBufs.map(Planes::held).orElse(0),
                ways.stream().mapToInt(Planes::mapped).sum(),
                dmaBufs.map(DmaBufPlanes::imported).orElse(0),
                dmaBufs.flatMap(DmaBufPlanes::mappingRefusal).or(() -> regions.flatMap(RegionPlanes::mappingRefusal)),
                dmaBufs.flatMap(DmaBufPlanes::gpuName));
    }

    private boolean capture(PlaneType type, Frame into) throws IOException {
        into.requireOpen();
        requireOpen();
        boolean success = false;
        try {
            boolean shown = read(type, into);
            success = true;
            return shown;
        } finally {
            if (!success) {
                into.forget();
            }
        }
    }

    private boolean read(PlaneType type, Frame into) throws IOException {
        @Nullable UnreadablePixelsException unreadable = null;
        for (int i = 0; i < ways.size(); i++) {
            try {
                if (isAllowed(ways.get(i))) {
                    return read(ways.get(i), type, into);
                }
            } catch (UnreadablePixelsException e) {
                unreadable = unreadable == null ? e : unreadable.and(e);
            }
        }
        if (unreadable != null) {
            throw unreadable;
        }
        throw new UnreadablePixelsException(
                device.name(), Map.of(options.path().orElseThrow(), "the device does not offer its planes that way"));
    }

    private boolean isAllowed(Planes planes) {
        return options.path().isEmpty() || planes.offers(options.path().get());
    }

    private boolean read(Planes planes, PlaneType type, Frame into) throws IOException {
        Sighting sighting = into.filling().sighting;
        long nanoTime = device.systemCalls().nanoTime();
        long begun = witness.begin(type);
        if (!planes.sight(type, sighting)) {
            return false;
        }
        PixelBuffer buffer = sighting.require();
        try {
            Optional<Plane> shown = sighting.plane;
            Plane plane = shown.orElseThrow();
            Layout layout = buffer.layout(device.name(), plane, options);
            CapturePath path = planes.read(buffer, plane, layout, into);
            Evidence evidence = afterwards(planes, type, plane, begun);
            into.captured(shown, PATHS.get(path), evidence, captures.incrementAndGet(), nanoTime);
            return true;
        } catch (LinuxException gone) {
            planes.forget(buffer);
            throw gone;
        } finally {
            sighting.forget();
            planes.unpin(buffer);
        }
    }

    /** The driver is asked first, so that an event of what changed before the answer is not missed. */
    private Evidence afterwards(Planes planes, PlaneType type, Plane before, long begun) {
        Optional<Plane> after;
        try {
            after = planes.look(type);
        } catch (LinuxException e) {
            return Evidence.NOT_ASKED_AGAIN;
        }
        Evidence seen = witness.end(type, begun);
        if (after.isEmpty() || !Planes.isSameBuffer(before, after.get())) {
            return Evidence.PLANE_CHANGED;
        }
        return seen;
    }

    private void requireOpen() {
        if (closed) {
            throw new ClosedException("screen of " + device.name());
        }
    }

    /**
     * Lets go of all buffers, mappings and of the GPU; what is being read on other threads ends, or fails, by itself. Does not wait for
     * that, nor for the GPU, which closes when it has ended what it is doing. Dma-bufs that were handed out stay open. Further calls do nothing.
     */
    @Override
    public void close() {
        closed = true;
        ways.forEach(Planes::close);
    }
}
