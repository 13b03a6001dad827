package io.vfio4j.frontend.rfb;

import io.netty.buffer.ByteBuf;
import java.nio.ByteBuffer;
import java.util.zip.Deflater;

/**
 * One zlib stream, which goes on as long as its connection: what is written between {@link #begin} and {@link #finish} can be read by the
 * client at once. Memory outside of the heap is held from the first use to {@link #end}.
 */
final class Compressor {
    private static final int INPUT_BYTES = 32 << 10;
    private static final int OUTPUT_BYTES = 16 << 10;
    private static final ByteBuffer NOTHING = ByteBuffer.allocateDirect(0);

    /** What the streams of one connection work with; one of them at a time. */
    static final class Buffers {
        private final ByteBuffer input = ByteBuffer.allocateDirect(INPUT_BYTES);
        private final ByteBuffer output = ByteBuffer.allocateDirect(OUTPUT_BYTES);
    }

    private final Buffers buffers;
    private final Deflater deflater;
    private int level;

    Compressor(Buffers buffers, int level) {
        this.buffers = buffers;
        this.level = level;
        this.deflater = new Deflater(level);
    }

    /** Starts a portion. */
    void begin(int wantedLevel, ByteBuf out) {
        buffers.input.clear();
        if (wantedLevel != level) {
            level = wantedLevel;
            deflater.setLevel(level);
            // The JDK applies a level by a call of its own, which flushes nothing.
            deflater.setInput(NOTHING);
            drain(Deflater.NO_FLUSH, out);
        }
    }

    void write(byte[] bytes, int length, ByteBuf out) {
        int from = 0;
        while (from < length) {
            if (!buffers.input.hasRemaining()) {
                deflate(Deflater.NO_FLUSH, out);
            }
            int part = Math.min(length - from, buffers.input.remaining());
            buffers.input.put(bytes, from, part);
            from += part;
        }
    }

    /** Ends a portion: all of it is in {@code out}. */
    void finish(ByteBuf out) {
        deflate(Deflater.SYNC_FLUSH, out);
    }

    private void deflate(int flush, ByteBuf out) {
        deflater.setInput(buffers.input.flip());
        drain(flush, out);
        buffers.input.clear();
    }

    /** A call that did not fill the output had nothing left to tell (zlib.h, deflate). */
    private void drain(int flush, ByteBuf out) {
        ByteBuffer output = buffers.output;
        boolean filled;
        do {
            output.clear();
            deflater.deflate(output, flush);
            filled = !output.hasRemaining();
            out.writeBytes(output.flip());
        } while (filled || !deflater.needsInput());
    }

    void end() {
        deflater.end();
    }
}
