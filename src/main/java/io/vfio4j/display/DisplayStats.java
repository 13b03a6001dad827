package io.vfio4j.display;

/**
 * A display's counts since it was attached.
 *
 * @param reads how often a counter of the irq was read; those that were not dropped are the newest sequence number
 * @param dropped how many of the reads nobody was there for: no subscription, all paused, or the timer in force
 * @param saturated how many of the reads found the counter at its maximum
 * @param queries how often planes were queried
 * @param errors how often the error handler was told
 */
public record DisplayStats(long reads, long dropped, long saturated, long queries, long errors) {}
