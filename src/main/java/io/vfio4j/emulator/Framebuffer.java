package io.vfio4j.emulator;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Optional;

/**
 * A linear framebuffer of the guest. It remembers what was drawn rather than drawing it: the bytes are made when somebody
 * reads them, and kept up to date from then on while they are mapped.
 */
final class Framebuffer {
    private final long address;
    private final int width;
    private final int height;
    private final int strideBytes;
    private final int capacityBytes;
    private final Picture picture;
    private long frame;
    private long draws;
    private Optional<ByteBuffer> bytes = Optional.empty();
    private long drawnFrame = -1;
    private long drawnDraws;
    private int mappings;

    Framebuffer(long address, int width, int height, int strideBytes, int capacityBytes, Picture picture) {
        this.address = address;
        this.width = width;
        this.height = height;
        this.strideBytes = strideBytes;
        this.capacityBytes = capacityBytes;
        this.picture = picture;
    }

    /** Where it is in the guest's graphics address space. */
    long address() {
        return address;
    }

    int width() {
        return width;
    }

    int height() {
        return height;
    }

    Picture picture() {
        return picture;
    }

    int strideBytes() {
        return strideBytes;
    }

    /** How many bytes the picture takes. */
    int sizeBytes() {
        return strideBytes * height;
    }

    /** How many bytes there are: whole pages, or more. */
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
        if (number <= frame) {
            // Not the way forward that changes() knows: draw everything.
            drawnFrame = -1;
        }
        frame = number;
        draws = 0;
        keepUpToDate();
    }

    /** One character cell was drawn over the picture. */
    void draw() {
        draws++;
        keepUpToDate();
    }

    int pixel(int x, int y) {
        return picture.pixel(width, height, frame, draws, x, y);
    }

    /** The bytes as they are now. */
    ByteBuffer bytes() {
        ByteBuffer buffer =
                bytes.orElseGet(() -> ByteBuffer.allocate(capacityBytes).order(ByteOrder.LITTLE_ENDIAN));
        bytes = Optional.of(buffer);
        if (drawnFrame < 0) {
            fill(buffer, 0, 0, width, height);
        } else if (drawnFrame != frame || drawnDraws != draws) {
            picture.changes(
                    width, height, drawnFrame, drawnDraws, frame, draws, (x, y, w, h) -> fill(buffer, x, y, w, h));
        }
        drawnFrame = frame;
        drawnDraws = draws;
        return buffer;
    }

    private void fill(ByteBuffer buffer, int left, int top, int columns, int rows) {
        int right = Math.min(width, left + columns);
        int bottom = Math.min(height, top + rows);
        for (int y = top; y < bottom; y++) {
            int row = y * strideBytes;
            for (int x = left; x < right; x++) {
                buffer.putInt(row + x * Integer.BYTES, pixel(x, y));
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
        if (mappings > 0) {
            bytes();
        }
    }
}
