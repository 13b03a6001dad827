package io.vfio4j.linux;

/**
 * Waits for many counters (eventfds and timerfds) at once, and reads those that are ready: what epoll_wait and read do, in
 * one call. Readiness is level-triggered: a counter that was not read is ready again.
 *
 * <p>One thread at a time; the counters' only reader. A counter must be removed before its descriptor is closed.
 */
public interface Poller extends AutoCloseable {

    /**
     * Watches a counter.
     *
     * @param counter an eventfd or timerfd of the same {@link SystemCalls}, non-blocking
     * @param token what {@link #poll} calls it
     * @throws LinuxException EEXIST when it is watched already, EPERM when it is no such descriptor, ENOSPC and ENOMEM
     */
    void add(Descriptor counter, long token) throws LinuxException;

    /**
     * Stops watching a counter.
     *
     * @param counter one that was added
     * @throws LinuxException ENOENT when it is not watched
     */
    void remove(Descriptor counter) throws LinuxException;

    /**
     * Reads every ready counter, at most as many as the shorter array holds; the others stay ready for the next call. A
     * counter that somebody else emptied in between does not appear. Signals (EINTR) are not seen.
     *
     * @param tokens gets the token of each counter that was read
     * @param counters gets, at the same index, the value that the read returned: unsigned, never 0; all ones for an
     *     eventfd that the kernel drove into saturation
     * @param wait whether to block until at least one counter was read
     * @return how many were read; 0 only if {@code wait} is false
     * @throws LinuxException whatever the kernel says; what was read before the failure is lost to nobody: a failing call
     *     has read nothing
     * @throws IllegalArgumentException when an array has no room
     */
    int poll(long[] tokens, long[] counters, boolean wait) throws LinuxException;

    /** Stops watching everything. Does not wake a thread that is in {@link #poll}: wake it by a counter first. */
    @Override
    void close();
}
