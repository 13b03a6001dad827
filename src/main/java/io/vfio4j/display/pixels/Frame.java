package io.vfio4j.display.pixels;

import io.vfio4j.linux.ClosedException;
import io.vfio4j.vfio.Plane;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.IntBuffer;
import java.util.Optional;

/**
 * A picture, in memory of its own: XRGB8888, for a cursor's image ARGB8888 with premultiplied alpha, line by line without gaps.
 *
 * <p>It belongs to who made it, and is filled again and again ({@link Screen#capture(Frame)}): its memory grows when a larger picture
 * comes, and is allocated at no other time. Two frames make a double buffer; a pool would only hide who may write when.
 *
 * <p>One thread at a time may fill it, or read it; handing it to another thread takes what handing over any object takes.
 */
public final class Frame implements AutoCloseable {
    private static final ByteBuffer NOTHING = ByteBuffer.allocateDirect(0).order(ByteOrder.LITTLE_ENDIAN);

    private ByteBuffer memory = NOTHING;
    private ByteBuffer bytes = NOTHING.asReadOnlyBuffer();
    private IntBuffer pixels = NOTHING.asReadOnlyBuffer().asIntBuffer();
    private final Filling filling = new Filling();
    private int width;
    private int height;
    private Optional<Plane> plane = Optional.empty();
    private Optional<CapturePath> path = Optional.empty();
    private Evidence evidence = Evidence.NOT_CAPTURED;
    private long sequence;
    private long capturedNanos;
    private boolean closed;

    /** An empty frame: 0x0 pixels. Allocates with the first picture. */
    public Frame() {}

    /**
     * How wide the picture is.
     *
     * @return in pixels; 0 where there is none yet, or none any more because reading it failed
     */
    public int width() {
        return width;
    }

    /**
     * How high the picture is.
     *
     * @return in pixels; 0 where there is none
     */
    public int height() {
        return height;
    }

    /**
     * From one line to the next.
     *
     * @return width * 4
     */
    public int strideBytes() {
        return width * Integer.BYTES;
    }

    /**
     * Whether there is no picture.
     *
     * @return true at first, and after reading one failed
     */
    public boolean isEmpty() {
        return width == 0;
    }

    /**
     * The picture as bytes: little-endian, so blue, green, red, and a byte that is the alpha of a cursor's image, and means nothing on
     * a screen. Read-only; valid until the frame is filled again. The same object each time, rewound, so that nothing is
     * allocated; who needs a position of his own makes a duplicate.
     *
     * @return position 0, limit {@link #strideBytes} * height
     * @throws ClosedException after {@link #close}
     */
    public ByteBuffer bytes() {
        requireOpen();
        return bytes.clear().order(ByteOrder.LITTLE_ENDIAN);
    }

    /**
     * The picture as numbers: {@code 0xXXRRGGBB}. Otherwise as {@link #bytes}.
     *
     * @return position 0, limit width * height
     * @throws ClosedException after {@link #close}
     */
    public IntBuffer pixels() {
        requireOpen();
        return pixels.clear();
    }

    /**
     * One pixel.
     *
     * @param x the column, from 0 on
     * @param y the line, from 0 on
     * @return {@code 0xXXRRGGBB}
     * @throws IndexOutOfBoundsException outside of the picture
     * @throws ClosedException after {@link #close}
     */
    public int pixel(int x, int y) {
        requireOpen();
        if (x < 0 || x >= width || y < 0 || y >= height) {
            throw new IndexOutOfBoundsException("pixel " + x + "," + y + " of " + width + "x" + height);
        }
        return memory.getInt((y * width + x) * Integer.BYTES);
    }

    /**
     * What the driver said of the plane that was read: its own format, layout and stride among other things.
     *
     * @return empty for a picture that does not come from a device
     */
    public Optional<Plane> plane() {
        return plane;
    }

    /**
     * The format that the pixels had in the device.
     *
     * @return empty for a picture that does not come from a device
     */
    public Optional<PixelFormat> sourceFormat() {
        return plane.flatMap(shown -> PixelFormat.of(shown.format()));
    }

    /**
     * How the pixels were got at.
     *
     * @return empty for a picture that does not come from a device
     */
    public Optional<CapturePath> path() {
        return path;
    }

    /**
     * The number of the picture among those that its screen has read, cursors included.
     *
     * @return from 1 on; 0 for a picture that does not come from a device
     */
    public long sequence() {
        return sequence;
    }

    /**
     * When reading it began.
     *
     * @return by the clock of {@link io.vfio4j.linux.SystemCalls#nanoTime}
     */
    public long capturedNanos() {
        return capturedNanos;
    }

    /**
     * Whether the guest changed it meanwhile.
     *
     * @return the verdict
     */
    public Consistency consistency() {
        return evidence.consistency();
    }

    /**
     * What the verdict rests on.
     *
     * @return with a sentence for people
     */
    public Evidence evidence() {
        return evidence;
    }

    /**
     * Makes this frame a copy of another one.
     *
     * @param other stays as it is
     * @throws ClosedException when one of them is closed
     */
    public void copyFrom(Frame other) {
        other.requireOpen();
        ByteBuffer target = resize(other.width, other.height);
        target.put(0, other.memory, 0, other.strideBytes() * other.height);
        plane = other.plane;
        path = other.path;
        evidence = other.evidence;
        sequence = other.sequence;
        capturedNanos = other.capturedNanos;
    }

    /**
     * Copies a part of another picture to the same place in this one, which differs from it nowhere else: so what is told of the other,
     * such as where it comes from, holds for this one too from now on.
     *
     * @param other of the same size; stays as it is
     * @param area within both
     * @throws IllegalArgumentException when the sizes differ, or the area is not within them
     * @throws ClosedException when one of them is closed
     */
    public void copyFrom(Frame other, Rectangle area) {
        requireOpen();
        other.requireOpen();
        if (other.width != width
                || other.height != height
                || area.width() > width - area.x()
                || area.height() > height - area.y()) {
            throw new IllegalArgumentException(area + " of a picture of " + other.width + "x" + other.height
                    + ", into one of " + width + "x" + height);
        }
        int start = area.y() * strideBytes() + area.x() * Integer.BYTES;
        Lines.copy(
                other.memory,
                start,
                strideBytes(),
                memory,
                start,
                strideBytes(),
                area.width() * Integer.BYTES,
                area.height());
        captured(other.plane, other.path, other.evidence, other.sequence, other.capturedNanos);
    }

    /**
     * Draws the cursor over the picture, as far as it is on it. The X byte of what is drawn on becomes 0xff.
     *
     * @param cursor stays as it is; nothing is drawn when it is hidden
     * @throws ClosedException when this or the cursor's image is closed
     */
    public void drawCursor(Cursor cursor) {
        requireOpen();
        Frame image = cursor.image();
        if (!cursor.isVisible() || image.isEmpty() || isEmpty()) {
            return;
        }
        image.requireOpen();
        Composition.over(
                image.memory,
                image.strideBytes(),
                image.width,
                image.height,
                cursor.x(),
                cursor.y(),
                memory,
                strideBytes(),
                width,
                height);
    }

    /**
     * Makes room for a picture, whose pixels are those of whatever was there before.
     *
     * @return to be written; the picture begins at 0, whatever the capacity
     */
    ByteBuffer resize(int newWidth, int newHeight) {
        requireOpen();
        int needed = newWidth * newHeight * Integer.BYTES;
        if (memory.capacity() < needed) {
            forget();
            memory = NOTHING;
            bytes = NOTHING;
            pixels = NOTHING.asIntBuffer();
            memory = ByteBuffer.allocateDirect(needed).order(ByteOrder.LITTLE_ENDIAN);
        }
        if (newWidth != width || newHeight != height) {
            width = newWidth;
            height = newHeight;
            bytes = memory.slice(0, needed).asReadOnlyBuffer().order(ByteOrder.LITTLE_ENDIAN);
            pixels = bytes.asIntBuffer();
        }
        return memory;
    }

    /** What was read, before it is known to be good. */
    Filling filling() {
        return filling;
    }

    void captured(Optional<Plane> shown, Optional<CapturePath> by, Evidence known, long number, long nanoTime) {
        plane = shown;
        path = by;
        evidence = known;
        sequence = number;
        capturedNanos = nanoTime;
    }

    /** There is no picture any more. */
    void forget() {
        width = 0;
        height = 0;
        bytes = NOTHING.asReadOnlyBuffer();
        pixels = bytes.asIntBuffer();
        captured(Optional.empty(), Optional.empty(), Evidence.NOT_CAPTURED, 0, 0);
    }

    void requireOpen() {
        if (closed) {
            throw new ClosedException("frame");
        }
    }

    /** Lets go of the memory. Views that were handed out stay valid. Further calls do nothing. */
    @Override
    public void close() {
        if (!closed) {
            closed = true;
            forget();
            memory = NOTHING;
            filling.forget();
        }
    }

    @Override
    public String toString() {
        return width + "x" + height + " pixels" + path.map(by -> ", by " + by).orElse("") + ", "
                + evidence.consistency();
    }
}
