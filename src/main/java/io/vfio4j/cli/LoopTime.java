package io.vfio4j.cli;

import io.vfio4j.linux.LinuxException;
import io.vfio4j.loop.Deadline;
import io.vfio4j.loop.EventLoop;
import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicReference;

/** Waiting on a stepped loop, whatever time it lives in. */
final class LoopTime {
    private static final Duration LOOK_PERIOD = Duration.ofMillis(50);

    private LoopTime() {}

    /** Waits until somebody has counted down, at most so long. */
    static void await(EventLoop loop, CountDownLatch done, Duration longest) throws LinuxException {
        Deadline end = loop.deadline(done::countDown);
        loop.run(() -> end.set(loop.systemCalls().nanoTime() + longest.toNanos()));
        loop.await(done);
        loop.run(end::cancel);
    }

    /** The same, but no longer than until the end is asked for; of that a stepped loop learns only where it looks. */
    static void await(EventLoop loop, CountDownLatch done, Duration longest, Ending ending) throws LinuxException {
        Deadline[] look = new Deadline[1];
        look[0] = loop.deadline(() -> {
            if (ending.isRequested()) {
                done.countDown();
            } else {
                look[0].set(loop.systemCalls().nanoTime() + LOOK_PERIOD.toNanos());
            }
        });
        loop.run(() -> look[0].set(loop.systemCalls().nanoTime()));
        try {
            await(loop, done, longest);
        } finally {
            loop.run(look[0]::cancel);
        }
    }

    /** Waits until it completes. */
    static void await(EventLoop loop, CompletionStage<Void> stage) throws IOException {
        CountDownLatch done = new CountDownLatch(1);
        AtomicReference<Throwable> failure = new AtomicReference<>();
        stage.whenComplete((nothing, thrown) -> {
            failure.set(thrown);
            done.countDown();
        });
        loop.await(done);
        Throwable thrown = failure.get();
        if (thrown instanceof IOException refused) {
            throw refused;
        }
        if (thrown != null) {
            throw new IOException(thrown.getMessage(), thrown);
        }
    }
}
