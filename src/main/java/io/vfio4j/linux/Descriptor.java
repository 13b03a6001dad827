package io.vfio4j.linux;

import java.util.function.IntConsumer;

/**
 * An owned file descriptor. Its number is lent, never given away: it stays valid between {@link #acquire} and
 * {@link #release} even when another thread closes the descriptor in between, because the close then waits for the last
 * release. So a number that the kernel has given to somebody else is never used.
 *
 * <p>Safe for use by any thread.
 */
public final class Descriptor implements AutoCloseable {
    private final int number;
    private final String description;
    private final References references;

    /**
     * Takes ownership of a descriptor; called by implementations of {@link SystemCalls}.
     *
     * @param number the descriptor's number, not negative
     * @param description what it refers to, for error messages: a path or a device
     * @param close closes the number; called once
     */
    public Descriptor(int number, String description, IntConsumer close) {
        if (number < 0) {
            throw new IllegalArgumentException("descriptor " + number + " for " + description);
        }
        this.number = number;
        this.description = description;
        this.references = new References(() -> close.accept(number));
    }

    /**
     * Lends the number until {@link #release} is called, which must follow in a {@code finally} block.
     *
     * @return the number
     * @throws ClosedException after {@link #close}
     */
    public int acquire() {
        if (!references.tryAcquire()) {
            throw new ClosedException(description);
        }
        return number;
    }

    /** Ends the loan of {@link #acquire}. */
    public void release() {
        references.release();
    }

    /**
     * What the descriptor refers to.
     *
     * @return a path or a device's name
     */
    public String description() {
        return description;
    }

    /**
     * Whether {@link #close} was called.
     *
     * @return true from the first close on
     */
    public boolean isClosed() {
        return references.isClosed();
    }

    /** Closes the descriptor when its last loan ends, at the latest now. Further calls do nothing. */
    @Override
    public void close() {
        references.close();
    }

    @Override
    public String toString() {
        return description + " (descriptor " + number + (isClosed() ? ", closed)" : ")");
    }
}
