package io.vfio4j.emulator;

import io.vfio4j.emulator.DisplayTrigger.Flip;
import java.util.Objects;
import java.util.function.Supplier;

/**
 * The guest in a vGPU: what its graphics driver does to the display engine. Acts at once, on the calling thread; what a vblank
 * is needed for happens at the next one. Safe for use by any thread.
 */
public final class EmulatedGuest {
    private final Kernel kernel;
    private final VgpuDriver driver;

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
     * @throws IllegalStateException for a device that has one mode only
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
     * vblank's own signal was posted.
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
     */
    public int pixel(int x, int y) {
        return locked(() -> driver.display().primary(Pipe.A).front().pixel(x, y) & 0xff_ffff);
    }

    /**
     * What a viewer can see at best at a place of the screen that pipe A shows: {@link #pixel} as it is left by the framebuffer's
     * format, of which a YUV format also mixes the colours of two pixels. Formats of fewer than 8 bits a colour are widened as a
     * GPU does it, to the nearest of 256 values; who repeats the highest bits instead is off by one at some.
     *
     * @param x from the left
     * @param y from the top
     * @return the colour, 0xRRGGBB
     */
    public int shownPixel(int x, int y) {
        return locked(() -> driver.display().primary(Pipe.A).front().shownPixel(x, y) & 0xff_ffff);
    }

    /**
     * What the guest has drawn at a place of the cursor image of pipe A, which is 64 pixels wide and high.
     *
     * @param x from the left
     * @param y from the top
     * @return the colour, 0xAARRGGBB
     */
    public int cursorPixel(int x, int y) {
        return locked(() -> driver.display().cursorPlane(Pipe.A).front().pixel(x, y));
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
