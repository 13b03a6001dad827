package io.vfio4j.loop;

import io.vfio4j.linux.ClosedException;
import io.vfio4j.linux.Descriptor;
import io.vfio4j.linux.LinuxException;
import io.vfio4j.linux.Poller;
import io.vfio4j.linux.SystemCalls;
import io.vfio4j.linux.VirtualTime;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.PriorityQueue;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * Waits for counters, deadlines and tasks, and runs what they are for, one after the other.
 *
 * <p>A loop is run either by a platform daemon thread of its own ({@link #start}), or by whoever calls {@link #step}
 * ({@link #stepped}): then nothing happens between steps, which is what tests want. On a host with virtual time a stepped loop
 * is also stepped by whoever advances the time.
 *
 * <p>"On the loop's thread" means: on that daemon thread, or inside a step. Any number of displays may share a loop.
 */
public final class EventLoop implements AutoCloseable {
    private static final System.Logger LOG = System.getLogger(EventLoop.class.getName());
    /** How many counters one poll drains at most; the others stay ready for the next. */
    private static final int BATCH = 64;

    /**
     * Which loop a thread is stepping; what is per thread cannot belong to any object. Never removed, only emptied: a new entry
     * for each step would be garbage.
     */
    private static final ThreadLocal<EventLoop> STEPPING = new ThreadLocal<>();

    private static final long WAKE_UP = -1;
    private static final long TIMER = -2;

    private final SystemCalls calls;
    private final Poller poller;
    private final Descriptor wakeUp;
    private final Descriptor timer;
    private final String name;

    /** Held by whoever runs the loop: the daemon thread for its whole life, a stepping thread for a step. */
    private final ReentrantLock turn = new ReentrantLock();

    private final Queue<Runnable> tasks = new ConcurrentLinkedQueue<>();
    /** The errand that was sent last; each knows the one before it. */
    private final AtomicReference<@Nullable Errand> errands = new AtomicReference<>();

    private final AtomicBoolean wakeUpPending = new AtomicBoolean();
    private final CountDownLatch ended = new CountDownLatch(1);
    private final Optional<Thread> thread;
    private Optional<VirtualTime.Registration> instants = Optional.empty();

    private final long[] tokens = new long[BATCH];
    private final long[] counters = new long[BATCH];
    private Watch[] watches = new Watch[8];
    private int generation;
    private final PriorityQueue<Deadline> deadlines =
            new PriorityQueue<>((a, b) -> Long.signum(a.nanoTime() - b.nanoTime()));
    private final Set<Resident> residents = new LinkedHashSet<>();
    private boolean timerArmed;
    private long timerArmedFor;
    private boolean closing;
    private volatile boolean running = true;

    private EventLoop(SystemCalls calls, String name, boolean threaded) throws LinuxException {
        this.calls = calls;
        this.name = name;
        List<AutoCloseable> opened = new ArrayList<>(3);
        boolean success = false;
        try {
            poller = opened(opened, calls.openPoller());
            wakeUp = opened(opened, calls.eventFd("wake-up of " + name));
            timer = opened(opened, calls.timerFd("timer of " + name));
            poller.add(wakeUp, WAKE_UP);
            poller.add(timer, TIMER);
            success = true;
        } finally {
            if (!success) {
                closeInReverse(opened);
            }
        }
        thread = threaded ? Optional.of(new LoopThread(this::run, name)) : Optional.empty();
    }

    /**
     * Opens a loop and runs it on a daemon thread of its own.
     *
     * @param calls the system calls to wait with
     * @param name the thread's name: what it serves
     * @return the running loop; the caller closes it
     * @throws LinuxException when a descriptor cannot be had; nothing stays open then
     */
    public static EventLoop start(SystemCalls calls, String name) throws LinuxException {
        EventLoop loop = new EventLoop(calls, name, true);
        Thread thread = loop.thread.orElseThrow();
        thread.start();
        return loop;
    }

    /**
     * Opens a loop that runs only when it is stepped, and, on a host with virtual time, when that time is advanced.
     *
     * @param calls the system calls to wait with
     * @return the loop; the caller closes it
     * @throws LinuxException when a descriptor cannot be had; nothing stays open then
     */
    public static EventLoop stepped(SystemCalls calls) throws LinuxException {
        EventLoop loop = new EventLoop(calls, "stepped loop", false);
        loop.instants = calls.virtualTime().map(time -> time.onInstant(loop::stepIfRunning));
        return loop;
    }

    /**
     * The system calls that the loop waits with.
     *
     * @return what it was opened with
     */
    public SystemCalls systemCalls() {
        return calls;
    }

    /**
     * Whether the calling thread is the loop's.
     *
     * @return true on the daemon thread, and inside a step
     */
    public boolean inLoop() {
        return turn.isHeldByCurrentThread();
    }

    /**
     * Whether the calling thread is any loop's, and so must not wait for another one: that one may be waiting for it.
     *
     * @return true on the daemon thread of a loop, and inside a step
     */
    public static boolean inAnyLoop() {
        return Thread.currentThread() instanceof LoopThread || STEPPING.get() != null;
    }

    /**
     * Has a task run on the loop's thread: in its next turn, at once where the loop waits. Returns without waiting for it. From
     * any thread.
     *
     * @param task must not block; what it throws is logged
     * @throws ClosedException when the loop has ended
     */
    public void execute(Runnable task) {
        if (!running) {
            throw new ClosedException(name);
        }
        tasks.add(task);
        if (!inLoop()) {
            wakeUp();
        }
        if (!running && tasks.remove(task)) {
            throw new ClosedException(name);
        }
    }

    /**
     * Does what can be done without waiting: tasks, ready counters, due deadlines. Only for stepped loops, from any one thread at
     * a time.
     *
     * @return whether anything was done
     * @throws IllegalStateException when the loop has a thread of its own
     * @throws ClosedException when the loop has ended
     */
    public boolean step() {
        if (thread.isPresent()) {
            throw new IllegalStateException(name + " runs on a thread of its own");
        }
        if (!running) {
            throw new ClosedException(name);
        }
        return stepIfRunning();
    }

    /**
     * Begins to watch a counter. On the loop's thread.
     *
     * @param counter an eventfd or timerfd; closed by its owner after {@link #unwatch}
     * @param handler gets what is read
     * @return for {@link #unwatch}
     * @throws LinuxException what the poller says
     */
    public Watch watch(Descriptor counter, CounterHandler handler) throws LinuxException {
        requireLoop();
        int slot = freeSlot();
        // A token names one registration, not a slot, so that an event of an earlier one in the same batch finds
        // nobody.
        Watch watch = new Watch(counter, handler, ((long) (++generation & 0x7fff_ffff) << 32) | slot);
        poller.add(counter, watch.token);
        watches[slot] = watch;
        return watch;
    }

    /**
     * Reads what a watched counter has, now, and hands it to its handler. On the loop's thread.
     *
     * @param watch what {@link #watch} returned
     * @throws LinuxException what read(2) says
     */
    public void drain(Watch watch) throws LinuxException {
        requireLoop();
        long value = calls.drain(watch.counter);
        if (value != 0) {
            watch.handler.onCounter(value, calls.nanoTime());
        }
    }

    /**
     * Ends watching a counter: its handler is not called any more. On the loop's thread.
     *
     * @param watch what {@link #watch} returned; ending it twice does nothing
     * @throws LinuxException what the poller says
     */
    public void unwatch(Watch watch) throws LinuxException {
        requireLoop();
        if (watches[watch.slot()] == watch) {
            watches[watch.slot()] = null;
            poller.remove(watch.counter);
        }
    }

    /**
     * Makes a deadline, not set yet.
     *
     * @param action what to do on the loop's thread when it is due; what it throws is logged
     * @return the deadline
     */
    public Deadline deadline(Runnable action) {
        return new Deadline(this, action);
    }

    /**
     * Registers something that has to be shut down before the loop ends. On the loop's thread.
     *
     * @param resident stays until it leaves
     * @throws ClosedException when the loop is about to end
     */
    public void enter(Resident resident) {
        requireLoop();
        if (closing) {
            throw new ClosedException(name);
        }
        residents.add(resident);
    }

    /**
     * The resident is shut down. On the loop's thread.
     *
     * @param resident one that entered
     */
    public void leave(Resident resident) {
        requireLoop();
        residents.remove(resident);
    }

    /**
     * Runs a task on the loop's thread and waits for it: where the loop is stepped, by taking a turn.
     *
     * @param task must not block
     * @throws LinuxException what the task throws
     * @throws ClosedException when the loop has ended
     */
    public void run(Task task) throws LinuxException {
        if (inLoop()) {
            task.run();
            return;
        }
        if (thread.isEmpty()) {
            runInStep(task);
            return;
        }
        Outcome outcome = new Outcome(task);
        execute(outcome);
        awaitUninterruptibly(outcome.done);
        outcome.rethrow(name);
    }

    boolean hasThread() {
        return thread.isPresent();
    }

    /** Any thread: returns false where the loop has ended. Where it ends just now, the errand is left waiting. */
    boolean send(Errand errand) {
        if (!running) {
            return false;
        }
        @Nullable Errand last;
        do {
            last = errands.get();
            errand.next = last;
        } while (!errands.compareAndSet(last, errand));
        wakeUp();
        return true;
    }

    /** For a loop without a thread: a turn of its own, as soon as nobody else has one. An interrupt waits until afterwards. */
    boolean runInTurn(Runnable task, long patienceNanos) {
        boolean interrupted = false;
        long start = System.nanoTime();
        try {
            while (true) {
                try {
                    long left = patienceNanos - (System.nanoTime() - start);
                    return turn.tryLock(left, TimeUnit.NANOSECONDS) && runAndEndTurn(task);
                } catch (InterruptedException e) {
                    interrupted = true;
                }
            }
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    private boolean runAndEndTurn(Runnable task) {
        EventLoop outer = STEPPING.get();
        STEPPING.set(this);
        try {
            if (running) {
                task.run();
            }
            return running;
        } finally {
            STEPPING.set(outer);
            turn.unlock();
        }
    }

    private boolean runErrands() {
        Errand errand = errands.getAndSet(null);
        boolean any = errand != null;
        while (errand != null) {
            // It may be sent again as soon as it has arrived.
            Errand before = errand.next;
            isolate(errand.arrival);
            errand = before;
        }
        return any;
    }

    private void runInStep(Task task) throws LinuxException {
        turn.lock();
        EventLoop outer = STEPPING.get();
        STEPPING.set(this);
        try {
            if (!running) {
                throw new ClosedException(name);
            }
            task.run();
            arrangeTimerOrFail();
        } finally {
            STEPPING.set(outer);
            turn.unlock();
        }
    }

    private void arrangeTimerOrFail() throws LinuxException {
        try {
            arrangeTimer();
        } catch (LinuxException e) {
            fail(e);
            throw e;
        }
    }

    /**
     * Waits until a latch opens. Where the loop is stepped, it is stepped meanwhile, and virtual time advanced, because nobody
     * else would. An interrupt does not end the wait; the thread's flag is set again afterwards.
     *
     * @param done opened by something that happens on the loop
     * @throws IllegalStateException on the loop's thread, where it would never open
     */
    public void await(CountDownLatch done) {
        if (inLoop()) {
            throw new IllegalStateException("waiting on the loop's own thread");
        }
        if (thread.isPresent()) {
            awaitUninterruptibly(done);
            return;
        }
        boolean retried = false;
        while (done.getCount() > 0 && running) {
            if (stepIfRunning() || done.getCount() == 0 || letTimePass()) {
                retried = false;
            } else if (retried) {
                throw new IllegalStateException("nothing is scheduled that could end the wait");
            } else {
                // Another waiting thread may have let the time pass and be about to step: the next step waits for its
                // turn.
                retried = true;
            }
        }
    }

    /**
     * Shuts down every resident in order, then ends the loop. Waits for that, except on the thread of this loop or any other, where
     * it happens in later turns. Closing twice does nothing more.
     */
    @Override
    public void close() {
        if (running) {
            tasks.add(this::beginClose);
            if (!inLoop()) {
                wakeUp();
            }
        }
        if (!inAnyLoop()) {
            await(ended);
            // Whoever runs the loop may still be closing its descriptors.
            awaitUninterruptibly(ended);
        }
    }

    private void beginClose() {
        closing = true;
        for (Resident resident : List.copyOf(residents)) {
            isolate(resident::shutDown);
        }
    }

    private void run() {
        turn.lock();
        try {
            while (running) {
                turnOnce(true);
            }
        } finally {
            turn.unlock();
        }
    }

    private boolean stepIfRunning() {
        return stepIfRunning(false);
    }

    private boolean stepIfRunning(boolean wait) {
        if (thread.isPresent() || inLoop()) {
            return false;
        }
        turn.lock();
        EventLoop outer = STEPPING.get();
        STEPPING.set(this);
        try {
            return running && turnOnce(wait);
        } finally {
            STEPPING.set(outer);
            turn.unlock();
        }
    }

    /** One turn: what was asked for, what is ready, what is due. Returns whether there was anything. */
    private boolean turnOnce(boolean wait) {
        try {
            boolean worked = runErrands() | runTasks();
            // Before the wait, which would otherwise not end for a deadline that a task has set.
            arrangeTimer();
            int ready = poller.poll(tokens, counters, wait && tasks.isEmpty() && errands.get() == null && !isDone());
            long now = calls.nanoTime();
            for (int i = 0; i < ready; i++) {
                dispatch(tokens[i], counters[i], now);
            }
            worked |= ready > 0;
            worked |= runDue(now);
            arrangeTimer();
            if (isDone()) {
                end();
            }
            return worked;
        } catch (LinuxException | RuntimeException | Error failure) {
            fail(failure);
            return true;
        }
    }

    private boolean isDone() {
        return closing && residents.isEmpty() && tasks.isEmpty();
    }

    private boolean runTasks() {
        if (tasks.isEmpty()) {
            return false;
        }
        boolean worked = false;
        // Tasks that tasks add wait for the next turn, so that none can keep the loop from its counters.
        for (int left = tasks.size(); left > 0; left--) {
            Runnable task = tasks.poll();
            if (task == null) {
                break;
            }
            worked = true;
            isolate(task);
        }
        return worked;
    }

    private void dispatch(long token, long value, long now) {
        if (token == WAKE_UP) {
            wakeUpPending.set(false);
        } else if (token == TIMER) {
            timerArmed = false;
        } else {
            Watch watch = watches[(int) token];
            if (watch != null && watch.token == token) {
                try {
                    watch.handler.onCounter(value, now);
                } catch (RuntimeException e) {
                    LOG.log(System.Logger.Level.ERROR, () -> "a counter's handler failed in " + name, e);
                }
            }
        }
    }

    private boolean runDue(long now) {
        boolean worked = false;
        // An action that sets its deadline into the past again waits for the next turn.
        for (int left = deadlines.size(); left > 0 && isDue(deadlines.peek(), now); left--) {
            worked = true;
            isolate(deadlines.poll()::run);
        }
        return worked;
    }

    private static boolean isDue(Deadline deadline, long now) {
        return deadline != null && deadline.nanoTime() - now <= 0;
    }

    /** The timer is armed anew only for an earlier deadline; a later one is found when the timer expires. */
    private void arrangeTimer() throws LinuxException {
        Deadline next = deadlines.peek();
        if (next != null && (!timerArmed || next.nanoTime() - timerArmedFor < 0)) {
            // The delay counts from now, not from the turn's beginning: callbacks may have taken long.
            calls.arm(timer, next.nanoTime() - calls.nanoTime());
            timerArmed = true;
            timerArmedFor = next.nanoTime();
        }
    }

    private void isolate(Runnable task) {
        try {
            task.run();
        } catch (RuntimeException e) {
            LOG.log(System.Logger.Level.ERROR, () -> "a task failed in " + name, e);
        }
    }

    void add(Deadline deadline) {
        requireLoop();
        deadlines.add(deadline);
    }

    void remove(Deadline deadline) {
        requireLoop();
        deadlines.remove(deadline);
    }

    private int freeSlot() {
        for (int slot = 0; slot < watches.length; slot++) {
            if (watches[slot] == null) {
                return slot;
            }
        }
        int slot = watches.length;
        watches = Arrays.copyOf(watches, slot * 2);
        return slot;
    }

    /** At most one wake-up is in flight, so that none can come after the eventfd is closed. */
    private void wakeUp() {
        if (wakeUpPending.compareAndSet(false, true)) {
            try {
                calls.signal(wakeUp, 1);
            } catch (ClosedException ended) {
                // The loop ended in between: nobody is left to wake.
            } catch (LinuxException e) {
                wakeUpPending.set(false);
                throw new IllegalStateException("cannot wake " + name, e);
            }
        }
    }

    /** Returns whether something may have happened. */
    private boolean letTimePass() {
        Optional<VirtualTime> virtual = calls.virtualTime();
        if (virtual.isPresent()) {
            return virtual.get().advanceToNextEvent();
        }
        stepIfRunning(true);
        return true;
    }

    private void fail(Throwable cause) {
        LOG.log(System.Logger.Level.ERROR, () -> name + " cannot go on", cause);
        closing = true;
        for (Resident resident : List.copyOf(residents)) {
            isolateWhatever(() -> resident.loopFailed(cause));
        }
        residents.clear();
        end();
    }

    /** While the loop ends, not even an error may keep the others from hearing of it. */
    private void isolateWhatever(Runnable task) {
        try {
            task.run();
        } catch (Throwable e) {
            LOG.log(System.Logger.Level.ERROR, () -> "a task failed in " + name + ", which ends", e);
        }
    }

    private void end() {
        running = false;
        instants.ifPresent(VirtualTime.Registration::close);
        closeInReverse(List.of(poller, wakeUp, timer));
        // A task that came too late is still run: somebody may wait for it.
        for (Runnable task = tasks.poll(); task != null; task = tasks.poll()) {
            isolateWhatever(task);
        }
        runErrands();
        ended.countDown();
    }

    private void requireLoop() {
        if (!inLoop()) {
            throw new IllegalStateException("not on the thread of " + name);
        }
    }

    private static <T extends AutoCloseable> T opened(List<AutoCloseable> list, T resource) {
        list.add(resource);
        return resource;
    }

    private static void closeInReverse(List<? extends AutoCloseable> resources) {
        for (int i = resources.size() - 1; i >= 0; i--) {
            try {
                resources.get(i).close();
            } catch (Exception e) {
                LOG.log(System.Logger.Level.WARNING, "close failed", e);
            }
        }
    }

    private static void awaitUninterruptibly(CountDownLatch latch) {
        boolean interrupted = false;
        while (true) {
            try {
                latch.await();
                break;
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    /** A task that may be refused by the kernel. */
    @FunctionalInterface
    public interface Task {
        /**
         * Does it, on the loop's thread.
         *
         * @throws LinuxException what the kernel says
         */
        void run() throws LinuxException;
    }

    private static final class Outcome implements Runnable {
        private final Task task;
        private final CountDownLatch done = new CountDownLatch(1);
        private Throwable failure;

        private Outcome(Task task) {
            this.task = task;
        }

        @Override
        public void run() {
            try {
                task.run();
            } catch (LinuxException | RuntimeException | Error e) {
                failure = e;
            } finally {
                done.countDown();
            }
        }

        private void rethrow(String loop) throws LinuxException {
            if (failure instanceof LinuxException e) {
                throw e;
            } else if (failure instanceof RuntimeException e) {
                throw e;
            } else if (failure instanceof Error e) {
                throw e;
            } else if (failure != null) {
                throw new IllegalStateException("in " + loop, failure);
            }
        }
    }

    /** A platform daemon thread that can be told from all others. */
    private static final class LoopThread extends Thread {
        private LoopThread(Runnable loop, String name) {
            super(loop, name);
            setDaemon(true);
        }
    }
}
