package io.vfio4j.emulator;

import io.vfio4j.emulator.DisplayTrigger.Flip;
import java.util.List;
import java.util.Objects;
import java.util.function.Supplier;

/**
 * The guest in a vGPU: what its graphics driver does to the display engine. Acts at once, on the calling thread; what a vblank
 * is needed for happens at the next one. Safe for use by any thread.
 */
public final class EmulatedGuest {
    /**
     * A part of the screen.
     *
     * @param x its left edge
     * @param y its top edge
     * @param width in pixels
     * @param height in pixels
     */
    public record Area(int x, int y, int width, int height) {}

    private final Kernel kernel;
    private final VgpuDriver driver;
    private final DirtyAreas dirtyAreas = new DirtyAreas();

    EmulatedGuest(Kernel kernel, VgpuDriver driver) {
        this.kernel = kernel;
        this.driver = driver;
    }

    /** Draws the next frame into another framebuffer and shows it, on pipe A: a write of the plane's base address. */
    public void flip() {
        flip(Pipe.A);
    }

    /**
     * Draws the next frame into another framebuffer and shows it at the vblank: a write of the plane's base address.
     *
     * @param pipe where
     */
    public void flip(Pipe pipe) {
        locked(() -> driver.flip(pipe, Flip.SYNC));
    }

    /**
     * Flips without waiting for the vblank.
     *
     * @param pipe where
     */
    public void flipAsync(Pipe pipe) {
        locked(() -> driver.flip(pipe, Flip.ASYNC));
    }

    /**
     * Flips by MI_DISPLAY_FLIP in the command stream.
     *
     * @param pipe where
     * @param async whether it waits for the vblank
     */
    public void flipByCommand(Pipe pipe, boolean async) {
        locked(() -> driver.flip(pipe, async ? Flip.COMMAND_ASYNC : Flip.COMMAND));
    }

    /** Gives the cursor of pipe A another image, and shows it: a write of the cursor's base address. */
    public void cursor() {
        cursor(Pipe.A);
    }

    /**
     * Gives the cursor another image, and shows it: a write of the cursor's base address.
     *
     * @param pipe where
     */
    public void cursor(Pipe pipe) {
        locked(() -> driver.updateCursor(pipe, Flip.SYNC));
    }

    /**
     * As {@link #cursor(Pipe)}, without waiting for the vblank.
     *
     * @param pipe where
     */
    public void cursorAsync(Pipe pipe) {
        locked(() -> driver.updateCursor(pipe, Flip.ASYNC));
    }

    /**
     * Moves the cursor of pipe A: a write of the position register, which no driver traps, so there is no event.
     *
     * @param x the left edge, negative beyond the screen's edge
     * @param y the top edge, likewise
     */
    public void moveCursor(int x, int y) {
        locked(() -> driver.display().moveCursor(Pipe.A, x, y));
    }

    /**
     * Tells the host which pixel of the cursor points, by two registers of PVINFO: one for all pipes, and no event. Before that it
     * is unknown. GVT-g passes it on as long as it is not beyond the cursor's size.
     *
     * @param x from the left; -1 for unknown
     * @param y from the top; -1 for unknown
     */
    public void cursorHotspot(int x, int y) {
        locked(() -> driver.display().setHotspot(x, y));
    }

    /**
     * Changes the size of the cursor on all pipes: another image, and a flip of each cursor that is shown.
     *
     * @param pixels its width and height: 64, 128 or 256
     */
    public void cursorSize(int pixels) {
        if (pixels != 64 && pixels != 128 && pixels != 256) {
            throw new IllegalArgumentException("a cursor of " + pixels + " pixels, which is 64, 128 or 256");
        }
        locked(() -> driver.setCursorSize(pixels));
    }

    /** Hides the cursor of pipe A, where there is none at the start either. */
    public void hideCursor() {
        locked(() -> driver.display().hideCursor(Pipe.A));
    }

    /**
     * Turns a pipe on or off.
     *
     * @param pipe which
     * @param on whether it scans out
     */
    public void pipe(Pipe pipe, boolean on) {
        locked(() -> driver.setPipe(pipe, on));
    }

    /**
     * Changes the size of the screen on all pipes: other framebuffers, and a flip on each pipe that is on.
     *
     * @param width in pixels
     * @param height in pixels
     * @throws IllegalStateException for a device that has one mode only, or no memory for it
     */
    public void setMode(int width, int height) {
        VgpuProfile.checkSize(width, height);
        locked(() -> driver.setMode(width, height));
    }

    /**
     * Changes format and layout of the screen on all pipes: other framebuffers, and a flip on each pipe that is on.
     *
     * @param format of each pixel
     * @param tiling of the framebuffers
     * @throws IllegalStateException for a device that has one format only
     */
    public void setFormat(EmulatedFormat format, EmulatedTiling tiling) {
        Objects.requireNonNull(format, "format");
        Objects.requireNonNull(tiling, "tiling");
        locked(() -> driver.setFormat(format, tiling));
    }

    /** Draws a character cell into the framebuffer that pipe A shows: no register is written, so there is no event. */
    public void draw() {
        draw(1);
    }

    /**
     * Draws character cells into the framebuffer that pipe A shows.
     *
     * @param cells how many
     */
    public void draw(int cells) {
        locked(() -> {
            for (int i = 0; i < cells; i++) {
                driver.display().draw(Pipe.A);
            }
        });
    }

    /**
     * Does something by itself from now on, instead of what it did before: acts at once, and then in each vblank, after the
     * vblank's own signal was posted. {@linkplain VgpuProfile#withOvercommit Where its vCPUs wait for processors}, when it has
     * drawn the frame of a vblank; and what it was drawing before is never shown.
     *
     * @param scenario what
     */
    public void run(Scenario scenario) {
        locked(() -> driver.follow(Scripts.of(scenario, kernel, driver)));
    }

    /** Does nothing by itself any more. */
    public void stop() {
        locked(() -> driver.follow(GuestScript.NOTHING));
    }

    /**
     * The screen's width.
     *
     * @return in pixels
     */
    public int width() {
        return locked(driver.display()::width);
    }

    /**
     * The screen's height.
     *
     * @return in pixels
     */
    public int height() {
        return locked(driver.display()::height);
    }

    /**
     * The refresh rate of the guest's mode: that of the profile, then what the last monitor preferred. Vblanks come at this rate from
     * the ports, mainline and the samples; the drivers of 2019 have 62.5 Hz whatever the guest wants.
     *
     * @return in Hz
     */
    public int refreshRate() {
        return locked(driver::refreshRate);
    }

    /**
     * Whether the guest sees a monitor: whether the link of the EDID region is up.
     *
     * @return true at the start, but for mbochs; always true for a device without such a region
     */
    public boolean monitorConnected() {
        return locked(driver::monitorIsConnected);
    }

    /**
     * How many pictures pipe A has shown: its flips and mode changes.
     *
     * @return 0 at the start
     */
    public long frame() {
        return locked(() -> driver.display().primary(Pipe.A).frame());
    }

    /**
     * What the guest has drawn at a place of the screen that pipe A shows.
     *
     * @param x from the left
     * @param y from the top
     * @return the colour, 0xRRGGBB
     * @throws IllegalArgumentException outside of the screen
     */
    public int pixel(int x, int y) {
        return locked(() ->
                at(driver.display().primary(Pipe.A).front(), "screen", x, y).pixel(x, y) & 0xff_ffff);
    }

    /**
     * What a viewer can see at best at a place of the screen that pipe A shows: {@link #pixel} as it is left by the framebuffer's
     * format, of which a YUV format also mixes the colours of two pixels. Of 5 and 6 bits the highest are repeated below, of 10 the
     * lowest two are dropped; YUV is BT.601 in the limited range, and an index is a grey.
     *
     * @param x from the left
     * @param y from the top
     * @return the colour, 0xRRGGBB
     * @throws IllegalArgumentException outside of the screen
     */
    public int shownPixel(int x, int y) {
        return locked(() ->
                at(driver.display().primary(Pipe.A).front(), "screen", x, y).shownPixel(x, y) & 0xff_ffff);
    }

    /**
     * Whether pipe A shows a cursor.
     *
     * @return false at the start
     */
    public boolean cursorVisible() {
        return locked(() -> driver.display().cursorVisible(Pipe.A));
    }

    /**
     * Where the cursor of pipe A is.
     *
     * @return its left edge, with the sign that GVT-g drops
     */
    public int cursorX() {
        return locked(() -> driver.display().cursorX(Pipe.A));
    }

    /**
     * Where the cursor of pipe A is.
     *
     * @return its top edge, with the sign that GVT-g drops
     */
    public int cursorY() {
        return locked(() -> driver.display().cursorY(Pipe.A));
    }

    /**
     * The cursor's width and height.
     *
     * @return 64 at the start
     */
    public int cursorSize() {
        return locked(driver.display()::cursorSize);
    }

    /**
     * Tells what the guest has changed of the screen that is shown, that of the first pipe that is on, since this was called last.
     *
     * @return areas, which may overlap: every pixel that looks different is in one of them, and each has one on each of its edges.
     *     The whole screen at the first call, and where its size or format is another one or nothing was shown before; none while
     *     nothing is shown. What somebody else has written into the memory is not in it
     */
    public List<Area> takeDirtyAreas() {
        return locked(() -> dirtyAreas.next(driver.shown()));
    }

    /**
     * What the guest has drawn at a place of the cursor image of pipe A.
     *
     * @param x from the left
     * @param y from the top
     * @return the colour, 0xAARRGGBB
     * @throws IllegalArgumentException outside of the cursor
     */
    public int cursorPixel(int x, int y) {
        return locked(() ->
                at(driver.display().cursorPlane(Pipe.A).front(), "cursor", x, y).pixel(x, y));
    }

    /**
     * How the guest kept pace with its display so far, where its vCPUs wait for processors: {@link VgpuProfile#withOvercommit}.
     *
     * @return counts that only grow; all 0 for a guest that answers at once
     */
    public FrameTiming frameTiming() {
        return locked(() -> driver.frames().timing());
    }

    /**
     * Takes the frames whose fate is known, each once: the driver has signalled them, or has had the occasion to.
     *
     * @return in the order of their flips, since this was called last; of more than 65,536 the last ones. Empty for a guest that
     *     answers at once
     */
    public List<GuestFrame> takeFrames() {
        return locked(() -> driver.frames().take());
    }

    private static Framebuffer at(Framebuffer framebuffer, String what, int x, int y) {
        if (x < 0 || y < 0 || x >= framebuffer.width() || y >= framebuffer.height()) {
            throw new IllegalArgumentException(x + "," + y + " is outside of the " + what + ", which is "
                    + framebuffer.width() + "x" + framebuffer.height());
        }
        return framebuffer;
    }

    private <T> T locked(Supplier<T> body) {
        kernel.lock();
        try {
            return body.get();
        } finally {
            kernel.unlock();
        }
    }

    private void locked(Runnable body) {
        kernel.lock();
        try {
            body.run();
        } finally {
            kernel.unlock();
        }
    }
}
