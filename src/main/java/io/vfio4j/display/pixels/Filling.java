package io.vfio4j.display.pixels;

import io.vfio4j.linux.LinuxException;
import io.vfio4j.linux.Mapping;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/** Brings a buffer's pixels into a frame's memory, in whatever format and layout they are. Scratch memory is kept for the next time. */
final class Filling {
    /** Bytes to be brought over at once: a part of a second-level cache. */
    private static final int BAND = 128 * 1024;

    /** Bytes to be compared at once: less than a first-level cache holds beside what they are compared with. */
    private static final int COMPARED = 16 * 1024;

    /** What the next sighting goes into. */
    final Sighting sighting = new Sighting();

    private @Nullable Conversion conversion;
    private @Nullable PixelFormat converted;
    private @Nullable Detiler detiler;
    private @Nullable PixelFormat detiled;
    private @Nullable Tiling tiling;
    private @Nullable ByteBuffer scratch;
    private @Nullable ByteBuffer linear;

    /** Reads a buffer that is mapped. */
    void read(Mapping source, Layout layout, Frame target) throws LinuxException {
        ByteBuffer pixels = target.resize(layout.width(), layout.height());
        if (layout.isPlain()) {
            copyLines(source, layout, pixels);
        } else if (layout.isLinear()) {
            conversion(layout)
                    .convert(
                            source,
                            layout.strideBytes(),
                            layout.width(),
                            layout.height(),
                            pixels,
                            layout.width() * Integer.BYTES);
        } else {
            convertBands(source, layout, pixels);
        }
    }

    /** Band by band through memory of our own, which stays in the processor's cache, and which nobody takes away. */
    private void convertBands(Mapping source, Layout layout, ByteBuffer pixels) throws LinuxException {
        int together = layout.rowsTogether();
        int rows = Math.max(1, BAND / layout.strideBytes() / together) * together;
        ByteBuffer band = scratch(rows * layout.strideBytes());
        for (int y = 0; y < layout.height(); y += rows) {
            int lines = Math.min(rows, layout.height() - y);
            int bytes = (lines + together - 1) / together * together * layout.strideBytes();
            source.copyTo(y * layout.strideBytes(), band, 0, bytes);
            convert(band, layout, lines, pixels, y * layout.width() * Integer.BYTES);
        }
    }

    /** Reads a buffer that was brought into memory. */
    void read(ByteBuffer source, Layout layout, Frame target) {
        convert(source, layout, layout.height(), target.resize(layout.width(), layout.height()), 0);
    }

    private static void copyLines(Mapping source, Layout layout, ByteBuffer pixels) throws LinuxException {
        int line = layout.lineBytes();
        if (layout.strideBytes() == line) {
            source.copyTo(0, pixels, 0, line * layout.height());
            return;
        }
        for (int y = 0; y < layout.height(); y++) {
            source.copyTo(y * layout.strideBytes(), pixels, y * line, line);
        }
    }

    /** Compares by way of memory that stays in the processor's cache: what is mapped can go away, and must not be compared itself. */
    boolean isSame(Mapping source, Layout layout, Frame last, int part, int parts) throws LinuxException {
        if (last.width() != layout.width() || last.height() != layout.height()) {
            return false;
        }
        int line = layout.lineBytes();
        int stride = layout.strideBytes();
        int lines = Math.max(1, COMPARED / stride);
        ByteBuffer band = scratch(lines * stride);
        ByteBuffer known = last.bytes().duplicate();
        ByteBuffer read = band.duplicate();
        for (int y = part * lines; y < layout.height(); y += lines * parts) {
            int count = Math.min(lines, layout.height() - y);
            source.copyTo(y * stride, band, 0, (count - 1) * stride + line);
            int together = stride == line ? count : 1;
            for (int i = 0; i < count; i += together) {
                int at = (y + i) * line;
                known.limit(at + together * line).position(at);
                read.limit(i * stride + together * line).position(i * stride);
                if (known.mismatch(read) >= 0) {
                    return false;
                }
            }
        }
        return true;
    }

    private void convert(ByteBuffer source, Layout layout, int lines, ByteBuffer pixels, int offset) {
        if (layout.isLinear()) {
            convert(source, layout.strideBytes(), layout, lines, pixels, offset);
            return;
        }
        Detiler by = detiler(layout);
        int line = layout.lineBytes();
        if (layout.needsNoConversion()) {
            by.detile(source, 0, layout.strideBytes(), layout.width(), lines, pixels, offset, line);
            return;
        }
        ByteBuffer linear = linear(line * lines);
        by.detile(source, 0, layout.strideBytes(), layout.width(), lines, linear, 0, line);
        convert(linear, line, layout, lines, pixels, offset);
    }

    private void convert(ByteBuffer source, int strideBytes, Layout layout, int lines, ByteBuffer pixels, int offset) {
        conversion(layout)
                .convert(source, 0, strideBytes, layout.width(), lines, pixels, offset, layout.width() * Integer.BYTES);
    }

    private Conversion conversion(Layout layout) {
        Conversion by = conversion;
        if (by == null || converted != layout.format()) {
            by = Conversion.of(layout.format());
            conversion = by;
            converted = layout.format();
        }
        return by;
    }

    private Detiler detiler(Layout layout) {
        Detiler by = detiler;
        if (by == null || detiled != layout.format() || tiling != layout.tiling()) {
            by = Detiler.of(layout.tiling(), Swizzle.NONE, layout.format());
            detiler = by;
            detiled = layout.format();
            tiling = layout.tiling();
        }
        return by;
    }

    private ByteBuffer linear(int bytes) {
        ByteBuffer memory = linear;
        if (memory == null || memory.capacity() < bytes) {
            linear = null;
            memory = ByteBuffer.allocateDirect(bytes);
            linear = memory;
        }
        return memory;
    }

    /** Memory for a buffer that has to be brought here first. */
    ByteBuffer scratch(int bytes) {
        ByteBuffer memory = scratch;
        if (memory == null || memory.capacity() < bytes) {
            scratch = null;
            memory = ByteBuffer.allocateDirect(bytes);
            scratch = memory;
        }
        return memory;
    }

    void forget() {
        scratch = null;
        linear = null;
        detiler = null;
        conversion = null;
        converted = null;
    }
}
