package io.vfio4j.frontend.rfb;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.vfio4j.display.pixels.Frame;
import io.vfio4j.display.pixels.PaintedFrame;
import io.vfio4j.display.pixels.Rectangle;
import io.vfio4j.frontend.CursorLook;
import io.vfio4j.frontend.Move;
import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;

/** Serves one client a script of pictures, one for each request, so that what it shows at the end depends on nothing but the encoder. */
final class PictureServer implements AutoCloseable {
    /** What one update says; all of the picture where it is the first. */
    record Step(int[] picture, List<Move> moves, List<Rectangle> changes, Optional<CursorLook> cursor) {}

    private final ServerSocket listener = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
    private final int width;
    private final int height;
    private final List<Step> steps;
    private final CompletableFuture<Void> ended;
    private int sent;
    private int rectangles;

    PictureServer(int width, int height, List<Step> steps) throws IOException {
        this.width = width;
        this.height = height;
        this.steps = steps;
        ended = CompletableFuture.runAsync(this::serve, task -> new Thread(task, "pictures").start());
    }

    int port() {
        return listener.getLocalPort();
    }

    /** How many rectangles it has sent, after it ended. */
    int rectangles() {
        ended.join();
        return rectangles;
    }

    private void serve() {
        try (Socket socket = listener.accept();
                PictureEncoder encoder = new PictureEncoder(true)) {
            socket.setTcpNoDelay(true);
            DataInputStream in = new DataInputStream(socket.getInputStream());
            OutputStream out = socket.getOutputStream();
            introduce(in, out);
            while (true) {
                int type;
                try {
                    type = in.readUnsignedByte();
                } catch (EOFException | SocketException left) {
                    return;
                }
                hear(type, in, out, encoder);
            }
        } catch (IOException failed) {
            throw new IllegalStateException(failed);
        }
    }

    /** RFB 3.8, security type None. */
    private void introduce(DataInputStream in, OutputStream out) throws IOException {
        out.write("RFB 003.008\n".getBytes(StandardCharsets.US_ASCII));
        in.readFully(new byte[12]);
        out.write(new byte[] {1, 1});
        in.readUnsignedByte();
        out.write(new byte[4]);
        in.readUnsignedByte();
        ByteBuf init = Unpooled.buffer();
        init.writeShort(width).writeShort(height);
        init.writeBytes(new byte[] {32, 24, 0, 1, 0, -1, 0, -1, 0, -1, 16, 8, 0, 0, 0, 0});
        init.writeInt(1).writeByte('x');
        send(init, out);
    }

    private static void send(ByteBuf bytes, OutputStream out) throws IOException {
        bytes.readBytes(out, bytes.readableBytes());
        bytes.release();
    }

    private void hear(int type, DataInputStream in, OutputStream out, PictureEncoder encoder) throws IOException {
        switch (type) {
            case 0 -> {
                in.skipNBytes(3);
                encoder.use(new ClientPixelFormat(
                        in.readUnsignedByte(),
                        in.readUnsignedByte(),
                        in.readBoolean(),
                        in.readBoolean(),
                        in.readUnsignedShort(),
                        in.readUnsignedShort(),
                        in.readUnsignedShort(),
                        in.readUnsignedByte(),
                        in.readUnsignedByte(),
                        in.readUnsignedByte()));
                in.skipNBytes(3);
            }
            case 2 -> {
                in.skipNBytes(1);
                int count = in.readUnsignedShort();
                List<Integer> encodings = new ArrayList<>();
                for (int i = 0; i < count; i++) {
                    encodings.add(in.readInt());
                }
                encoder.use(encodings);
            }
            case 3 -> {
                in.skipNBytes(9);
                if (sent < steps.size()) {
                    update(steps.get(sent++), out, encoder);
                }
            }
            case 4 -> in.skipNBytes(7);
            case 5 -> in.skipNBytes(5);
            default -> throw new IOException("message " + type);
        }
    }

    private void update(Step step, OutputStream out, PictureEncoder encoder) throws IOException {
        ByteBuf bytes = Unpooled.buffer();
        bytes.writeInt(0);
        int count = 0;
        if (step.cursor().isPresent()) {
            count += encoder.encodeCursor(step.cursor().get(), bytes);
        }
        for (Move move : step.moves()) {
            encoder.move(move, bytes);
            count++;
        }
        try (Frame frame = PaintedFrame.of(width, height, step.picture())) {
            for (Rectangle change : step.changes()) {
                count += encoder.encode(frame, change, bytes);
            }
        }
        bytes.setShort(2, count);
        rectangles += count;
        send(bytes, out);
    }

    @Override
    public void close() throws IOException {
        listener.close();
    }
}
