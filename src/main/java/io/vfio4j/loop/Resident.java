package io.vfio4j.loop;

/** Something that lives on a loop and has to be shut down in order before the loop ends. */
public interface Resident {

    /**
     * The loop is about to end: begin to shut down, and call {@link EventLoop#leave} when done, now or in a later step. On the
     * loop's thread. Called again where the loop is closed again.
     */
    void shutDown();

    /**
     * The loop cannot go on: release what can be released without it. On the loop's thread, once, instead of anything further.
     *
     * @param cause why it cannot
     */
    void loopFailed(Throwable cause);
}
