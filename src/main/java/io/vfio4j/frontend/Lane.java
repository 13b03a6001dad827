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
    private static final int MOST_SLOTS = 4;

    /** A frame that goes from the reader to the viewers and back. */
    static final class Slot {
        final Frame frame = new Frame();
        private int holders;
    }

    private final LiveScreen screen;
    private final ReentrantLock lock = new ReentrantLock();
    private final Damage damage = new Damage();
    private final List<Slot> slots = new ArrayList<>();
    private final CopyOnWriteArrayList<Seat> seats = new CopyOnWriteArrayList<>();
    private Optional<Slot> newest = Optional.empty();
    private Optional<String> absence = Optional.empty();
    private CursorLook cursor = CursorLook.HIDDEN;
    private OptionalLong noticed = OptionalLong.empty();
    private long generation;
    private long looks;
    private long changedPixels;
    private boolean starved;

    Lane(LiveScreen screen) {
        this.screen = screen;
    }

    boolean isWatched() {
        return seats.stream().anyMatch(seat -> seat.looking.get());
    }

    long changedPixels() {
        lock.lock();
        try {
            return changedPixels;
        } finally {
            lock.unlock();
        }
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
                return Optional.of(slots.get(slots.size() - 1));
            }
            starved = true;
            return Optional.empty();
        } finally {
            lock.unlock();
        }
    }

    /** Shows a frame that was filled, and tells the viewers; returns whether it differs from the one before. */
    boolean publish(Slot slot, Optional<String> why, CursorLook look, OptionalLong noticedNanos) {
        boolean changed;
        lock.lock();
        try {
            changed = damage.update(slot.frame);
            boolean cursorMoved = !look.equals(cursor);
            newest = Optional.of(slot);
            absence = why;
            cursor = look;
            noticed = noticedNanos;
            if (changed) {
                generation++;
            }
            if (!changed && !cursorMoved) {
                return false;
            }
            looks++;
        } finally {
            lock.unlock();
        }
        seats.forEach(Seat::tell);
        return true;
    }

    Viewing join(Runnable news) {
        Seat seat = new Seat(news);
        seats.add(seat);
        screen.looking(1);
        seat.tell();
        return seat;
    }

    private void giveBack(Slot slot) {
        boolean again;
        lock.lock();
        try {
            slot.holders--;
            again = starved && slot.holders == 0;
            starved &= !again;
        } finally {
            lock.unlock();
        }
        if (again) {
            screen.readAgain();
        }
    }

    private final class Seat implements Viewing {
        private final Runnable news;
        private final DamageHistory history = damage.history();
        private final AtomicBoolean looking = new AtomicBoolean(true);
        private final AtomicBoolean closed = new AtomicBoolean();
        private long seen;

        private Seat(Runnable news) {
            this.news = news;
        }

        private void tell() {
            if (looking.get() && !closed.get()) {
                news.run();
            }
        }

        @Override
        public Optional<Look> look() {
            lock.lock();
            try {
                if (closed.get() || newest.isEmpty() || seen == looks) {
                    return Optional.empty();
                }
                seen = looks;
                history.take();
                Slot slot = newest.get();
                slot.holders++;
                return Optional.of(
                        new Lent(slot, absence, history.rectangles(), List.of(), cursor, generation, noticed));
            } finally {
                lock.unlock();
            }
        }

        @Override
        public void forget() {
            lock.lock();
            try {
                history.forget();
                seen = 0;
            } finally {
                lock.unlock();
            }
        }

        @Override
        public void pause() {
            if (!closed.get() && looking.compareAndSet(true, false)) {
                screen.looking(-1);
            }
        }

        @Override
        public void resume() {
            if (!closed.get() && looking.compareAndSet(false, true)) {
                screen.looking(1);
                tell();
            }
        }

        @Override
        public void close() {
            if (closed.compareAndSet(false, true)) {
                seats.remove(this);
                if (looking.get()) {
                    screen.looking(-1);
                }
            }
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
