package io.vfio4j.frontend.rfb;

import io.netty.buffer.ByteBuf;
import io.vfio4j.display.pixels.Frame;
import io.vfio4j.display.pixels.Rectangle;
import io.vfio4j.frontend.CursorLook;
import io.vfio4j.frontend.Move;
import java.util.List;

/**
 * Writes pictures as one client wants them: in its pixel format, by the best of its encodings, with the compression streams that live as
 * long as its connection. For one thread at a time.
 */
final class PictureEncoder implements AutoCloseable {
    private ClientPixelFormat format = ClientPixelFormat.NATIVE;
    private final boolean mayLose;

    /**
     * For a client that has said nothing yet: raw pixels in the server's format.
     *
     * @param mayLose whether JPEG may be used where the client allows it
     */
    PictureEncoder(boolean mayLose) {
        this.mayLose = mayLose;
    }

    /** From now on pixels are sent so; supported, and for colour maps the client was given the map of {@link ClientPixelFormat}. */
    void use(ClientPixelFormat changed) {
        format = changed;
    }

    /** The client's encodings, the best first, with pseudo-encodings and levels among them. */
    void use(List<Integer> encodings) {}

    /** Whether the client knows CopyRect. */
    boolean canMove() {
        return false;
    }

    /**
     * Writes a part of a picture, as one or more rectangles with their headers.
     *
     * @return how many
     */
    int encode(Frame frame, Rectangle area, ByteBuf out) {
        out.writeShort(area.x()).writeShort(area.y()).writeShort(area.width()).writeShort(area.height());
        out.writeInt(0);
        for (int y = area.y(); y < area.y() + area.height(); y++) {
            for (int x = area.x(); x < area.x() + area.width(); x++) {
                out.writeIntLE(frame.pixel(x, y));
            }
        }
        return 1;
    }

    /** Writes one CopyRect rectangle. */
    void move(Move move, ByteBuf out) {
        throw new IllegalStateException("the client knows no CopyRect");
    }

    /**
     * Writes the cursor's image as one rectangle, by the best pseudo-encoding that the client knows.
     *
     * @return how many rectangles: 0 where it knows none
     */
    int encodeCursor(CursorLook cursor, ByteBuf out) {
        return 0;
    }

    boolean mayLose() {
        return mayLose;
    }

    ClientPixelFormat format() {
        return format;
    }

    /** Lets go of the compression streams. Further calls do nothing. */
    @Override
    public void close() {}
}
