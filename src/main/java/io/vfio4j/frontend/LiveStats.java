package io.vfio4j.frontend;

import io.vfio4j.display.RefreshSource;
import java.util.Map;

/**
 * A screen's counts since it was made.
 *
 * @param events how many refresh events came, by source: each source is in it
 * @param reads how many reads of the irq's counter they covered: what merged is this less the events whose source is the irq
 * @param captures how often the guest's picture was read
 * @param unchanged how many of them showed what the one before had shown
 * @param skipped how often reading was put off because viewers held all frames
 * @param failures how often it could not be read
 * @param overtaken how many pictures the guest changed while they were read, also at the second try
 * @param moves how many parts were found to have moved only
 * @param changedPixels how many pixels were reported as changed, by tiles of 32x32
 * @param totalPixels how many pixels were read
 * @param latency from the notice of an event until its picture was there for the viewers
 * @param viewers how many look at the moment
 */
public record LiveStats(
        Map<RefreshSource, Long> events,
        long reads,
        long captures,
        long unchanged,
        long skipped,
        long failures,
        long overtaken,
        long moves,
        long changedPixels,
        long totalPixels,
        LatencyCounts latency,
        int viewers) {
    /**
     * Copies the map.
     *
     * @param events for each source
     * @param reads covered by them
     * @param captures tries that gave a picture
     * @param unchanged of them
     * @param skipped for want of a frame
     * @param failures tries that gave none
     * @param overtaken of the captures
     * @param moves found
     * @param changedPixels reported
     * @param totalPixels read
     * @param latency of the pictures
     * @param viewers now
     */
    public LiveStats {
        events = Map.copyOf(events);
    }
}
