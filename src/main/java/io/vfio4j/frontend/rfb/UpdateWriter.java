package io.vfio4j.frontend.rfb;

import io.netty.buffer.ByteBuf;
import io.vfio4j.display.pixels.Frame;
import io.vfio4j.display.pixels.Placeholder;
import io.vfio4j.display.pixels.Rectangle;
import io.vfio4j.frontend.CursorLook;
import io.vfio4j.frontend.CursorStyle;
import io.vfio4j.frontend.LiveScreen;
import io.vfio4j.frontend.Look;
import io.vfio4j.frontend.Move;
import io.vfio4j.frontend.Viewing;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Writes one client's updates: knows what it was told and shown so far, and what it still has to be shown. For one thread at a time; what
 * is handed over by an executor's queue is seen by the next.
 */
final class UpdateWriter implements AutoCloseable {
    /** FramebufferUpdate can count 65535; encoders make several of one. */
    private static final int MOST_RECTANGLES = 50_000;
    /** Compressors work in tiles of 64 lines at most. */
    private static final int BAND_LINES = 64;
    /** What is worth to be one rectangle, where it need not be small. */
    private static final int BAND_PIXELS = 1 << 18;

    /** How much of an update is spent on exactness at least; what is new meanwhile does not wait for more. */
    private static final int EXACT_BYTES = 256 << 10;

    private static final int SET_COLOUR_MAP_ENTRIES = 1;
    private static final int FENCE_MESSAGE = 248;
    private static final int BY_THE_SERVER = 0;
    private static final int BY_THIS_CLIENT = 1;
    private static final int PLAIN_WIDTH = 640;
    private static final int PLAIN_HEIGHT = 480;

    private final LiveScreen screen;
    private final CursorStyle cursors;
    private final Runnable news;
    private final PictureEncoder encoder;
    private final Region pending = new Region();
    private Viewing viewing;
    private CursorStyle style = CursorStyle.DRAWN;
    private Abilities abilities = Abilities.NONE;
    private int width;
    private int height;
    private int frameWidth;
    private int frameHeight;
    private Optional<Frame> ground = Optional.empty();
    private boolean sizeUntold;
    private final List<UpdateOrder.SizeStatus> answers = new ArrayList<>();
    private Optional<CursorLook> shownCursor = Optional.empty();
    private String toldName;
    private long generation;
    private boolean generationKnown;
    private long dropped;

    /**
     * What came of an order: whether what was written answers the client's request, and whether something of what it wants, or of the rest
     * of the picture, is left to be shown.
     */
    record Result(boolean isUpdate, boolean isRestLeft, boolean isOutsideLeft) {}

    UpdateWriter(LiveScreen screen, RfbOptions options, Runnable news) {
        this.screen = screen;
        this.cursors = options.cursors();
        this.news = news;
        this.encoder = new PictureEncoder(options.lossy());
        this.toldName = screen.name();
        this.viewing = screen.view(style, news);
    }

    /**
     * Writes ServerInit, if there is a picture of the guest whose size it can tell, or nobody waits for one any more.
     *
     * @return whether it was written
     */
    boolean introduce(boolean waited, ByteBuf out) {
        Optional<Look> first = lookAgain();
        try {
            boolean hopeful =
                    first.flatMap(Look::absence).isPresent() && screen.display().isPresent();
            if (hopeful && !waited) {
                return false;
            }
            width = first.map(look -> look.frame().width()).orElse(PLAIN_WIDTH);
            height = first.map(look -> look.frame().height()).orElse(PLAIN_HEIGHT);
        } finally {
            first.ifPresent(Look::close);
        }
        frameWidth = width;
        frameHeight = height;
        pending.add(everything());
        out.writeShort(width).writeShort(height);
        write(ClientPixelFormat.NATIVE, out);
        byte[] name = screen.name().getBytes(StandardCharsets.UTF_8);
        out.writeInt(name.length).writeBytes(name);
        return true;
    }

    private static void write(ClientPixelFormat format, ByteBuf out) {
        out.writeByte(format.bitsPerPixel())
                .writeByte(format.depth())
                .writeBoolean(format.bigEndian())
                .writeBoolean(format.trueColour())
                .writeShort(format.redMax())
                .writeShort(format.greenMax())
                .writeShort(format.blueMax())
                .writeByte(format.redShift())
                .writeByte(format.greenShift())
                .writeByte(format.blueShift())
                .writeZero(3);
    }

    /** How wide the client takes the picture to be. */
    int width() {
        return width;
    }

    /** How high the client takes the picture to be. */
    int height() {
        return height;
    }

    /** By what it gets its pictures. */
    String encodingName() {
        return encoder.encodingName();
    }

    /** Whether something that it was shown is not exact, and has not come to rest yet. */
    boolean isAgeing() {
        return encoder.losses().isAgeing();
    }

    private boolean isAnythingLeft() {
        return !pending.isEmpty() || encoder.losses().isDue();
    }

    /** How many pictures it did not get. */
    long dropped() {
        return dropped;
    }

    /** Not while an order is carried out. */
    void pause() {
        viewing.pause();
    }

    /** Not while an order is carried out. */
    void resume() {
        viewing.resume();
    }

    /** Carries out an order. Where there is nothing to tell, nothing is written. */
    Result write(UpdateOrder order, ByteBuf out) {
        order.format().ifPresent(format -> use(format, out));
        order.encodings().ifPresent(this::use);
        generationKnown &= order.continued();
        answers.addAll(order.sizeAnswers());
        order.repaint().flatMap(area -> area.within(width, height)).ifPresent(pending::add);

        if (order.ages()) {
            encoder.losses().age();
        }

        Optional<Look> look = viewing.look();
        boolean isNew = look.isPresent();
        if (!isNew && lacks(order)) {
            look = lookAgain();
            // Nothing is new then, or a picture came in between, of which everything is.
            isNew = look.isPresent() && look.get().generation() != generation;
        }
        if (look.isPresent()) {
            try (Look shown = look.get()) {
                return write(order, shown, isNew, out);
            }
        }
        return new Result(writeNotes(toldName, out), false, isAnythingLeft());
    }

    private boolean lacks(UpdateOrder order) {
        return isRestLeft(order) || style == CursorStyle.SEPARATE && shownCursor.isEmpty();
    }

    private Optional<Look> lookAgain() {
        viewing.forget();
        return viewing.look();
    }

    private void use(ClientPixelFormat format, ByteBuf out) {
        encoder.use(format);
        shownCursor = Optional.empty();
        if (!format.trueColour()) {
            out.writeByte(SET_COLOUR_MAP_ENTRIES).writeZero(1).writeShort(0).writeShort(ClientPixelFormat.MAP_SIZE);
            ClientPixelFormat.writeColourMap(out);
        }
    }

    private void use(List<Integer> encodings) {
        Abilities before = abilities;
        abilities = Abilities.of(encodings);
        encoder.use(encodings);
        sizeUntold |= abilities.extendedDesktopSize() && !before.extendedDesktopSize();
        CursorStyle now =
                cursors == CursorStyle.SEPARATE && abilities.cursor() ? CursorStyle.SEPARATE : CursorStyle.DRAWN;
        if (now != style) {
            style = now;
            viewing.close();
            viewing = screen.view(style, news);
            shownCursor = Optional.empty();
            generationKnown = false;
            pending.clear();
            pending.add(everything());
        }
    }

    private Rectangle everything() {
        return new Rectangle(0, 0, width, height);
    }

    private Result write(UpdateOrder order, Look look, boolean isNew, ByteBuf out) {
        if (generationKnown && look.generation() > generation + 1) {
            dropped += look.generation() - generation - 1;
        }
        boolean wasComplete = pending.isEmpty();
        generation = look.generation();
        generationKnown = true;

        Frame frame = look.frame();
        boolean resized = frame.width() != frameWidth || frame.height() != frameHeight;
        frameWidth = frame.width();
        frameHeight = frame.height();
        boolean sizeDiffers = frameWidth != width || frameHeight != height;
        if (sizeDiffers && abilities.resizing()) {
            resizeTo(order, out);
            return new Result(true, true, true);
        }
        if (resized) {
            pending.clear();
            pending.add(everything());
        }
        boolean noted = writeNotes(name(look), out);
        List<Move> moves = List.of();
        if (isNew && !resized) {
            if (wasComplete && !sizeDiffers && !noted && encoder.canMove() && isAllWanted(order)) {
                moves = look.moves();
            } else {
                look.moves().forEach(move -> show(move.target()));
            }
            if (sizeDiffers) {
                look.changes().forEach(this::show);
            } else {
                pending.addDisjoint(look.changes());
            }
        }
        if (noted) {
            return new Result(true, isRestLeft(order), isAnythingLeft());
        }
        return writePicture(order, look, moves, out);
    }

    private void show(Rectangle changed) {
        new Area(changed.x(), changed.y(), changed.width(), changed.height())
                .within(width, height)
                .ifPresent(pending::add);
    }

    private boolean isAllWanted(UpdateOrder order) {
        return order.area().within(width, height).filter(everything()::equals).isPresent();
    }

    private boolean isRestLeft(UpdateOrder order) {
        return order.area()
                .within(width, height)
                .filter(area -> !pending.within(area).isEmpty()
                        || !encoder.losses().due(area).isEmpty())
                .isPresent();
    }

    /** A change of size is the last that an update may tell: the client's picture is undefined afterwards. */
    private void resizeTo(UpdateOrder order, ByteBuf out) {
        width = frameWidth;
        height = frameHeight;
        pending.clear();
        pending.add(everything());
        shownCursor = Optional.empty();
        sizeUntold = false;
        encoder.losses().clear();
        Header header = new Header(out);
        if (abilities.extendedDesktopSize()) {
            answers.forEach(answer -> writeSize(BY_THIS_CLIENT, answer, out));
            boolean wished = order.asked()
                    .filter(size -> size.width() == width && size.height() == height)
                    .isPresent();
            writeSize(wished ? BY_THIS_CLIENT : BY_THE_SERVER, UpdateOrder.SizeStatus.DONE, out);
            header.end(answers.size() + 1);
        } else {
            rectangle(0, 0, width, height, Abilities.DESKTOP_SIZE, out);
            header.end(1);
        }
        answers.clear();
        closeGround();
    }

    private void writeSize(int reason, UpdateOrder.SizeStatus status, ByteBuf out) {
        rectangle(reason, status.ordinal(), width, height, Abilities.EXTENDED_DESKTOP_SIZE, out);
        out.writeByte(1).writeZero(3);
        out.writeInt(0).writeInt(0).writeShort(width).writeShort(height).writeInt(0);
    }

    private static void rectangle(int x, int y, int width, int height, int encoding, ByteBuf out) {
        out.writeShort(x).writeShort(y).writeShort(width).writeShort(height).writeInt(encoding);
    }

    /** What has no pixels goes by an update of its own. */
    private boolean writeNotes(String name, ByteBuf out) {
        boolean nameIsNew = abilities.desktopName() && !name.equals(toldName);
        if (!abilities.extendedDesktopSize()) {
            answers.clear();
        }
        int count = (sizeUntold ? 1 : 0) + answers.size() + (nameIsNew ? 1 : 0);
        if (count == 0) {
            return false;
        }
        Header header = new Header(out);
        if (nameIsNew) {
            toldName = name;
            byte[] bytes = name.getBytes(StandardCharsets.UTF_8);
            rectangle(0, 0, 0, 0, Abilities.DESKTOP_NAME, out);
            out.writeInt(bytes.length).writeBytes(bytes);
        }
        if (sizeUntold) {
            sizeUntold = false;
            writeSize(BY_THE_SERVER, UpdateOrder.SizeStatus.DONE, out);
        }
        answers.forEach(answer -> writeSize(BY_THIS_CLIENT, answer, out));
        answers.clear();
        header.end(count);
        return true;
    }

    /** A window's title can say why there is no picture. */
    private String name(Look look) {
        return look.absence()
                .map(why -> why.startsWith(screen.name()) ? why : screen.name() + ": " + why)
                .orElse(screen.name());
    }

    private Result writePicture(UpdateOrder order, Look look, List<Move> moves, ByteBuf out) {
        Header header = new Header(out);
        int count = writeCursor(look.cursor(), out);
        for (Move move : moves) {
            encoder.move(move, out);
            count++;
        }
        Optional<Rectangle> area = order.area().within(width, height);
        List<Rectangle> wanted = area.map(pending::within).orElse(List.of());
        boolean isAll = area.filter(everything()::equals).isPresent();
        int lines = order.mostBytes() == Integer.MAX_VALUE
                ? Integer.MAX_VALUE
                : Math.max(BAND_LINES, BAND_PIXELS / width / BAND_LINES * BAND_LINES);
        List<Rectangle> painted = new ArrayList<>();
        for (Rectangle one : wanted) {
            int end = one.y() + one.height();
            for (int y = one.y(); y < end; y += Math.min(lines, end - y)) {
                if (header.bytes() >= order.mostBytes() || count >= MOST_RECTANGLES) {
                    painted.forEach(pending::remove);
                    header.end(count);
                    return new Result(true, true, true);
                }
                Rectangle band = new Rectangle(one.x(), y, one.width(), Math.min(lines, end - y));
                count += paint(look.frame(), band, encoder::encode, out);
                painted.add(band);
            }
        }
        if (isAll) {
            pending.clear();
        } else {
            wanted.forEach(pending::remove);
        }
        int inexactBytes = header.bytes();
        for (Rectangle one : area.map(encoder.losses()::due).orElse(List.of())) {
            int end = one.y() + one.height();
            for (int y = one.y(); y < end; y += Math.min(BAND_LINES, end - y)) {
                if (header.bytes() - inexactBytes >= EXACT_BYTES
                        || header.bytes() >= order.mostBytes()
                        || count >= MOST_RECTANGLES) {
                    header.end(count);
                    return new Result(true, true, true);
                }
                Rectangle band = new Rectangle(one.x(), y, one.width(), Math.min(BAND_LINES, end - y));
                count += paint(look.frame(), band, encoder::encodeExactly, out);
            }
        }
        if (count == 0) {
            header.undo();
            return new Result(false, false, isAnythingLeft());
        }
        header.end(count);
        return new Result(true, false, isAnythingLeft());
    }

    private int writeCursor(CursorLook cursor, ByteBuf out) {
        if (style == CursorStyle.DRAWN) {
            return 0;
        }
        int count = 0;
        Optional<CursorLook> before = shownCursor;
        shownCursor = Optional.of(cursor);
        if (before.isEmpty()
                || before.get().image() != cursor.image()
                || before.get().visible() != cursor.visible()
                || before.get().hotX() != cursor.hotX()
                || before.get().hotY() != cursor.hotY()) {
            count += encoder.encodeCursor(cursor, out);
        }
        int x = cursor.x() + cursor.hotX();
        int y = cursor.y() + cursor.hotY();
        boolean moved = before.isEmpty()
                || before.get().x() + before.get().hotX() != x
                || before.get().y() + before.get().hotY() != y;
        if (abilities.pointerPosition() && cursor.visible() && moved) {
            rectangle(clamp(x, width), clamp(y, height), 0, 0, Abilities.POINTER_POSITION, out);
            count++;
        }
        return count;
    }

    private static int clamp(int value, int size) {
        return Math.max(0, Math.min(size - 1, value));
    }

    private interface Painting {
        int paint(Frame frame, Rectangle area, ByteBuf out);
    }

    /** A client that cannot follow the picture's size gets what fits in the size that it was told, and ground around it. */
    private int paint(Frame frame, Rectangle area, Painting painting, ByteBuf out) {
        Optional<Rectangle> inside =
                new Area(area.x(), area.y(), area.width(), area.height()).within(frame.width(), frame.height());
        if (inside.filter(area::equals).isPresent()) {
            return painting.paint(frame, area, out);
        }
        int count = inside.map(part -> painting.paint(frame, part, out)).orElse(0);
        Region outside = new Region();
        outside.add(area);
        inside.ifPresent(outside::remove);
        for (Rectangle part : outside.within(area)) {
            count += painting.paint(ground(), part, out);
        }
        return count;
    }

    private Frame ground() {
        if (ground.isEmpty()) {
            Frame empty = new Frame();
            Placeholder.draw(empty, width, height, "");
            ground = Optional.of(empty);
        }
        return ground.get();
    }

    private void closeGround() {
        ground.ifPresent(Frame::close);
        ground = Optional.empty();
    }

    /** A fence that the client answers when it has come as far as this. */
    static void writeFence(int flags, byte[] payload, ByteBuf out) {
        out.writeByte(FENCE_MESSAGE)
                .writeZero(3)
                .writeInt(flags)
                .writeByte(payload.length)
                .writeBytes(payload);
    }

    /** The end of the viewing and the encoder. Not while an order is carried out. */
    @Override
    public void close() {
        viewing.close();
        encoder.close();
        closeGround();
    }

    /** The beginning of a FramebufferUpdate, whose number of rectangles is known at its end. */
    private static final class Header {
        private static final int COUNT_OFFSET = 2;

        private final ByteBuf out;
        private final int start;

        private Header(ByteBuf out) {
            this.out = out;
            this.start = out.writerIndex();
            out.writeInt(0);
        }

        private int bytes() {
            return out.writerIndex() - start;
        }

        private void end(int count) {
            out.setShort(start + COUNT_OFFSET, count);
        }

        private void undo() {
            out.writerIndex(start);
        }
    }
}
