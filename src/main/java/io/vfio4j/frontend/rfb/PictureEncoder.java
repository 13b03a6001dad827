package io.vfio4j.frontend.rfb;

import io.netty.buffer.ByteBuf;
import io.vfio4j.display.pixels.Frame;
import io.vfio4j.display.pixels.Rectangle;
import io.vfio4j.frontend.CursorLook;
import io.vfio4j.frontend.Move;
import java.util.List;
import java.util.Optional;

/**
 * Writes pictures as one client wants them: in its pixel format, by the best of its encodings, with the compression streams that live as
 * long as its connection. For one thread at a time.
 */
final class PictureEncoder implements AutoCloseable {
    private final boolean mayLose;
    private ClientPixels pixels = new ClientPixels(ClientPixelFormat.NATIVE);
    private Encodings encodings = Encodings.NONE;
    private final Losses losses = new Losses();
    private boolean isClosed;

    // Each from its first use on; streams of Zlib and ZRLE have no way to begin anew, so they stay.
    private Optional<Compressor.Buffers> buffers = Optional.empty();
    private final RawEncoder raw = new RawEncoder();
    private Optional<ZlibEncoder> zlib = Optional.empty();
    private Optional<ZrleEncoder> zrle = Optional.empty();
    private Optional<TightEncoder> tight = Optional.empty();
    private AreaEncoder current = raw;

    /**
     * For a client that has said nothing yet: raw pixels in the server's format.
     *
     * @param mayLose whether JPEG may be used where the client allows it
     */
    PictureEncoder(boolean mayLose) {
        this.mayLose = mayLose;
    }

    /**
     * From now on pixels are sent so; where it has no true colour, the client was given the map of {@link ClientPixelFormat}.
     *
     * @throws IllegalArgumentException where it is not supported
     */
    void use(ClientPixelFormat changed) {
        if (!changed.isSupported()) {
            throw new IllegalArgumentException("pixels cannot be sent as " + changed);
        }
        pixels = new ClientPixels(changed);
    }

    /** The client's encodings, the best first, with pseudo-encodings and levels among them. */
    void use(List<Integer> changed) {
        encodings = Encodings.of(changed);
        if (encodings.picture() != Encodings.TIGHT) {
            tight.ifPresent(TightEncoder::close);
        }
        if (!isClosed) {
            current = chosen();
        }
    }

    private AreaEncoder chosen() {
        int level = encodings.compressionLevel();
        return switch (encodings.picture()) {
            case Encodings.ZLIB -> {
                ZlibEncoder encoder = zlib.orElseGet(() -> new ZlibEncoder(buffers()));
                zlib = Optional.of(encoder);
                encoder.use(level);
                yield encoder;
            }
            case Encodings.ZRLE -> {
                ZrleEncoder encoder = zrle.orElseGet(() -> new ZrleEncoder(buffers()));
                zrle = Optional.of(encoder);
                encoder.use(level);
                yield encoder;
            }
            case Encodings.TIGHT -> {
                TightEncoder encoder = tight.orElseGet(() -> new TightEncoder(buffers(), mayLose, losses));
                tight = Optional.of(encoder);
                encoder.use(level, encodings.jpegQuality());
                yield encoder;
            }
            default -> raw;
        };
    }

    private Compressor.Buffers buffers() {
        Compressor.Buffers shared = buffers.orElseGet(Compressor.Buffers::new);
        buffers = Optional.of(shared);
        return shared;
    }

    /** Whether the client knows CopyRect. */
    boolean canMove() {
        return encodings.canMove();
    }

    /**
     * Writes a part of a picture, as one or more rectangles with their headers. Others may read the frame at the same time.
     *
     * @return how many
     */
    int encode(Frame frame, Rectangle area, ByteBuf out) {
        if (isClosed) {
            throw new IllegalStateException("the encoder is closed");
        }
        if (area.x() + area.width() > frame.width() || area.y() + area.height() > frame.height()) {
            throw new IllegalArgumentException(
                    area + " is not inside of a picture of " + frame.width() + "x" + frame.height());
        }
        losses.painted(area);
        return current.encode(pixels, frame, area, out);
    }

    /**
     * The same without loss, whatever the client allows.
     *
     * @return how many
     */
    int encodeExactly(Frame frame, Rectangle area, ByteBuf out) {
        tight.ifPresent(encoder -> encoder.beExact(true));
        try {
            return encode(frame, area, out);
        } finally {
            tight.ifPresent(encoder -> encoder.beExact(false));
        }
    }

    /** Where what was written is not exact. */
    Losses losses() {
        return losses;
    }

    /** By what the client gets its pictures, as people call it. */
    String encodingName() {
        return encodings.pictureName();
    }

    /** Writes one CopyRect rectangle. */
    void move(Move move, ByteBuf out) {
        if (!canMove()) {
            throw new IllegalStateException("the client knows no CopyRect");
        }
        Rectangle target = move.target();
        AreaEncoder.writeHeader(target.x(), target.y(), target.width(), target.height(), Encodings.COPY_RECT, out);
        out.writeShort(move.sourceX()).writeShort(move.sourceY());
        losses.moved(move);
    }

    /**
     * Writes the cursor's image as one rectangle, by the best pseudo-encoding that the client knows.
     *
     * @return how many rectangles: 0 where it knows none
     */
    int encodeCursor(CursorLook cursor, ByteBuf out) {
        if (encodings.alphaCursor()) {
            CursorWriter.writeWithAlpha(cursor, out);
        } else if (encodings.cursor()) {
            CursorWriter.writeMasked(cursor, pixels, out);
        } else {
            return 0;
        }
        return 1;
    }

    boolean mayLose() {
        return mayLose;
    }

    ClientPixelFormat format() {
        return pixels.format();
    }

    /** Lets go of the compression streams. Further calls do nothing. */
    @Override
    public void close() {
        isClosed = true;
        zlib.ifPresent(ZlibEncoder::close);
        zrle.ifPresent(ZrleEncoder::close);
        tight.ifPresent(TightEncoder::close);
    }
}
