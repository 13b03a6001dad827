package io.vfio4j.emulator;

import java.nio.ByteBuffer;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;

/**
 * A framebuffer of the guest. It remembers what was drawn rather than drawing it: the bytes are made when somebody reads them, and
 * kept up to date from then on while they are mapped.
 */
final class Framebuffer {
    private final long address;
    private final Layout layout;
    private final int capacityBytes;
    private final Supplier<ByteBuffer> storage;
    private final BooleanSupplier watched;
    private Picture picture;
    private long frame;
    private long draws;
    private Optional<ByteBuffer> bytes = Optional.empty();
    private long drawnFrame = -1;
    private long drawnDraws;
    private int mappings;

    /** The storage is asked for once, when bytes are wanted; it may be watched beside the framebuffer's own mappings. */
    Framebuffer(
            long address,
            Layout layout,
            int capacityBytes,
            Picture picture,
            Supplier<ByteBuffer> storage,
            BooleanSupplier watched) {
        this.address = address;
        this.layout = layout;
        this.capacityBytes = capacityBytes;
        this.picture = picture;
        this.storage = storage;
        this.watched = watched;
    }

    /** Where it is in the guest's graphics address space. */
    long address() {
        return address;
    }

    Layout layout() {
        return layout;
    }

    int width() {
        return layout.width();
    }

    int height() {
        return layout.height();
    }

    Picture picture() {
        return picture;
    }

    int strideBytes() {
        return layout.strideBytes();
    }

    /** How many bytes the picture takes, as a driver reports it. */
    int sizeBytes() {
        return layout.reportedBytes();
    }

    /** How many bytes there are to be had: whole pages, or more. */
    int capacityBytes() {
        return capacityBytes;
    }

    long frame() {
        return frame;
    }

    long draws() {
        return draws;
    }

    /** The whole picture was drawn anew. */
    void show(long number) {
        show(number, picture);
    }

    /** Another picture was drawn. */
    void show(long number, Picture drawn) {
        if (number <= frame || drawn != picture) {
            // Not the way forward that changes() knows: draw everything.
            drawnFrame = -1;
        }
        picture = drawn;
        frame = number;
        draws = 0;
        keepUpToDate();
    }

    /** One character cell was drawn over the picture. */
    void draw() {
        draws++;
        keepUpToDate();
    }

    /** What the guest has drawn. */
    int pixel(int x, int y) {
        return picture.pixel(width(), height(), frame, draws, x, y);
    }

    /** What is left of it in the framebuffer's format. */
    int shownPixel(int x, int y) {
        int group = layout.format().group();
        int left = x / group * group;
        int[] colours = new int[Math.min(group, width() - left)];
        shown(layout, picture, frame, draws, left, y, colours.length, colours);
        return colours[x - left];
    }

    /** A part of a line that begins with the first of a pair, as it comes back from a framebuffer. */
    static void shown(
            Layout layout, Picture picture, long frame, long draws, int left, int y, int count, int[] colours) {
        byte[] line = new byte[layout.format().lineBytes(count)];
        row(layout, picture, frame, draws, left, y, count, colours);
        layout.format().encode(colours, count, line);
        layout.format().decode(line, count, colours);
    }

    /** The bytes as they are now. */
    ByteBuffer bytes() {
        ByteBuffer buffer = bytes.orElseGet(storage);
        bytes = Optional.of(buffer);
        if (drawnFrame < 0) {
            fill(buffer, 0, 0, width(), height());
        } else if (drawnFrame != frame || drawnDraws != draws) {
            picture.changes(
                    width(), height(), drawnFrame, drawnDraws, frame, draws, (x, y, w, h) -> fill(buffer, x, y, w, h));
        }
        drawnFrame = frame;
        drawnDraws = draws;
        return buffer;
    }

    private void fill(ByteBuffer buffer, int left, int top, int columns, int rows) {
        EmulatedFormat format = layout.format();
        int from = left / format.group() * format.group();
        int count = Math.min(width(), Layout.roundUp(left + columns, format.group())) - from;
        int bottom = Math.min(height(), top + rows);
        int[] colours = new int[count];
        byte[] line = new byte[format.lineBytes(count)];
        for (int y = top; y < bottom; y++) {
            row(layout, picture, frame, draws, from, y, count, colours);
            format.encode(colours, count, line);
            layout.tiling()
                    .put(buffer, strideBytes(), format.pixelBytes(), from * format.pixelBytes(), y, line, line.length);
        }
    }

    private static void row(
            Layout layout, Picture picture, long frame, long draws, int left, int y, int count, int[] colours) {
        picture.row(layout.width(), layout.height(), frame, draws, left, y, count, colours);
        if (layout.format().hasAlpha() && !picture.hasAlpha()) {
            for (int i = 0; i < count; i++) {
                colours[i] |= EmulatedFormat.OPAQUE;
            }
        }
    }

    /** From now on the bytes follow what the guest draws. */
    ByteBuffer map() {
        mappings++;
        return bytes();
    }

    void unmap() {
        mappings--;
    }

    private void keepUpToDate() {
        if (mappings > 0 || watched.getAsBoolean()) {
            bytes();
        }
    }
}
