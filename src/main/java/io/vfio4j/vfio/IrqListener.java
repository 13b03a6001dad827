package io.vfio4j.vfio;

import io.vfio4j.loop.ErrorHandler;
import java.util.Optional;

/**
 * Hears of a device's interrupts. The calls of one subscription come on the thread of its loop, never overlap, and each happens-before
 * the next. They must be short: everything else on the loop waits for them. Who needs longer hands over to another thread; who must
 * not wait for others gives the device a loop of its own. A listener that throws is reported to the {@link ErrorHandler} and goes on
 * being called.
 */
@FunctionalInterface
public interface IrqListener {

    /**
     * An interrupt came, or several.
     *
     * @param event of which vector, and how many
     */
    void onInterrupt(IrqEvent event);

    /**
     * The subscription has ended: the irq is disarmed. Once, and the last call.
     *
     * @param cause what ended the loop; empty where the subscription, the device or the loop was closed
     */
    default void onClosed(Optional<Throwable> cause) {}
}
