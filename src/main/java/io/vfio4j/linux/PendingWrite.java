package io.vfio4j.linux;

/**
 * A write that somebody else makes for this process, so that this one may go on, and end, while the driver keeps the writer
 * waiting. It cannot be called back.
 */
@FunctionalInterface
public interface PendingWrite {

    /**
     * Whether the driver has acted on it. Does not block.
     *
     * @return false while the writer waits; once true or refused, always so
     * @throws LinuxException what open(2) or write(2) said, where the write was refused
     */
    boolean isDone() throws LinuxException;
}
