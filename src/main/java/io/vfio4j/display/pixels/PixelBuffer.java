package io.vfio4j.display.pixels;

import io.vfio4j.linux.Mapping;
import io.vfio4j.vfio.Plane;
import io.vfio4j.vfio.PlaneType;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Memory of the device that a plane was seen in. Held while it is kept for the next time, pinned by who reads it, or handed out; its
 * screen's lock guards the counts.
 */
abstract class PixelBuffer {
    private record Checked(Plane plane, Layout layout) {}

    final int source;
    PlaneType seenAs;
    long lastSeen;

    @Nullable
    Mapping mapping;

    /** Mappings that became too small while somebody was reading them. */
    private final List<Mapping> outgrown = new ArrayList<>(0);

    private int pins;
    private int handedOut;
    private boolean kept = true;
    private volatile @Nullable Checked checked;

    PixelBuffer(int source, PlaneType seenAs) {
        this.source = source;
        this.seenAs = seenAs;
    }

    /** How many bytes there are, whatever the plane says. */
    abstract long realSize();

    /** Nobody uses it any more. */
    abstract void release();

    /** What a plane says of this memory, checked. */
    final Layout layout(String device, Plane plane, ScreenOptions options) throws UnusablePlaneException {
        Checked last = checked;
        if (last != null && last.plane() == plane) {
            return last.layout();
        }
        Layout layout = Layout.of(device, plane, options);
        if (layout.bytes() > realSize()) {
            throw new UnusablePlaneException(
                    device, plane, "its lines need " + layout.bytes() + " bytes, its memory has " + realSize());
        }
        checked = new Checked(plane, layout);
        return layout;
    }

    final void pin() {
        pins++;
    }

    final void unpin() {
        pins--;
        if (pins == 0 && !outgrown.isEmpty()) {
            outgrown.forEach(Mapping::close);
            outgrown.clear();
        }
        releaseUnused();
    }

    /** Another mapping, or none, takes the place of the one that readers may have, which goes with the last of them. */
    final void remap(@Nullable Mapping next) {
        Mapping former = mapping;
        mapping = next;
        if (former == null) {
            return;
        }
        if (pins > 0) {
            outgrown.add(former);
        } else {
            former.close();
        }
    }

    /** Somebody has a descriptor of his own. */
    final void handOut() {
        handedOut++;
    }

    final void takeBack() {
        if (handedOut > 0) {
            handedOut--;
            releaseUnused();
        }
    }

    /** Whether it must not be let go, because somebody reads it, or because it must not be fetched a second time. */
    final boolean isInUse() {
        return pins > 0 || handedOut > 0;
    }

    /** It is not found any more, and goes when the last reader has. */
    final void drop() {
        if (kept) {
            kept = false;
            releaseUnused();
        }
    }

    /** Nothing is fetched any more: what was handed out goes on by itself. */
    final void dropForGood() {
        handedOut = 0;
        drop();
    }

    private void releaseUnused() {
        if (!kept && !isInUse()) {
            Mapping mapped = mapping;
            if (mapped != null) {
                mapped.close();
            }
            release();
        }
    }
}
