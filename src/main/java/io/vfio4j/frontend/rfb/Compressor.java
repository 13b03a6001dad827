package io.vfio4j.frontend.rfb;

import io.netty.buffer.ByteBuf;
import java.nio.ByteBuffer;
import java.util.Optional;
import java.util.zip.Deflater;

/**
 * One zlib stream, which goes on from its first use to {@link #end}, and holds memory outside of the heap meanwhile: what is written
 * between {@link #begin} and {@link #finish} can be read by the client at once.
 */
final class Compressor {
    private static final int INPUT_BYTES = 32 << 10;
    private static final int OUTPUT_BYTES = 16 << 10;

    /** What the streams of one connection work with; one of them at a time. */
    static final class Buffers {
        private final ByteBuffer input = ByteBuffer.allocateDirect(INPUT_BYTES);
        private final ByteBuffer output = ByteBuffer.allocateDirect(OUTPUT_BYTES);
    }

    private final Buffers buffers;
    private Optional<Deflater> stream = Optional.empty();
    private int level;

    Compressor(Buffers buffers) {
        this.buffers = buffers;
    }

    /** Whether the next portion is the first of a stream. */
    boolean isAtItsStart() {
        return stream.isEmpty();
    }

    /** Starts a portion. */
    void begin(int wantedLevel, ByteBuf out) {
        if (stream.isEmpty()) {
            stream = Optional.of(new Deflater(wantedLevel));
        } else if (wantedLevel != level) {
            stream.get().setLevel(wantedLevel);
            // The JDK applies a level by a call of its own, which flushes nothing.
            buffers.input.clear();
            deflate(Deflater.NO_FLUSH, out);
        }
        level = wantedLevel;
        buffers.input.clear();
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

    /** A call that did not fill the output had nothing left to tell (zlib.h, deflate). */
    private void deflate(int flush, ByteBuf out) {
        Deflater deflater = stream.orElseThrow();
        deflater.setInput(buffers.input.flip());
        ByteBuffer output = buffers.output;
        boolean filled;
        do {
            output.clear();
            deflater.deflate(output, flush);
            filled = !output.hasRemaining();
            out.writeBytes(output.flip());
        } while (filled || !deflater.needsInput());
        buffers.input.clear();
    }

    /** Ends the stream; another may begin. */
    void end() {
        stream.ifPresent(Deflater::end);
        stream = Optional.empty();
    }
}
