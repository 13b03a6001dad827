package io.vfio4j.cli;

import io.vfio4j.display.DisplayMode;
import io.vfio4j.display.RefreshEvent;
import java.util.Optional;

/** Where a watch prints what happens. One call at a time. */
interface WatchOutput {
    /**
     * The watch begins.
     *
     * @param heading the device, its dialect and the policy, for people
     * @param startNanos the time that others are told relative to
     */
    void begin(String heading, long startNanos);

    void refresh(RefreshEvent event);

    void mode(DisplayMode mode, long nanos);

    void off(long nanos);

    void closed(Optional<Throwable> cause);

    /** Now and then, for those who keep a line up to date. */
    void progress(Summary soFar);

    void summary(Summary end);
}
