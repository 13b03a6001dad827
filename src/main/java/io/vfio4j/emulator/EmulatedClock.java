package io.vfio4j.emulator;

import io.vfio4j.linux.VirtualTime;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.locks.ReentrantLock;

/**
 * The emulated host's clock. Virtual time stands still until somebody advances it; real time passes by itself, and refuses
 * to be advanced.
 *
 * <p>Any thread may advance; one at a time does, the others wait for it.
 */
public final class EmulatedClock implements VirtualTime {
    /** Steps that still find something to do after so many rounds never come to an end. */
    private static final int MOST_ROUNDS = 1_000_000;

    private final Kernel kernel;
    private final ReentrantLock advancing = new ReentrantLock();
    private final List<Registered> steps = new CopyOnWriteArrayList<>();

    /** One registration, so that a step may be registered twice. */
    private record Registered(Step step, Object identity) {}

    EmulatedClock(Kernel kernel) {
        this.kernel = kernel;
    }

    /**
     * The time now.
     *
     * @return nanoseconds; in virtual time since the host was made
     */
    public long nanoTime() {
        return kernel.nanoTime();
    }

    /**
     * Whether time stands still until it is advanced.
     *
     * @return false in real time
     */
    public boolean isVirtual() {
        return kernel.isVirtual();
    }

    /**
     * Lets time pass: everything that is scheduled up to then happens in its order, and after each instant the steps run until
     * none of them does anything. They also run once before, so that {@link Duration#ZERO} delivers what is pending.
     *
     * @param duration how long, not negative
     * @throws IllegalStateException when called by a step, or in real time
     */
    public void advance(Duration duration) {
        if (duration.isNegative()) {
            throw new IllegalArgumentException("time does not go back by " + duration);
        }
        exclusively(() -> {
            long target = Math.addExact(kernel.nanoTime(), duration.toNanos());
            runSteps();
            while (true) {
                OptionalLong next = next();
                if (next.isEmpty() || next.getAsLong() > target) {
                    moveTo(target);
                    return true;
                }
                moveTo(next.getAsLong());
                runSteps();
            }
        });
    }

    /**
     * {@inheritDoc}
     *
     * <p>The steps run before as well, because what is pending may schedule something.
     */
    @Override
    public boolean advanceToNextEvent() {
        return exclusively(() -> {
            runSteps();
            OptionalLong next = next();
            if (next.isEmpty()) {
                return false;
            }
            moveTo(next.getAsLong());
            runSteps();
            return true;
        });
    }

    /**
     * How long it is to the next instant at which something happens.
     *
     * @return empty when nothing is scheduled
     */
    public Optional<Duration> untilNextEvent() {
        kernel.lock();
        try {
            OptionalLong next = kernel.events().next();
            return next.isEmpty()
                    ? Optional.empty()
                    : Optional.of(Duration.ofNanos(Math.max(0, next.getAsLong() - kernel.nanoTime())));
        } finally {
            kernel.unlock();
        }
    }

    @Override
    public Registration onInstant(Step step) {
        Registered registered = new Registered(Objects.requireNonNull(step, "step"), new Object());
        steps.add(registered);
        return () -> steps.remove(registered);
    }

    /** Whether the calling thread is advancing the time, and so is a step or something that a step has called. */
    boolean isAdvancing() {
        return advancing.isHeldByCurrentThread();
    }

    boolean hasSteps() {
        return !steps.isEmpty();
    }

    private interface Advance {
        boolean run();
    }

    private boolean exclusively(Advance advance) {
        if (!kernel.isVirtual()) {
            throw new IllegalStateException("the emulated host runs in real time, which passes by itself");
        }
        if (advancing.isHeldByCurrentThread()) {
            throw new IllegalStateException("a step cannot advance the time that it runs in");
        }
        advancing.lock();
        try {
            return advance.run();
        } finally {
            advancing.unlock();
        }
    }

    private OptionalLong next() {
        kernel.lock();
        try {
            return kernel.events().next();
        } finally {
            kernel.unlock();
        }
    }

    private void moveTo(long time) {
        kernel.lock();
        try {
            kernel.setVirtualTime(Math.max(time, kernel.nanoTime()));
            kernel.events().run(kernel.nanoTime());
        } finally {
            kernel.unlock();
        }
    }

    private void runSteps() {
        for (int round = 0; round < MOST_ROUNDS; round++) {
            boolean busy = false;
            for (Registered registered : steps) {
                busy |= registered.step().run();
            }
            if (!busy) {
                return;
            }
        }
        throw new IllegalStateException("after " + MOST_ROUNDS + " rounds the steps still find something to do");
    }
}
