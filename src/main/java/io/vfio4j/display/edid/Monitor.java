package io.vfio4j.display.edid;

import io.vfio4j.linux.LinuxException;
import io.vfio4j.linux.uapi.Vfio;
import io.vfio4j.vfio.VfioDevice;
import java.io.IOException;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * The monitor that a vGPU's guest has plugged in: the device's EDID region.
 *
 * <p>Guests look at a monitor when it is plugged in, and mostly take the mode that it prefers. So another mode is another monitor:
 * unplugged, its EDID exchanged, plugged in again. {@code Display.setMode} does that, and waits in between, because a guest may
 * not notice a monitor that was away for no time at all.
 *
 * <p>Safe for use by any thread. No method waits for anything but the driver. It works as long as its device is open, and has nothing
 * to close. Somebody else who uses the same device, mostly a VMM with a display of its own, may exchange the EDID at any time; nobody is
 * told.
 */
public final class Monitor {
    private final EdidRegion region;
    private final ReentrantLock lock = new ReentrantLock();

    private @Nullable Exchange pending;

    private Monitor(EdidRegion region) {
        this.region = region;
    }

    /**
     * What was plugged in.
     *
     * @param linkState the register
     * @param blob the EDID's bytes, as many as there were
     */
    private record Plugged(int linkState, byte[] blob) {}

    /**
     * Looks for a device's EDID region.
     *
     * @param device stays the caller's, who keeps it open as long as the monitor is used
     * @return empty where the device has none
     * @throws IOException what the driver says of its regions
     */
    public static Optional<Monitor> of(VfioDevice device) throws IOException {
        return EdidRegion.find(device).map(Monitor::new);
    }

    /**
     * What the monitor says of itself, also while it is unplugged.
     *
     * @return empty where nobody has said so yet; see {@link Edid#problems} for whether it is sound
     * @throws IOException what the driver says, a {@link MalformedEdidException}, or a malformed answer
     */
    public Optional<Edid> edid() throws IOException {
        lock.lock();
        try {
            byte[] blob = region.blob();
            boolean blank = blob.length == 0 || new Block(blob, 0, blob.length).isBlank();
            return blank ? Optional.empty() : Optional.of(Edid.parseLeniently(blob));
        } finally {
            lock.unlock();
        }
    }

    /**
     * The largest mode that the device can show.
     *
     * @return what the device says
     * @throws IOException what the driver says
     */
    public MonitorLimits limits() throws IOException {
        lock.lock();
        try {
            return new MonitorLimits(
                    pixels(region.register(Vfio.RegionGfxEdid.MAX_XRES)),
                    pixels(region.register(Vfio.RegionGfxEdid.MAX_YRES)));
        } finally {
            lock.unlock();
        }
    }

    private static int pixels(int unsigned) {
        return unsigned < 0 ? Integer.MAX_VALUE : unsigned;
    }

    /**
     * Whether the monitor is plugged in.
     *
     * @return false after {@link #disconnect}. Before anybody has said whether, it is if it has an EDID.
     * @throws IOException what the driver says
     */
    public boolean linkUp() throws IOException {
        lock.lock();
        try {
            return switch (region.register(Vfio.RegionGfxEdid.LINK_STATE)) {
                case Vfio.VFIO_DEVICE_GFX_LINK_STATE_UP -> true;
                case Vfio.VFIO_DEVICE_GFX_LINK_STATE_DOWN -> false;
                // GVT-g begins with 0 and an EDID that its guest sees; mbochs with 0 and none.
                default -> region.register(Vfio.RegionGfxEdid.EDID_SIZE) != 0;
            };
        } finally {
            lock.unlock();
        }
    }

    /**
     * Unplugs the monitor, exchanges its EDID, and plugs it in again at once. Where the device refuses that, what was before is restored as
     * far as possible.
     *
     * @param edid also one with problems, which the device may refuse
     * @throws IllegalArgumentException when the EDID is longer than the device takes
     * @throws LinuxException what the driver says, with what was being done; GVT-g says EFAULT whatever is wrong
     * @throws IOException also a malformed answer
     */
    public void connect(Edid edid) throws IOException {
        lock.lock();
        try {
            exchange(edid).plugIn();
        } finally {
            lock.unlock();
        }
    }

    /**
     * Unplugs the monitor, and exchanges its EDID. It stays unplugged until {@link Exchange#plugIn}. Another exchange meanwhile
     * takes the place of this one.
     *
     * @param edid also one with problems, which the device may refuse
     * @return to plug it in
     * @throws IllegalArgumentException when the EDID is longer than the device takes
     * @throws LinuxException what the driver says, with what was being done; what was before is restored as far as possible
     * @throws IOException also a malformed answer
     */
    public Exchange exchange(Edid edid) throws IOException {
        lock.lock();
        try {
            byte[] blob = edid.bytes();
            int most = region.mostBytes();
            if (blob.length > most) {
                throw new IllegalArgumentException("the EDID has " + blob.length + " bytes, and " + region.deviceName()
                        + " takes at most " + most);
            }
            Plugged before = pending != null
                    ? pending.before
                    : new Plugged(region.register(Vfio.RegionGfxEdid.LINK_STATE), region.blob());
            Exchange exchange = new Exchange(edid, before);
            step(
                    "The monitor was to be unplugged, which every device with an EDID region should allow.",
                    () -> region.setRegister(Vfio.RegionGfxEdid.LINK_STATE, Vfio.VFIO_DEVICE_GFX_LINK_STATE_DOWN));
            pending = exchange;
            exchange.attempt(
                    "An EDID of " + blob.length + " bytes was to be written, of which the device said that it takes "
                            + most + ".",
                    () -> region.setBlob(blob));
            return exchange;
        } finally {
            lock.unlock();
        }
    }

    /**
     * Unplugs the monitor. Its EDID stays.
     *
     * @throws IOException what the driver says
     */
    public void disconnect() throws IOException {
        lock.lock();
        try {
            pending = null;
            region.setRegister(Vfio.RegionGfxEdid.LINK_STATE, Vfio.VFIO_DEVICE_GFX_LINK_STATE_DOWN);
        } finally {
            lock.unlock();
        }
    }

    private interface Step {
        void take() throws IOException;
    }

    /** Drivers say little of what they do not like, so it is said what was done. */
    private static void step(String advice, Step step) throws IOException {
        try {
            step.take();
        } catch (LinuxException e) {
            throw e.withAdvice(advice);
        }
    }

    /** A monitor that is unplugged, with another EDID: what remains is to plug it in. */
    public final class Exchange {
        private final Edid edid;
        private final Plugged before;

        private Exchange(Edid edid, Plugged before) {
            this.edid = edid;
            this.before = before;
        }

        /**
         * The monitor's new EDID.
         *
         * @return what was exchanged
         */
        public Edid edid() {
            return edid;
        }

        /**
         * Whether another exchange has taken its place, or it is over: plugged in, refused, or the monitor disconnected.
         *
         * @return whether {@link #plugIn} would do nothing
         */
        public boolean isOver() {
            lock.lock();
            try {
                return pending != this;
            } finally {
                lock.unlock();
            }
        }

        /**
         * Plugs the monitor in. Does nothing where {@link #isOver}.
         *
         * @throws LinuxException when the device refuses; what was before is restored as far as possible
         * @throws IOException also a malformed answer
         */
        public void plugIn() throws IOException {
            lock.lock();
            try {
                if (pending != this) {
                    return;
                }
                attempt(
                        "The monitor was to be plugged in, and the device does not like its EDID"
                                + (edid.problems().isEmpty() ? "" : ": " + String.join("; ", edid.problems())) + ".",
                        Monitor.this::linkUpNow);
                pending = null;
            } finally {
                lock.unlock();
            }
        }

        private void attempt(String advice, Step step) throws IOException {
            try {
                step(advice, step);
            } catch (IOException | RuntimeException e) {
                pending = null;
                restore(e);
                throw e;
            }
        }

        private void restore(Exception refusal) {
            try {
                region.setBlob(before.blob);
                boolean wasUp = before.linkState == Vfio.VFIO_DEVICE_GFX_LINK_STATE_UP
                        || before.linkState != Vfio.VFIO_DEVICE_GFX_LINK_STATE_DOWN && before.blob.length > 0;
                if (wasUp) {
                    linkUpNow();
                }
            } catch (IOException | RuntimeException alsoRefused) {
                refusal.addSuppressed(alsoRefused);
            }
        }
    }

    private void linkUpNow() throws IOException {
        region.setRegister(Vfio.RegionGfxEdid.LINK_STATE, Vfio.VFIO_DEVICE_GFX_LINK_STATE_UP);
    }
}
