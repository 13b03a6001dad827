package io.vfio4j.contract;

import io.vfio4j.mdev.MdevDevice;
import java.io.IOException;

/** A vGPU whose guest and whose vblanks a test drives, on whichever kernel. Everything happens before a call returns. */
interface TestVgpu extends AutoCloseable {
    MdevDevice mdev() throws IOException;

    /** The guest flips the primary plane of pipe A. */
    void flip() throws IOException;

    /** The guest flips the primary plane of pipe A without waiting for the vblank. */
    void flipAsync() throws IOException;

    /** The guest writes the cursor's base on pipe A. */
    void cursor() throws IOException;

    /** The guest switches pipe A on or off. */
    void pipe(boolean on) throws IOException;

    /** That many vblanks, of all pipes, now. */
    void vblank(int count) throws IOException;

    /** What the driver signalled since the device was made: primary events, cursor events, and the sum of all values. */
    Signalled signalled() throws IOException;

    boolean armed() throws IOException;

    boolean masked() throws IOException;

    /** Calls that would crash a kernel of the series. */
    long forbiddenCalls() throws IOException;

    /** Begins to remove the device from the host; ends when it is closed. */
    void beginRemoval() throws IOException;

    boolean isRemoved() throws IOException;

    @Override
    void close() throws IOException;

    /**
     * The driver's own counts.
     *
     * @param primary events of the primary plane, where the dialect has such
     * @param cursor events of the cursor, where the dialect has such
     * @param ones what the counters that go up by one were raised by
     */
    record Signalled(long primary, long cursor, long ones) {
        long total() {
            return primary + cursor + ones;
        }

        Signalled minus(Signalled before) {
            return new Signalled(primary - before.primary, cursor - before.cursor, ones - before.ones);
        }
    }
}
