package io.vfio4j.display;

/**
 * A display's counts since it was attached.
 *
 * @param reads how often a counter of the irq was read: the newest sequence number
 * @param dropped how many of the reads nobody was there for: no subscription, or all paused
 * @param saturated how many of the reads found the counter at its maximum
 * @param queries how often planes were queried
 * @param errors how often the error handler was told
 */
public record DisplayStats(long reads, long dropped, long saturated, long queries, long errors) {}
