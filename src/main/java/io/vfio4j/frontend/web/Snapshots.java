package io.vfio4j.frontend.web;

import io.netty.channel.EventLoop;
import io.vfio4j.frontend.CursorStyle;
import io.vfio4j.frontend.LiveScreen;
import io.vfio4j.frontend.LiveStats;
import io.vfio4j.frontend.Look;
import io.vfio4j.frontend.Viewing;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;

/**
 * A screen's pictures for pages that ask for one now and then. Each answer is from after the question. However many ask, each kind is made
 * only so often, and all who wait get the same; while the picture does not change it is not made again; and when nobody has asked for some
 * seconds the screen is not looked at any more.
 *
 * <p>All state belongs to one network thread; looking and encoding happen on another one, once at a time.
 */
final class Snapshots implements AutoCloseable {
    /** The pages ask every second, or every five without JavaScript. */
    private static final long PATIENCE_NANOS = TimeUnit.SECONDS.toNanos(8);
    /** How long, after a pause, the first reading is waited for. */
    private static final long LONGEST_START_NANOS = TimeUnit.SECONDS.toNanos(2);
    /** How long after the first event, which a reading follows unless the guest shows nothing. */
    private static final long LONGEST_READING_NANOS = TimeUnit.MILLISECONDS.toNanos(500);

    private static final long START_CHECK_NANOS = TimeUnit.MILLISECONDS.toNanos(10);

    private final LiveScreen screen;
    private final EventLoop home;
    private final LongSupplier clock;
    private final Executor encoders;

    private final Map<SnapshotKind, Shelf> shelves = new EnumMap<>(SnapshotKind.class);
    private final Deque<Shelf> due = new ArrayDeque<>();
    private final Rate rate = new Rate();
    private Optional<Viewing> viewing = Optional.empty();
    private boolean looking;
    private boolean started;
    private boolean busy;
    private boolean closed;
    private long askedNanos;

    /** What is known of one kind. */
    private static final class Shelf {
        private final SnapshotKind kind;
        private List<CompletableFuture<Snapshot>> waiting = new ArrayList<>();
        private Optional<Snapshot> last = Optional.empty();
        private long earliestNanos;
        private boolean planned;

        private Shelf(SnapshotKind kind, long now) {
            this.kind = kind;
            this.earliestNanos = now;
        }
    }

    /**
     * Looks at nothing yet.
     *
     * @param clock of the network thread
     */
    Snapshots(LiveScreen screen, EventLoop home, LongSupplier clock, Executor encoders) {
        this.screen = screen;
        this.home = home;
        this.clock = clock;
        this.encoders = encoders;
        for (SnapshotKind kind : SnapshotKind.values()) {
            shelves.put(kind, new Shelf(kind, clock.getAsLong()));
        }
    }

    /** Any thread. Completes on the network thread, exceptionally where the screen is closed or the picture cannot be encoded. */
    CompletableFuture<Snapshot> take(SnapshotKind kind) {
        CompletableFuture<Snapshot> answer = new CompletableFuture<>();
        atHome(() -> ask(shelves.get(kind), answer), answer);
        return answer;
    }

    /** How many new pictures the screen shows in a second; known while somebody asks. On the network thread. */
    OptionalDouble picturesPerSecond() {
        return rate.perSecond();
    }

    /** Any thread; who waits is told that it is over. */
    @Override
    public void close() {
        atHome(this::end, new CompletableFuture<>());
    }

    private void atHome(Runnable task, CompletableFuture<Snapshot> orFail) {
        if (home.inEventLoop()) {
            task.run();
            return;
        }
        try {
            home.execute(task);
        } catch (RejectedExecutionException ended) {
            orFail.completeExceptionally(ended);
        }
    }

    private void end() {
        closed = true;
        viewing.ifPresent(Viewing::close);
        viewing = Optional.empty();
        for (Shelf shelf : shelves.values()) {
            shelf.waiting.forEach(answer -> answer.completeExceptionally(new CancellationException()));
            shelf.waiting.clear();
        }
    }

    private void ask(Shelf shelf, CompletableFuture<Snapshot> answer) {
        if (closed) {
            answer.completeExceptionally(new CancellationException());
            return;
        }
        shelf.waiting.add(answer);
        askedNanos = clock.getAsLong();
        try {
            watch();
        } catch (IllegalStateException screenClosed) {
            shelf.waiting.remove(answer);
            answer.completeExceptionally(screenClosed);
            return;
        }
        plan(shelf);
    }

    private void watch() {
        if (looking) {
            return;
        }
        LiveStats before = screen.stats();
        if (viewing.isPresent()) {
            viewing.get().resume();
        } else {
            viewing = Optional.of(screen.view(CursorStyle.DRAWN, () -> {}));
        }
        looking = true;
        started = false;
        rate.forget();
        awaitStart(before, clock.getAsLong() + LONGEST_START_NANOS);
        home.schedule(this::rest, PATIENCE_NANOS, TimeUnit.NANOSECONDS);
    }

    /** What the screen showed last is old after a pause, so the first reading is waited for, though it may show no change. */
    private void awaitStart(LiveStats before, long deadlineNanos) {
        LiveStats now = screen.stats();
        boolean over = screen.display().isEmpty() || clock.getAsLong() - deadlineNanos >= 0;
        if (over || readings(now) > readings(before)) {
            // A reading is counted just before it is shown.
            home.schedule(this::start, over ? 0 : START_CHECK_NANOS, TimeUnit.NANOSECONDS);
            return;
        }
        boolean begun = !now.events().equals(before.events());
        long soon = clock.getAsLong() + LONGEST_READING_NANOS;
        LiveStats next = begun ? now : before;
        long deadline = begun && soon - deadlineNanos < 0 ? soon : deadlineNanos;
        home.schedule(() -> awaitStart(next, deadline), START_CHECK_NANOS, TimeUnit.NANOSECONDS);
    }

    private static long readings(LiveStats stats) {
        return stats.captures() + stats.failures();
    }

    private void start() {
        started = true;
        shelves.values().forEach(this::plan);
    }

    private void rest() {
        long left = askedNanos + PATIENCE_NANOS - clock.getAsLong();
        if (closed || !looking) {
            return;
        }
        if (left > 0) {
            home.schedule(this::rest, left, TimeUnit.NANOSECONDS);
            return;
        }
        looking = false;
        viewing.ifPresent(Viewing::pause);
    }

    private void plan(Shelf shelf) {
        if (closed || !started || shelf.planned || shelf.waiting.isEmpty()) {
            return;
        }
        shelf.planned = true;
        long delay = Math.max(0, shelf.earliestNanos - clock.getAsLong());
        home.schedule(() -> fallDue(shelf), delay, TimeUnit.NANOSECONDS);
    }

    private void fallDue(Shelf shelf) {
        due.add(shelf);
        makeNext();
    }

    private void makeNext() {
        if (busy || closed || due.isEmpty()) {
            return;
        }
        busy = true;
        Shelf shelf = due.remove();
        shelf.planned = false;
        List<CompletableFuture<Snapshot>> answers = shelf.waiting;
        shelf.waiting = new ArrayList<>();
        Viewing place = viewing.orElseThrow();
        Optional<Snapshot> last = shelf.last;
        try {
            encoders.execute(() -> make(place, shelf, last, answers));
        } catch (RejectedExecutionException ended) {
            busy = false;
            answers.forEach(answer -> answer.completeExceptionally(ended));
        }
    }

    private void make(Viewing place, Shelf shelf, Optional<Snapshot> last, List<CompletableFuture<Snapshot>> answers) {
        CompletableFuture<Snapshot> made = new CompletableFuture<>();
        try {
            made.complete(snapshot(place, shelf.kind, last));
        } catch (Throwable failed) {
            // Errors too, such as of a Java without a desktop: who waits is answered, and the next one served.
            made.completeExceptionally(failed);
        }
        atHome(() -> deliver(shelf, made, answers), new CompletableFuture<>());
    }

    private static Snapshot snapshot(Viewing place, SnapshotKind kind, Optional<Snapshot> last) throws Exception {
        // Another kind may have been made of the newest picture already.
        place.forget();
        Snapshot.Pixels pixels;
        try (Look look = place.look().orElseThrow(CancellationException::new)) {
            if (kind != SnapshotKind.FACTS && last.isPresent() && last.get().generation() == look.generation()) {
                return last.get();
            }
            pixels = Snapshot.pixels(look, kind);
        }
        return pixels.encode();
    }

    private void deliver(Shelf shelf, CompletableFuture<Snapshot> made, List<CompletableFuture<Snapshot>> answers) {
        busy = false;
        shelf.earliestNanos = clock.getAsLong() + shelf.kind.intervalNanos();
        made.whenComplete((snapshot, failed) -> {
            if (failed == null) {
                shelf.last = Optional.of(snapshot);
                LiveStats stats = screen.stats();
                rate.add(clock.getAsLong(), stats.captures() - stats.unchanged());
                answers.forEach(answer -> answer.complete(snapshot));
            } else {
                answers.forEach(answer -> answer.completeExceptionally(failed));
            }
        });
        plan(shelf);
        makeNext();
    }
}
