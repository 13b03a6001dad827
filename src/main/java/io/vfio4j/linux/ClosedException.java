package io.vfio4j.linux;

/** Thrown when something is used after it was closed. */
public final class ClosedException extends IllegalStateException {
    private static final long serialVersionUID = 1L;

    /**
     * Names what was closed.
     *
     * @param what the closed thing, for example {@code /dev/vfio/12}
     */
    public ClosedException(String what) {
        super(what + " is closed");
    }
}
