package io.vfio4j.display;

/** Where a refresh event comes from. */
public enum RefreshSource {
    /** The device's display irq. */
    IRQ,
    /** The timer that stands in for the irq. */
    TIMER,
    /** The slow check behind the irq: something that no irq tells may have changed, or the primary plane was not seen for long. */
    WATCHDOG,
    /** A new beginning, after arming, unmasking, subscribing or resuming: look at everything. */
    RESYNC
}
