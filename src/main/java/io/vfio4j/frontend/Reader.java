package io.vfio4j.frontend;

import io.vfio4j.display.Display;
import io.vfio4j.display.pixels.Consistency;
import io.vfio4j.display.pixels.Cursor;
import io.vfio4j.display.pixels.DamageHistory;
import io.vfio4j.display.pixels.Frame;
import io.vfio4j.display.pixels.Placeholder;
import io.vfio4j.display.pixels.Rectangle;
import io.vfio4j.display.pixels.Screen;
import io.vfio4j.linux.ClosedException;
import io.vfio4j.recording.Recorder;
import io.vfio4j.vfio.Plane;
import io.vfio4j.vfio.PlaneType;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * Reads pictures for a screen. The picture without a cursor is read once, for whoever watches; the one with the cursor drawn into it is made
 * of that, by copying what changed, and what was under the cursor. One turn at a time, on whichever thread.
 */
final class Reader {
    private static final int FIRST_WIDTH = 640;
    private static final int FIRST_HEIGHT = 480;

    /** How many readings it takes until all of an idle picture was compared. */
    private static final int PARTS = 2;

    private final LiveScreen screen;
    private final LiveCounts counts;
    private final Lane plain;
    private final Lane drawn;
    private final Cursor cursor = new Cursor();
    private final MoveSearch search = new MoveSearch();
    private final Recorder recorder = Recorder.create();

    private CursorLook cursorLook = CursorLook.HIDDEN;
    private volatile int lastWidth = FIRST_WIDTH;
    private volatile int lastHeight = FIRST_HEIGHT;
    private Optional<Plane> shownPlane = Optional.empty();
    /** When the event came that a picture is still owed for, because there was no frame. */
    private OptionalLong owed = OptionalLong.empty();

    /** What a question after the primary plane was answered when it was read last. */
    private Optional<Plane> knownPrimary = Optional.empty();

    private boolean primaryIsKnown;

    /** What changed in the plain picture since the newest with a cursor was made of it. */
    private Optional<DamageHistory> sinceDrawn = Optional.empty();

    /** What is compared next of an idle picture. */
    private int part;

    private long drawnLooks;
    private long drawnGeneration;

    Reader(LiveScreen screen, LiveCounts counts) {
        this.screen = screen;
        this.counts = counts;
        this.plain = new Lane(screen);
        this.drawn = new Lane(screen);
    }

    Lane lane(CursorStyle style) {
        return style == CursorStyle.DRAWN ? drawn : plain;
    }

    /** With the screen's lock. */
    int watchers() {
        return plain.watchers() + drawn.watchers();
    }

    /** With the screen's lock: whether there are frames that nobody needs. */
    boolean isUntidy() {
        return !drawn.hasSeats() && (drawn.hasFrames() || !plain.hasSeats() && plain.hasFrames());
    }

    int frames() {
        return plain.frames() + drawn.frames();
    }

    void turn(Wish wish, Optional<Attachment> from) {
        if (wish.wantsTidiness()) {
            tidy();
        }
        if (!screen.isWatched()) {
            // Who comes, or comes back, wishes anew.
            return;
        }
        long looksBefore = plain.looks();
        if (from.isPresent()) {
            read(from.get(), wish);
        } else {
            place(screen.whyAbsent());
        }
        draw();
        if (plain.looks() != looksBefore && from.isPresent() && wish.noticed().isPresent()) {
            counts.latency(
                    Math.max(0, from.get().display.nanoTime() - wish.noticed().getAsLong()));
        }
        plain.tell();
        drawn.tell();
    }

    private void tidy() {
        if (drawn.hasSeats()) {
            return;
        }
        drawn.forget();
        sinceDrawn = Optional.empty();
        drawnLooks = 0;
        if (!plain.hasSeats()) {
            plain.forget();
            shownPlane = Optional.empty();
        }
    }

    private void read(Attachment from, Wish wish) {
        Display display = from.display;
        try {
            boolean pictureToo = wish.wantsPicture() && (wish.isUrgent() || !isServed(from, wish.refreshed()))
                    || plain.newest().isEmpty();
            boolean cursorToo = wish.wantsCursor();
            if (!pictureToo && screen.isBackedOff()) {
                boolean flipped = wish.asksForPrimary() && isOtherPrimary(display.screen());
                boolean moved = wish.asksForCursor() && isOtherCursor(display.screen());
                if (flipped || moved) {
                    screen.paced(from, true);
                }
                pictureToo = flipped;
                cursorToo |= moved;
            }
            if (pictureToo) {
                readPicture(from, wish.noticed());
            } else if (cursorToo && plain.absence().isEmpty()) {
                readCursor(display.screen());
                if (screen.isShown(from) && plain.publish(cursorLook, wish.noticed())) {
                    screen.paced(from, true);
                }
            }
        } catch (ClosedException closed) {
            // The screen is told by the display.
        } catch (IOException | RuntimeException unreadable) {
            counts.failures.incrementAndGet();
            if (screen.isShown(from)) {
                place(screen.name() + " cannot be shown: " + unreadable.getMessage());
                screen.paced(from, false);
            }
        }
    }

    /** What was noticed before the newest picture began to be read is in it. */
    private static boolean isServed(Attachment from, OptionalLong noticed) {
        return noticed.isPresent() && from.hasSeen(noticed.getAsLong());
    }

    private boolean isOtherPrimary(Screen pixels) throws IOException {
        Optional<Plane> now = pixels.plane(PlaneType.PRIMARY);
        boolean other = primaryIsKnown && !now.equals(knownPrimary);
        knownPrimary = now;
        primaryIsKnown = true;
        return other;
    }

    private boolean isOtherCursor(Screen pixels) throws IOException {
        Optional<Plane> known = cursor.isVisible() ? cursor.image().plane() : Optional.empty();
        return !pixels.plane(PlaneType.CURSOR).equals(known);
    }

    private void readPicture(Attachment from, OptionalLong noticed) throws IOException {
        Optional<Slot> free = plain.free();
        if (free.isEmpty()) {
            counts.skipped.incrementAndGet();
            owed = noticed;
            return;
        }
        Recorder.PictureSpan span = recorder.picture();
        Screen pixels = from.display.screen();
        primaryIsKnown = false;
        if (screen.isBackedOff()) {
            isOtherPrimary(pixels);
        }
        if (screen.isBackedOff() && isUnchanged(from)) {
            readCursor(pixels);
            if (screen.isShown(from)) {
                counts.captures.incrementAndGet();
                counts.unchanged.incrementAndGet();
                counts.totalPixels.addAndGet((long) lastWidth * lastHeight);
                owed = OptionalLong.empty();
                span.end(screen.name(), 0);
                screen.paced(from, plain.publish(cursorLook, noticed));
            }
            return;
        }
        Frame frame = free.get().frame;
        if (!capture(from, frame)) {
            if (screen.isShown(from)) {
                place(Placeholder.NOTHING_YET);
                screen.paced(from, false);
            }
            return;
        }
        readCursor(pixels);
        if (!screen.isShown(from)) {
            return;
        }
        lastWidth = frame.width();
        lastHeight = frame.height();
        boolean otherBuffer = !frame.plane().equals(shownPlane);
        shownPlane = frame.plane();
        long looks = plain.looks();
        boolean changed = plain.publish(
                new Lane.Showing(
                        free.get(),
                        Optional.empty(),
                        cursorLook,
                        noticed.isPresent() ? noticed : owed,
                        Optional.empty()),
                this::findMoves);
        owed = OptionalLong.empty();
        count(frame, changed);
        span.end(screen.name(), changed ? plain.lastChangedPixels() : 0);
        screen.paced(from, otherBuffer || plain.looks() != looks);
    }

    /**
     * The guest's picture is compared with the newest one where it is, some lines at a time, and the others the next time: what a guest
     * draws is mostly higher than a few lines, so that it is seen as soon, by a fraction of the work.
     */
    private boolean isUnchanged(Attachment from) throws IOException {
        if (plain.absence().isPresent() || plain.newest().isEmpty()) {
            return false;
        }
        long begun = from.display.nanoTime();
        boolean same = from.display.screen().shows(plain.newest().get().frame, part, PARTS);
        part = (part + 1) % PARTS;
        if (same) {
            from.begunAt(begun);
        }
        return same;
    }

    private void count(Frame frame, boolean changed) {
        counts.captures.incrementAndGet();
        counts.totalPixels.addAndGet((long) frame.width() * frame.height());
        if (changed) {
            counts.changedPixels.addAndGet(plain.lastChangedPixels());
            counts.moves.addAndGet(plain.step().moves().size());
        } else {
            counts.unchanged.incrementAndGet();
        }
    }

    /**
     * A picture that the guest overtook is read once more, at once: it may be half old, and the event that overtook it would have it read
     * again anyway, but then finds itself served. Not more often: a guest that never waits would never be seen.
     */
    private boolean capture(Attachment from, Frame into) throws IOException {
        Screen pixels = from.display.screen();
        boolean shown = pixels.capture(into);
        if (shown && into.consistency() == Consistency.OVERTAKEN) {
            shown = pixels.capture(into);
            if (shown && into.consistency() == Consistency.OVERTAKEN) {
                counts.overtaken.incrementAndGet();
            }
        }
        if (shown) {
            from.begunAt(into.capturedNanos());
        }
        return shown;
    }

    private void readCursor(Screen pixels) throws IOException {
        pixels.cursor(cursor);
        cursorLook = CursorLook.of(cursor, cursorLook);
    }

    private Lane.Step findMoves(Slot older, Slot newer, List<Rectangle> changes) {
        List<Rectangle> rest = changes;
        List<Move> moves = search.find(older.frame, newer.frame, changes);
        for (Move move : moves) {
            rest = Areas.without(rest, move.target());
        }
        return new Lane.Step(moves, List.copyOf(rest));
    }

    /** Shows a sentence, unless it is shown already. Where there is no frame, it is shown as soon as one is back. */
    private void place(String why) {
        if (plain.newest().isPresent() && plain.absence().equals(Optional.of(why))) {
            return;
        }
        Optional<Slot> free = plain.free();
        if (free.isEmpty()) {
            counts.skipped.incrementAndGet();
            return;
        }
        Placeholder.draw(free.get().frame, lastWidth, lastHeight, why);
        shownPlane = Optional.empty();
        cursorLook = CursorLook.HIDDEN;
        plain.publish(
                new Lane.Showing(free.get(), Optional.of(why), cursorLook, OptionalLong.empty(), Optional.empty()),
                Lane.Moves.NONE);
    }

    void drawPlaceholder(Frame into, String why) {
        Placeholder.draw(into, lastWidth, lastHeight, why);
    }

    /** Makes the picture with the cursor in it. */
    private void draw() {
        if (!drawn.isLookedAt() || plain.newest().isEmpty()) {
            return;
        }
        if (drawnLooks == plain.looks() && drawn.newest().isPresent()) {
            return;
        }
        Optional<Slot> free = drawn.free();
        if (free.isEmpty()) {
            counts.skipped.incrementAndGet();
            return;
        }
        Slot slot = free.get();
        bringUp(slot, plain.newest().get().frame);
        boolean isNext = drawnGeneration == plain.generation() - 1;
        Lane.Step step = plain.step();
        drawn.publish(
                new Lane.Showing(slot, plain.absence(), CursorLook.HIDDEN, plain.noticed(), differences(slot)),
                isNext ? (older, newer, changes) -> aroundCursors(step, older, newer, changes) : Lane.Moves.NONE);
        drawnLooks = plain.looks();
        drawnGeneration = plain.generation();
    }

    /** Brings a picture that was made earlier up to date. */
    private void bringUp(Slot slot, Frame from) {
        Frame frame = slot.frame;
        DamageHistory behind = slot.behind.orElseGet(plain::history);
        boolean isOther = slot.behind.isEmpty() || frame.width() != from.width() || frame.height() != from.height();
        slot.behind = Optional.of(behind);
        behind.take();
        if (isOther) {
            frame.copyFrom(from);
        } else {
            behind.rectangles().forEach(area -> frame.copyFrom(from, area));
            slot.cursorAt.ifPresent(area -> frame.copyFrom(from, area));
        }
        slot.cursorAt = Optional.empty();
        if (plain.absence().isEmpty()) {
            frame.drawCursor(cursor);
            slot.cursorAt = cursorOn(frame);
        }
    }

    private Optional<Rectangle> cursorOn(Frame frame) {
        if (!cursor.isVisible() || cursor.image().isEmpty()) {
            return Optional.empty();
        }
        int left = Math.max(0, cursor.x());
        int top = Math.max(0, cursor.y());
        long right = Math.min(frame.width(), (long) cursor.x() + cursor.image().width());
        long bottom =
                Math.min(frame.height(), (long) cursor.y() + cursor.image().height());
        return left >= right || top >= bottom
                ? Optional.empty()
                : Optional.of(new Rectangle(left, top, (int) (right - left), (int) (bottom - top)));
    }

    /** Where a picture with a cursor can differ from the newest one: where the plain one does, and where the cursor was and is. */
    private Optional<List<Rectangle>> differences(Slot slot) {
        DamageHistory since = sinceDrawn.orElseGet(plain::history);
        sinceDrawn = Optional.of(since);
        since.take();
        Optional<Slot> before = drawn.newest();
        if (before.isEmpty()) {
            return Optional.empty();
        }
        List<Rectangle> areas = new ArrayList<>(since.rectangles());
        before.get().cursorAt.ifPresent(areas::add);
        slot.cursorAt.ifPresent(areas::add);
        long pixels = areas.stream().mapToLong(Areas::pixels).sum();
        // Then comparing in whole lines is quicker.
        return 2 * pixels > Areas.pixels(new Rectangle(0, 0, slot.frame.width(), slot.frame.height()))
                ? Optional.empty()
                : Optional.of(areas);
    }

    /** A move of the plain picture takes the old cursor along, and knows nothing of the new one: both places are painted. */
    private static Lane.Step aroundCursors(Lane.Step plain, Slot older, Slot newer, List<Rectangle> changes) {
        List<Rectangle> rest = changes;
        for (Move move : plain.moves()) {
            rest = Areas.without(rest, move.target());
        }
        for (Move move : plain.moves()) {
            Optional<Rectangle> covered = newer.cursorAt.flatMap(at -> Areas.common(at, move.target()));
            Optional<Rectangle> taken = older.cursorAt.flatMap(at -> carried(at, move));
            if (covered.isPresent()) {
                rest = Areas.with(rest, covered.get());
            }
            if (taken.isPresent()) {
                rest = Areas.with(rest, taken.get());
            }
        }
        return new Lane.Step(plain.moves(), List.copyOf(rest));
    }

    private static Optional<Rectangle> carried(Rectangle at, Move move) {
        Rectangle target = move.target();
        Rectangle source = new Rectangle(move.sourceX(), move.sourceY(), target.width(), target.height());
        return Areas.common(at, source)
                .map(part -> new Rectangle(
                        part.x() - source.x() + target.x(),
                        part.y() - source.y() + target.y(),
                        part.width(),
                        part.height()));
    }
}
