package io.vfio4j.emulator.runs;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletionService;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorCompletionService;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import java.util.stream.IntStream;

/**
 * Runs that have nothing to do with one another, on a fixed number of threads. Their results are put together by their numbers: they are
 * the same with any number of threads.
 *
 * @param <T> what a run results in
 */
public final class Runs<T> {
    private static final long PATIENCE_MILLIS = 50;

    private final int total;
    private final Run<T> run;

    /**
     * Prepares them.
     *
     * @param total how many
     * @param run carries out each
     */
    public Runs(int total, Run<T> run) {
        this.total = total;
        this.run = run;
    }

    /**
     * Carries one out.
     *
     * @param <T> what it results in
     */
    @FunctionalInterface
    public interface Run<T> {
        /**
         * Runs it on the calling thread.
         *
         * @param number which, from 0 on
         * @param stopped whether to stop; asked often
         * @return its result; empty when it was stopped
         */
        Optional<T> of(int number, BooleanSupplier stopped);
    }

    /** Is told how far they are; called by the thread that waits for them. */
    @FunctionalInterface
    public interface Progress {
        /**
         * Some runs are done.
         *
         * @param done how many
         * @param total of how many
         */
        void ran(int done, int total);
    }

    private record Done<T>(int number, Optional<T> result) {}

    /**
     * Carries them out. Blocks until all are done, or cancelled; the threads are ended then.
     *
     * @param threads how many runs at a time
     * @param progress is told how far they are
     * @param cancelled whether to stop and return what is done; asked often. An interrupt of the calling thread does the same, and stays set
     * @return the results by their numbers; empty where there is none
     * @throws RuntimeException that of the first run that failed; the others are stopped
     */
    public List<Optional<T>> run(int threads, Progress progress, BooleanSupplier cancelled) {
        List<Optional<T>> results = new ArrayList<>(
                IntStream.range(0, total).mapToObj(each -> Optional.<T>empty()).toList());
        AtomicBoolean stopped = new AtomicBoolean();
        ExecutorService pool = pool(Math.max(1, Math.min(threads, total)));
        boolean interrupted = false;
        try {
            CompletionService<Done<T>> runs = new ExecutorCompletionService<>(pool);
            for (int number = 0; number < total; number++) {
                int which = number;
                runs.submit(() -> new Done<>(which, stopped.get() ? Optional.empty() : run.of(which, stopped::get)));
            }
            int done = 0;
            while (done < total) {
                if (cancelled.getAsBoolean()) {
                    stopped.set(true);
                }
                try {
                    Future<Done<T>> next = runs.poll(PATIENCE_MILLIS, TimeUnit.MILLISECONDS);
                    if (next == null) {
                        continue;
                    }
                    Done<T> finished = next.get();
                    results.set(finished.number(), finished.result());
                    done++;
                    if (!stopped.get()) {
                        progress.ran(done, total);
                    }
                } catch (InterruptedException e) {
                    interrupted = true;
                    stopped.set(true);
                }
            }
        } catch (ExecutionException e) {
            throw failure(e.getCause());
        } finally {
            stopped.set(true);
            pool.shutdownNow();
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
        return results;
    }

    private static ExecutorService pool(int threads) {
        AtomicInteger threadNumber = new AtomicInteger();
        return Executors.newFixedThreadPool(threads, task -> {
            Thread thread = new Thread(task, "vfio4j run " + threadNumber.incrementAndGet());
            thread.setDaemon(true);
            return thread;
        });
    }

    private static RuntimeException failure(Throwable cause) {
        if (cause instanceof Error error) {
            throw error;
        }
        return cause instanceof RuntimeException unchecked
                ? unchecked
                : new IllegalStateException("a run failed: " + cause.getMessage(), cause);
    }
}
