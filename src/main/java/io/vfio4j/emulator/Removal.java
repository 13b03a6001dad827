package io.vfio4j.emulator;

/**
 * The removal of a device that is under way: it is complete when the last descriptor for the device is closed. Until then the
 * device goes on working, as the drivers have it (vfio_unregister_group_dev of drivers/vfio/vfio_main.c).
 */
public final class Removal {
    /** How often the core asks the driver to ask for the device. */
    private static final long REQUEST_PERIOD_NANOS = 10_000_000_000L;

    private final Kernel kernel;
    private final Runnable finish;
    private EventQueue.Event nextRequest = EventQueue.Event.NONE;
    private boolean complete;

    Removal(Kernel kernel, Runnable finish) {
        this.kernel = kernel;
        this.finish = finish;
    }

    /** Asks for the device until nobody has it open. */
    void start(VfioDevice device) {
        if (device.isHeld()) {
            ask(device);
        }
        device.whenUnused(this::complete);
    }

    private void ask(VfioDevice device) {
        if (device.driver().request()) {
            nextRequest = kernel.events().after(REQUEST_PERIOD_NANOS, () -> ask(device));
        }
    }

    private void complete() {
        nextRequest.cancel();
        finish.run();
        complete = true;
        kernel.signalChange();
    }

    /**
     * Whether the device is gone.
     *
     * @return false while somebody still has it open
     */
    public boolean isComplete() {
        kernel.lock();
        try {
            return complete;
        } finally {
            kernel.unlock();
        }
    }
}
