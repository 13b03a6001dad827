package io.vfio4j.vfio;

import io.vfio4j.loop.ErrorHandler;

/**
 * Which interrupts of an irq a listener is to hear of, and how. Immutable; begin with {@link #DEFAULTS}.
 *
 * @param firstVector the first vector within the irq's index
 * @param vectors how many, from the first on
 * @param unmasking who unmasks an irq that VFIO masks by itself; without meaning for others
 * @param errorHandler told of what nobody waits for
 */
public record IrqOptions(int firstVector, int vectors, Unmasking unmasking, ErrorHandler errorHandler) {

    /** Who unmasks a level-triggered irq, which VFIO masks whenever it comes. */
    public enum Unmasking {
        /**
         * The subscription, when the listener has returned. By then the listener has had the device take its interrupt back, or it comes
         * again at once. Where the listener throws, the irq stays masked, which is reported: unmasking would only bring the same
         * interrupt again, for ever.
         */
        AFTER_LISTENER,
        /** The caller, by {@link Irq#unmask()} or an eventfd that was given to {@link Irq#unmaskBy}. */
        BY_CALLER
    }

    /** The first vector alone; unmasked after the listener; errors are logged. */
    public static final IrqOptions DEFAULTS = new IrqOptions(0, 1, Unmasking.AFTER_LISTENER, ErrorHandler.logging());

    /**
     * Checks the values, as far as that can be done without the irq.
     *
     * @param firstVector not negative
     * @param vectors at least 1
     * @param unmasking any
     * @param errorHandler any
     */
    public IrqOptions {
        if (firstVector < 0 || vectors < 1) {
            throw new IllegalArgumentException(vectors + " vectors from vector " + firstVector + " on");
        }
    }

    /**
     * The same with other vectors.
     *
     * @param first the first one, not negative
     * @param count how many, at least 1
     * @return new options
     */
    public IrqOptions withVectors(int first, int count) {
        return new IrqOptions(first, count, unmasking, errorHandler);
    }

    /**
     * The same with another who unmasks.
     *
     * @param changed who
     * @return new options
     */
    public IrqOptions withUnmasking(Unmasking changed) {
        return new IrqOptions(firstVector, vectors, changed, errorHandler);
    }

    /**
     * The same with another error handler.
     *
     * @param changed the handler
     * @return new options
     */
    public IrqOptions withErrorHandler(ErrorHandler changed) {
        return new IrqOptions(firstVector, vectors, unmasking, changed);
    }
}
