package io.vfio4j.loop;

/** What happens when a watched counter was read. Called on the loop's thread; must not block. */
@FunctionalInterface
public interface CounterHandler {

    /**
     * The counter was read and is empty again.
     *
     * @param value what was read: unsigned, never 0
     * @param nanoTime when, taken right after the read, on the clock of the loop's system calls
     */
    void onCounter(long value, long nanoTime);
}
