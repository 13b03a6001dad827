package io.vfio4j.emulator;

import java.util.Optional;
import java.util.OptionalLong;

/** What the drivers of all emulated vGPUs have in common: a guest that is shown, and vblanks that it waits for. */
abstract class VgpuDriver implements DeviceDriver {
    private final Kernel kernel;
    private final VgpuProfile profile;
    private final DisplayTrigger trigger;
    private final GuestDisplay display;
    private final FrameLog frames = new FrameLog();
    /** Empty for a guest that answers at once. */
    private final Optional<GuestSchedule> schedule;

    private GuestScript script = GuestScript.NOTHING;
    private boolean open;
    private boolean stepped;
    private long vblanks;
    private int refreshRate;

    VgpuDriver(Kernel kernel, VgpuProfile profile, GuestDisplay display) {
        this.kernel = kernel;
        this.profile = profile;
        this.trigger = new DisplayTrigger(profile, kernel);
        this.display = display;
        this.refreshRate = profile.refreshRate();
        this.schedule = profile.model().map(model -> new GuestSchedule(kernel, model, this::flipFrame));
    }

    /** Refuses a pipe that the device does not have. */
    void requirePipe(Pipe pipe) {}

    /** The guest is about to have a screen of a size; refuses what the device has no memory for. */
    void prepareMode(int width, int height) {}

    /** The guest shows another framebuffer, or turns a pipe on or off. */
    void scanoutChanged() {}

    /** The guest is about to do something by itself. */
    void startGuest() {}

    /** Whether the guest sees a monitor. */
    boolean monitorIsConnected() {
        return true;
    }

    /** Calls that would have crashed or corrupted the kernel. */
    abstract int forbiddenCalls();

    /** Disarmings that a vblank may have met. */
    abstract int hastyDisarms();

    /** References to eventfds that were lost by arming twice. */
    abstract int leakedContexts();

    /** Framebuffers for which there is an id. */
    abstract int framebuffers();

    final Kernel kernel() {
        return kernel;
    }

    final VgpuProfile profile() {
        return profile;
    }

    final DisplayTrigger trigger() {
        return trigger;
    }

    final GuestDisplay display() {
        return display;
    }

    final boolean isOpen() {
        return open;
    }

    /** Whether a vblank may come at any time. */
    final boolean vblanksRunning() {
        return !stepped && kernel.vblankTimers().hasVblanks(this);
    }

    final boolean isStepped() {
        return stepped;
    }

    final void setStepped(boolean on) {
        stepped = on;
        kernel.vblankTimers().update();
    }

    final boolean hasPipe() {
        return display.hasPipe();
    }

    /** Whether the vGPU has its own vblank timer, as in later kernels. */
    final boolean hasOwnTimer() {
        return IrqAbi.of(profile.dialect()).ownTimer();
    }

    final long vblanks() {
        return vblanks;
    }

    final SignalCounts counts() {
        return trigger.counts(vblanks);
    }

    @Override
    public void open() {
        open = true;
        kernel.vblankTimers().update();
    }

    @Override
    public void close() {
        open = false;
        kernel.vblankTimers().update();
        forgetFrames();
    }

    /**
     * One vblank: for each pipe the driver's signal first, and then what the guest does in its interrupt handler, unless it has to
     * wait for a processor.
     */
    final void vblank(long time) {
        vblanks++;
        long signalsBefore = trigger.calls();
        for (Pipe pipe : Pipe.values()) {
            boolean enabled = display.isEnabled(pipe);
            trigger.vblank(pipe, enabled);
            if (enabled && schedule.isEmpty()) {
                script.onVblank(pipe);
            }
        }
        if (schedule.isEmpty()) {
            script.afterVblank();
        } else {
            frames.signal(signalSince(signalsBefore, time));
            interrupt(
                    schedule.get(),
                    new GuestSchedule.Vblank(time, kernel.vblankTimers().period(this)));
        }
    }

    private void interrupt(GuestSchedule guest, GuestSchedule.Vblank vblank) {
        if (script != GuestScript.NOTHING && display.hasPipe() && guest.vblank(vblank)) {
            frames.vblank();
        } else {
            frames.pause();
        }
    }

    /** The guest's interrupt handler has been run, and the frame is drawn. */
    private void flipFrame(GuestSchedule.Vblank vblank, long now) {
        if (!display.hasPipe()) {
            return;
        }
        long signalsBefore = trigger.calls();
        for (Pipe pipe : Pipe.values()) {
            if (display.isEnabled(pipe)) {
                script.onVblank(pipe);
            }
        }
        script.afterVblank();
        if (trigger.signalsAtVblank()) {
            frames.flip(vblank, now, vblank.time() + vblank.period());
        } else {
            frames.flip(vblank, now, vblank.time());
            frames.signal(signalSince(signalsBefore, now));
        }
    }

    private OptionalLong signalSince(long before, long now) {
        return trigger.calls() == before ? OptionalLong.empty() : OptionalLong.of(now);
    }

    private void forgetFrames() {
        schedule.ifPresent(GuestSchedule::forget);
        leaveFrames();
    }

    /** What was flipped and not signalled yet never is. */
    private void leaveFrames() {
        frames.signal(OptionalLong.empty());
        frames.pause();
    }

    final FrameLog frames() {
        return frames;
    }

    /** The guest does something else from now on; what it was drawing is never shown. */
    final void follow(GuestScript next) {
        script.stop();
        forgetFrames();
        if (next != GuestScript.NOTHING) {
            startGuest();
            schedule.ifPresent(GuestSchedule::prepare);
        }
        script = next;
        script.start();
    }

    final void flip(Pipe pipe, DisplayTrigger.Flip how) {
        requirePipe(pipe);
        display.flip(pipe);
        scanoutChanged();
        trigger.flip(pipe, DisplayTrigger.Plane.PRIMARY, how);
    }

    final void updateCursor(Pipe pipe, DisplayTrigger.Flip how) {
        requirePipe(pipe);
        display.updateCursor(pipe);
        trigger.flip(pipe, DisplayTrigger.Plane.CURSOR, how);
    }

    /** Other images; writing their address is a flip of those that are shown. */
    final void setCursorSize(int size) {
        display.setCursorSize(size);
        for (Pipe pipe : Pipe.values()) {
            if (display.isEnabled(pipe) && display.cursorVisible(pipe)) {
                trigger.flip(pipe, DisplayTrigger.Plane.CURSOR, DisplayTrigger.Flip.SYNC);
            }
        }
    }

    /** What a query of the primary plane looks at. */
    Optional<Framebuffer> shown() {
        return display.screen();
    }

    /** Whether the guest can choose the size of its screen. */
    boolean hasModes() {
        return true;
    }

    /** Other framebuffers; writing their address is a flip. */
    final void setMode(int width, int height) {
        if (!hasModes()) {
            throw new IllegalStateException(profile.name() + " has one mode only");
        }
        prepareMode(width, height);
        display.setMode(width, height);
        flipAll();
    }

    /** The guest takes what a monitor prefers. */
    final void take(MonitorMode mode) {
        if (mode.width() != display.width() || mode.height() != display.height()) {
            setMode(mode.width(), mode.height());
        }
        if (mode.hertz() != refreshRate) {
            refreshRate = mode.hertz();
            kernel.vblankTimers().changeRate(this);
        }
    }

    /** The guest's, which is that of its vblanks where it has a timer of its own. */
    final int refreshRate() {
        return refreshRate;
    }

    final void setFormat(EmulatedFormat format, EmulatedTiling tiling) {
        if (profile.isSample()) {
            throw new IllegalStateException(profile.name() + " has linear XRGB8888 only");
        }
        display.setFormat(format, tiling);
        flipAll();
    }

    private void flipAll() {
        scanoutChanged();
        for (Pipe pipe : Pipe.values()) {
            if (display.isEnabled(pipe)) {
                trigger.flip(pipe, DisplayTrigger.Plane.PRIMARY, DisplayTrigger.Flip.SYNC);
            }
        }
    }

    final void setPipe(Pipe pipe, boolean on) {
        requirePipe(pipe);
        display.setEnabled(pipe, on);
        scanoutChanged();
        kernel.vblankTimers().update();
        if (!display.hasPipe()) {
            schedule.ifPresent(GuestSchedule::hide);
            leaveFrames();
        }
    }
}
