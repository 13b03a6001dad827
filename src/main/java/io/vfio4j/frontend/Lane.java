package io.vfio4j.frontend;

import io.vfio4j.display.pixels.Damage;
import io.vfio4j.display.pixels.DamageHistory;
import io.vfio4j.display.pixels.Frame;
import io.vfio4j.display.pixels.Rectangle;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.ReentrantLock;

/** The pictures for all viewers with one style of cursor: the newest, and those before that somebody still holds. */
final class Lane {
    /** One is shown, one is being filled, two are held by slow viewers. */
    static final int MOST_SLOTS = 4;

    /**
     * What comes into a picture.
     *
     * @param slot filled
     * @param absence what it says, where it is a placeholder
     * @param cursor for viewers that draw it
     * @param noticed when the event came that led to it
     * @param areas where it may differ from the one before; empty for everywhere
     */
    record Showing(
            Slot slot,
            Optional<String> absence,
            CursorLook cursor,
            OptionalLong noticed,
            Optional<List<Rectangle>> areas) {}

    /**
     * How the newest picture can be made of the one directly before.
     *
     * @param moves one after the other
     * @param changes what is left to be painted
     */
    record Step(List<Move> moves, List<Rectangle> changes) {
        static final Step NONE = new Step(List.of(), List.of());
    }

    /** Finds moves from one picture to the next, given what changed. */
    interface Moves {
        Moves NONE = (older, newer, changes) -> Step.NONE;

        /** Where there are no moves, the changes of the result do not count. */
        Step find(Slot older, Slot newer, List<Rectangle> changes);
    }

    private final LiveScreen screen;
    private final ReentrantLock lock = new ReentrantLock();
    private final List<Slot> slots = new ArrayList<>();
    private final CopyOnWriteArrayList<Seat> seats = new CopyOnWriteArrayList<>();
    private Damage damage = new Damage();
    private DamageHistory stepHistory = damage.history();
    private Step step = Step.NONE;
    private Optional<Slot> newest = Optional.empty();
    private Optional<String> absence = Optional.empty();
    private CursorLook cursor = CursorLook.HIDDEN;
    private OptionalLong noticed = OptionalLong.empty();
    private long generation = 1;
    private long looks;
    private long lastChangedPixels;
    private boolean starved;
    /** For those who look before anything was read; empty afterwards. */
    private Optional<Slot> waiting = Optional.empty();

    private String waitingFor = "";

    /** Written with the screen's lock. */
    private volatile int watchers;

    private volatile boolean hasFrames;

    Lane(LiveScreen screen) {
        this.screen = screen;
    }

    /** With the screen's lock. */
    int watchers() {
        return watchers;
    }

    boolean isLookedAt() {
        return watchers > 0;
    }

    boolean hasFrames() {
        return hasFrames;
    }

    boolean hasSeats() {
        return !seats.isEmpty();
    }

    /** How many pictures and cursors were shown. */
    long looks() {
        lock.lock();
        try {
            return looks;
        } finally {
            lock.unlock();
        }
    }

    long generation() {
        lock.lock();
        try {
            return generation;
        } finally {
            lock.unlock();
        }
    }

    /** How many pixels the last picture that was shown changed, by whole tiles. */
    long lastChangedPixels() {
        lock.lock();
        try {
            return lastChangedPixels;
        } finally {
            lock.unlock();
        }
    }

    Step step() {
        lock.lock();
        try {
            return step;
        } finally {
            lock.unlock();
        }
    }

    /** The picture that is shown; filled again by the reader alone, and so valid until he does. */
    Optional<Slot> newest() {
        lock.lock();
        try {
            return newest;
        } finally {
            lock.unlock();
        }
    }

    OptionalLong noticed() {
        lock.lock();
        try {
            return noticed;
        } finally {
            lock.unlock();
        }
    }

    Optional<String> absence() {
        lock.lock();
        try {
            return absence;
        } finally {
            lock.unlock();
        }
    }

    /** A history of this lane's changes that has seen nothing yet. */
    DamageHistory history() {
        return damage.history();
    }

    /** A frame that nobody reads, to be filled; empty where viewers hold them all, and then the screen is told when one is back. */
    Optional<Slot> free() {
        lock.lock();
        try {
            for (Slot slot : slots) {
                if (slot.holders == 0 && newest.filter(shown -> shown == slot).isEmpty()) {
                    return Optional.of(slot);
                }
            }
            if (slots.size() < MOST_SLOTS) {
                slots.add(new Slot());
                hasFrames = true;
                return Optional.of(slots.get(slots.size() - 1));
            }
            starved = true;
            return Optional.empty();
        } finally {
            lock.unlock();
        }
    }

    /** Shows what was filled; returns whether the picture differs from the one before. Viewers are told by {@link #tell}. */
    boolean publish(Showing showing, Moves moves) {
        lock.lock();
        try {
            Frame frame = showing.slot().frame;
            boolean changed = showing.areas().isPresent()
                    ? damage.update(frame, showing.areas().get())
                    : damage.update(frame);
            boolean otherKind = newest.isEmpty() || !absence.equals(showing.absence());
            lastChangedPixels = 0;
            if (changed) {
                stepHistory.take();
                List<Rectangle> changes = stepHistory.rectangles();
                lastChangedPixels = changes.stream().mapToLong(Areas::pixels).sum();
                step = newest.isPresent() && !otherKind ? moves.find(newest.get(), showing.slot(), changes) : Step.NONE;
                generation++;
            }
            if (changed || otherKind) {
                retireWaiting();
                newest = Optional.of(showing.slot());
                absence = showing.absence();
            }
            if (changed || otherKind || !showing.cursor().equals(cursor)) {
                cursor = showing.cursor();
                noticed = showing.noticed();
                looks++;
            }
            return changed;
        } finally {
            lock.unlock();
        }
    }

    /** Shows the same picture with another cursor; returns whether it is another one. */
    boolean publish(CursorLook moved, OptionalLong noticedNanos) {
        lock.lock();
        try {
            if (moved.equals(cursor)) {
                return false;
            }
            cursor = moved;
            noticed = noticedNanos;
            looks++;
            return true;
        } finally {
            lock.unlock();
        }
    }

    /** Tells the viewers that have not been told. */
    void tell() {
        long now = looks();
        if (now > 0) {
            for (Seat seat : seats) {
                seat.tell(now);
            }
        }
    }

    /** Lets go of all frames that nobody holds; those that are held go when they are given back. Only for the reader. */
    void forget() {
        lock.lock();
        try {
            retireWaiting();
            newest = Optional.empty();
            absence = Optional.empty();
            cursor = CursorLook.HIDDEN;
            step = Step.NONE;
            damage = new Damage();
            stepHistory = damage.history();
            generation++;
            starved = false;
            for (Slot slot : slots) {
                slot.retired = true;
                if (slot.holders == 0) {
                    slot.frame.close();
                }
            }
            slots.clear();
            hasFrames = false;
        } finally {
            lock.unlock();
        }
    }

    /** How many frames there are. */
    int frames() {
        lock.lock();
        try {
            return slots.size();
        } finally {
            lock.unlock();
        }
    }

    /** With the screen's lock. */
    Viewing join(Runnable news) {
        Seat seat = new Seat(news);
        seats.add(seat);
        watchers++;
        return seat;
    }

    /** With the lock: a picture for all who wait for the first one. */
    private Slot waiting() {
        String why = screen.whyAbsent();
        if (waiting.isEmpty() || !waitingFor.equals(why)) {
            retireWaiting();
            Slot drawn = new Slot();
            screen.drawPlaceholder(drawn.frame, why);
            waiting = Optional.of(drawn);
            waitingFor = why;
        }
        return waiting.get();
    }

    /** With the lock. */
    private void retireWaiting() {
        waiting.ifPresent(drawn -> {
            drawn.retired = true;
            if (drawn.holders == 0) {
                drawn.frame.close();
            }
        });
        waiting = Optional.empty();
    }

    private void giveBack(Slot slot) {
        boolean again;
        lock.lock();
        try {
            slot.holders--;
            if (slot.retired && slot.holders == 0) {
                slot.frame.close();
                return;
            }
            again = starved && slot.holders == 0;
            starved &= !again;
        } finally {
            lock.unlock();
        }
        if (again) {
            screen.frameIsFree();
        }
    }

    private final class Seat implements Viewing {
        private final Runnable news;
        private volatile boolean looking = true;
        private volatile boolean closed;

        /** The reader alone. */
        private long told;

        // With the lane's lock.

        private Damage seenDamage = damage;
        private DamageHistory history = damage.history();
        private long seen;
        private long seenGeneration;
        private boolean hasNotLooked = true;

        private Seat(Runnable news) {
            this.news = news;
        }

        private void tell(long now) {
            if (looking && !closed && told != now) {
                told = now;
                try {
                    news.run();
                } catch (Throwable ignored) {
                    // A viewer's own affair, which is not to end the reading for the others.
                }
            }
        }

        @Override
        public Optional<Look> look() {
            lock.lock();
            try {
                if (closed || (newest.isEmpty() ? !hasNotLooked : seen == looks)) {
                    return Optional.empty();
                }
                hasNotLooked = false;
                if (newest.isEmpty()) {
                    return Optional.of(placeholder());
                }
                if (seenDamage != damage) {
                    seenDamage = damage;
                    history = damage.history();
                    seenGeneration = 0;
                }
                history.take();
                Slot slot = newest.get();
                slot.holders++;
                boolean follows = seenGeneration != 0
                        && seenGeneration == generation - 1
                        && !step.moves().isEmpty();
                List<Rectangle> changes = follows ? step.changes() : history.rectangles();
                List<Move> moves = follows ? step.moves() : List.of();
                seen = looks;
                seenGeneration = generation;
                return Optional.of(new Lent(slot, absence, changes, moves, cursor, generation, noticed));
            } finally {
                lock.unlock();
            }
        }

        /** For who looks before anything was read. */
        private Look placeholder() {
            Slot shared = waiting();
            shared.holders++;
            Rectangle all = new Rectangle(0, 0, shared.frame.width(), shared.frame.height());
            seenGeneration = 0;
            history.forget();
            return new Lent(
                    shared,
                    Optional.of(waitingFor),
                    List.of(all),
                    List.of(),
                    CursorLook.HIDDEN,
                    generation,
                    OptionalLong.empty());
        }

        @Override
        public void forget() {
            lock.lock();
            try {
                history.forget();
                seen = 0;
                seenGeneration = 0;
                hasNotLooked = true;
            } finally {
                lock.unlock();
            }
        }

        @Override
        public void pause() {
            screen.change(() -> {
                if (!closed && looking) {
                    looking = false;
                    watchers--;
                }
                return false;
            });
        }

        @Override
        public void resume() {
            screen.change(() -> {
                boolean back = !closed && !looking;
                if (back) {
                    looking = true;
                    watchers++;
                }
                return back;
            });
        }

        @Override
        public void close() {
            screen.change(() -> {
                if (!closed) {
                    closed = true;
                    watchers -= looking ? 1 : 0;
                    seats.remove(this);
                }
                return false;
            });
        }
    }

    private final class Lent implements Look {
        private final Slot slot;
        private final Optional<String> absence;
        private final List<Rectangle> changes;
        private final List<Move> moves;
        private final CursorLook cursor;
        private final long generation;
        private final OptionalLong noticed;
        private final AtomicBoolean closed = new AtomicBoolean();

        private Lent(
                Slot slot,
                Optional<String> absence,
                List<Rectangle> changes,
                List<Move> moves,
                CursorLook cursor,
                long generation,
                OptionalLong noticed) {
            this.slot = slot;
            this.absence = absence;
            this.changes = changes;
            this.moves = moves;
            this.cursor = cursor;
            this.generation = generation;
            this.noticed = noticed;
        }

        @Override
        public Frame frame() {
            return slot.frame;
        }

        @Override
        public Optional<String> absence() {
            return absence;
        }

        @Override
        public List<Rectangle> changes() {
            return changes;
        }

        @Override
        public List<Move> moves() {
            return moves;
        }

        @Override
        public CursorLook cursor() {
            return cursor;
        }

        @Override
        public long generation() {
            return generation;
        }

        @Override
        public OptionalLong noticedNanos() {
            return noticed;
        }

        @Override
        public void close() {
            if (closed.compareAndSet(false, true)) {
                giveBack(slot);
            }
        }
    }
}
