package io.vfio4j.display.pixels;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Finds out what changed from one frame to the next, in tiles of 32x32 pixels, by comparing all pixels: no change is missed, and no tile is
 * named that did not change. It keeps a copy of the last frame, and for each tile when it last changed; so any number of consumers
 * ({@link #history}) can come at any pace, and each learns what changed since it last came.
 *
 * <p>The highest byte of a pixel, which has no meaning in XRGB8888, is not compared.
 *
 * <p>Safe for any thread. {@link #update} blocks others while it compares, which takes as long as reading the frame and the copy. Once
 * a size was seen, updates of one buffer, or of two in turns, allocate nothing.
 */
public final class Damage {
    static final int TILE = 32;
    private static final int TILE_LINE_BYTES = TILE * Integer.BYTES;
    private static final VarHandle INT = MethodHandles.byteBufferViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);
    private static final int COLOURS = 0x00ffffff;

    private final ReentrantLock lock = new ReentrantLock();
    private int width;
    private int height;
    private int columns;
    private int rows;
    private int strideBytes;
    private long updates;
    private long latestChange;
    /** The number of the update in which each tile last changed. */
    private long[] changes = {};
    /** The last frame, and the same memory with a position and limit of its own. */
    private ByteBuffer last = ByteBuffer.allocate(0);

    private ByteBuffer lastSpan = last.duplicate();
    /** The caller's buffer, and the same memory with a position and limit of our own. */
    private ByteBuffer current = last;

    private ByteBuffer currentSpan = last.duplicate();
    /** The one before. */
    private ByteBuffer former = last;

    private ByteBuffer formerSpan = currentSpan;
    /** Of the row of tiles that is being compared: which ones changed, and which differ at all, if in the byte without meaning only. */
    private boolean[] changed = {};

    private boolean[] touched = {};

    /** Starts without a frame: with the first one everything changes. */
    public Damage() {}

    /**
     * Compares with the last frame and keeps a copy of this one. With another size than the last one's, everything changed.
     *
     * @param frame a picture, which must not be filled meanwhile. The memory of the last two is remembered
     * @return whether anything changed
     * @throws IllegalArgumentException if the frame is empty
     * @throws io.vfio4j.linux.ClosedException if it is closed
     */
    public boolean update(Frame frame) {
        return update(frame.bytes(), frame.width(), frame.height());
    }

    /**
     * Does the same where it is known which parts can have changed: only the tiles that touch them are compared. With another size than
     * the last frame's, everything changed.
     *
     * @param frame a picture, which must not be filled meanwhile. Outside of the areas it is as the last one
     * @param areas where it may differ; may overlap, and reach beyond the picture
     * @return whether anything changed
     * @throws IllegalArgumentException if the frame is empty
     * @throws io.vfio4j.linux.ClosedException if it is closed
     */
    public boolean update(Frame frame, List<Rectangle> areas) {
        lock.lock();
        try {
            if (frame.isEmpty() || frame.width() != width || frame.height() != height) {
                return update(frame);
            }
            use(frame.bytes());
            updates++;
            for (Rectangle area : areas) {
                int lastColumn = (int) Math.min(columns - 1L, (area.x() + area.width() - 1L) / TILE);
                int lastRow = (int) Math.min(rows - 1L, (area.y() + area.height() - 1L) / TILE);
                for (int row = area.y() / TILE; row <= lastRow; row++) {
                    for (int column = area.x() / TILE; column <= lastColumn; column++) {
                        compareTile(row, column);
                    }
                }
            }
            return latestChange == updates;
        } finally {
            lock.unlock();
        }
    }

    private void compareTile(int row, int column) {
        int start = row * TILE * strideBytes + column * TILE_LINE_BYTES;
        int bytes = Math.min(TILE_LINE_BYTES, strideBytes - column * TILE_LINE_BYTES);
        int end = Math.min(height, (row + 1) * TILE) * strideBytes;
        boolean differs = false;
        for (int at = start; at < end; at += strideBytes) {
            int difference = mismatch(at, at + bytes);
            if (difference < at + bytes) {
                differs |= coloursDiffer(difference & -Integer.BYTES, at + bytes);
                last.put(at, current, at, bytes);
            }
        }
        if (differs) {
            changes[row * columns + column] = updates;
            latestChange = updates;
        }
    }

    /**
     * Compares pixels that are in no {@link Frame}.
     *
     * @param pixels XRGB8888, from index 0, without gaps between lines: memory of this process, such as a frame's, not that of a device
     *     or file, which may go away meanwhile. Its position and byte order do not matter and do not change; references to the last
     *     two are kept
     * @param width in pixels
     * @param height in pixels
     * @return whether anything changed
     * @throws IllegalArgumentException if there are no pixels, or the buffer's limit is too low for them
     */
    public boolean update(ByteBuffer pixels, int width, int height) {
        Lines.check("frame", pixels, 0, (int) (width * 4L), width * 4L, height);
        lock.lock();
        try {
            use(pixels);
            updates++;
            if (width != this.width || height != this.height) {
                resize(width, height);
                last.put(0, pixels, 0, strideBytes * height);
                Arrays.fill(changes, updates);
                latestChange = updates;
                return true;
            }
            for (int row = 0; row < rows; row++) {
                compare(row);
            }
            return latestChange == updates;
        } finally {
            lock.unlock();
        }
    }

    /** Two frames that take turns are both known. */
    private void use(ByteBuffer pixels) {
        if (pixels == current) {
            return;
        }
        ByteBuffer span = pixels == former ? formerSpan : pixels.duplicate();
        former = current;
        formerSpan = currentSpan;
        current = pixels;
        currentSpan = span;
    }

    /** Memory first: where there is none, the last size stays as it was. */
    private void resize(int width, int height) {
        ByteBuffer copy = ByteBuffer.allocate(width * height * Integer.BYTES);
        columns = (width + TILE - 1) / TILE;
        rows = (height + TILE - 1) / TILE;
        changes = new long[columns * rows];
        changed = new boolean[columns];
        touched = new boolean[columns];
        last = copy;
        lastSpan = copy.duplicate();
        strideBytes = width * Integer.BYTES;
        this.width = width;
        this.height = height;
    }

    /** Compares a row of tiles: as one span until something differs, then line by line between the tiles that changed. */
    private void compare(int row) {
        int start = row * TILE * strideBytes;
        int end = Math.min(height, (row + 1) * TILE) * strideBytes;
        int at = mismatch(start, end);
        if (at == end) {
            return;
        }
        Arrays.fill(changed, false);
        Arrays.fill(touched, false);
        int found = 0;
        while (at < end) {
            // Here is a byte that differs, in a tile that is not known to have changed.
            int column = column(at);
            int tileEnd = tileEnd(at);
            touched[column] = true;
            if (coloursDiffer(at & -Integer.BYTES, tileEnd)) {
                changed[column] = true;
                changes[row * columns + column] = updates;
                latestChange = updates;
                found++;
            }
            at = found == 0 ? mismatch(tileEnd, end) : nextMismatch(tileEnd, end, found);
        }
        keep(start, end);
    }

    /** The next byte that differs outside of the tiles that changed, or the end. */
    private int nextMismatch(int from, int end, int found) {
        if (found == columns) {
            return end;
        }
        int at = from;
        while (at < end) {
            int lineEnd = at - at % strideBytes + strideBytes;
            int column = column(at);
            if (changed[column]) {
                at = tileEnd(at);
                continue;
            }
            int runEnd = column;
            while (runEnd < columns && !changed[runEnd]) {
                runEnd++;
            }
            int to = runEnd == columns ? lineEnd : at + (runEnd - column) * TILE_LINE_BYTES;
            int difference = mismatch(at, to);
            if (difference < to) {
                return difference;
            }
            at = to;
        }
        return end;
    }

    private int column(int at) {
        return at % strideBytes / TILE_LINE_BYTES;
    }

    /** Where the line of the tile at a position ends. */
    private int tileEnd(int at) {
        int inLine = at % strideBytes;
        return at - inLine + Math.min(strideBytes, (inLine / TILE_LINE_BYTES + 1) * TILE_LINE_BYTES);
    }

    private int mismatch(int from, int to) {
        currentSpan.limit(to).position(from);
        lastSpan.limit(to).position(from);
        int difference = currentSpan.mismatch(lastSpan);
        return difference < 0 ? to : from + difference;
    }

    private boolean coloursDiffer(int from, int to) {
        for (int at = from; at < to; at += Integer.BYTES) {
            if ((((int) INT.get(current, at) ^ (int) INT.get(last, at)) & COLOURS) != 0) {
                return true;
            }
        }
        return false;
    }

    /** Copies what differs in a row of tiles. */
    private void keep(int start, int end) {
        int column = 0;
        while (column < columns) {
            int runEnd = column;
            while (runEnd < columns && touched[runEnd]) {
                runEnd++;
            }
            if (runEnd - column == columns) {
                last.put(start, current, start, end - start);
            } else if (runEnd > column) {
                int inLine = column * TILE_LINE_BYTES;
                int bytes = Math.min(strideBytes, runEnd * TILE_LINE_BYTES) - inLine;
                for (int at = start + inLine; at < end; at += strideBytes) {
                    last.put(at, current, at, bytes);
                }
            }
            column = runEnd + 1;
        }
    }

    /**
     * Begins a history for one more consumer, who has seen nothing so far: the first time everything is reported. It needs no closing.
     *
     * @return a new history
     */
    public DamageHistory history() {
        return new DamageHistory(this);
    }

    /** Tells a history what changed after it last looked. */
    void report(DamageHistory history) {
        lock.lock();
        try {
            if (history.seen() >= latestChange) {
                history.nothingChanged(updates);
            } else {
                history.changed(updates, width, height, columns, changes);
            }
        } finally {
            lock.unlock();
        }
    }
}
