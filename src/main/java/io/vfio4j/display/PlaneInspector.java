package io.vfio4j.display;

import io.vfio4j.display.pixels.Screen;
import io.vfio4j.linux.ClosedException;
import io.vfio4j.linux.LinuxException;
import io.vfio4j.vfio.Plane;
import io.vfio4j.vfio.PlaneType;
import java.util.Optional;

/**
 * Asks the driver what the primary plane scans out, and compares with what it said last. One call at a time; not bound to a thread,
 * because a query can be slow.
 */
final class PlaneInspector {
    private final Screen screen;
    private Optional<Plane> last = Optional.empty();
    private boolean asked;

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

    PlaneInspector(Screen screen) {
        this.screen = screen;
    }

    synchronized Finding look() throws LinuxException {
        Optional<Plane> plane;
        try {
            plane = screen.plane(PlaneType.PRIMARY);
        } catch (ClosedException displayEnded) {
            return new Finding(last, BufferChange.NOT_QUERIED);
        }
        boolean same = asked && plane.equals(last);
        asked = true;
        last = plane;
        return new Finding(plane, same ? BufferChange.SAME_BUFFER : BufferChange.NEW_BUFFER);
    }
}
