package io.vfio4j.vfio;

import io.vfio4j.linux.Descriptor;
import io.vfio4j.linux.LinuxException;
import io.vfio4j.linux.NativeMemory;
import io.vfio4j.linux.SystemCalls;
import io.vfio4j.linux.uapi.Vfio;

/**
 * An irq that can be armed. There is one only for an index that VFIO_DEVICE_GET_IRQ_INFO granted, and it makes only the calls of
 * SET_IRQS that are sound on every kernel: the kernels of the display irq crash on some others (data flags that contradict each
 * other, eventfds without a count, any call for an index that they refused), and drop a reference on some (arming twice, disarming
 * by descriptor -1).
 *
 * <p>Safe for use by any thread.
 */
public final class Irq {
    private static final int NONE = Vfio.VFIO_IRQ_SET_DATA_NONE;

    private final SystemCalls calls;
    private final Descriptor device;
    private final IrqInfo info;
    private boolean armed;

    Irq(SystemCalls calls, Descriptor device, IrqInfo info) {
        this.calls = calls;
        this.device = device;
        this.info = info;
    }

    /**
     * What the kernel said of it.
     *
     * @return flags, count and capabilities
     */
    public IrqInfo info() {
        return info;
    }

    /**
     * Has the irq signal an eventfd. It may begin at once, masked or not before: arming clears the mask of the display irq.
     *
     * @param eventFd stays the caller's; the kernel keeps a reference of its own until {@link #disarm}
     * @throws LinuxException what the driver says
     * @throws IllegalStateException when it is armed
     */
    public synchronized void arm(Descriptor eventFd) throws LinuxException {
        if (armed) {
            throw new IllegalStateException("irq " + info.index() + " of " + device.description() + " is armed");
        }
        int number = eventFd.acquire();
        try (NativeMemory set = calls.allocate(Vfio.IrqSet.SIZE + Integer.BYTES)) {
            set.putInt(Vfio.IrqSet.DATA, number);
            set(set, Vfio.VFIO_IRQ_SET_DATA_EVENTFD | Vfio.VFIO_IRQ_SET_ACTION_TRIGGER, 1);
            armed = true;
        } finally {
            eventFd.release();
        }
    }

    /**
     * Has the kernel forget the eventfd. Where the irq is maskable, mask it first and wait two vblank periods: the drivers of the
     * series free the eventfd's context without a lock.
     *
     * @throws LinuxException what the driver says; the irq counts as disarmed even then, for a second try might drop the
     *     reference twice
     * @throws IllegalStateException when it is not armed
     */
    public synchronized void disarm() throws LinuxException {
        if (!armed) {
            throw new IllegalStateException("irq " + info.index() + " of " + device.description() + " is not armed");
        }
        armed = false;
        setWithoutData(Vfio.VFIO_IRQ_SET_ACTION_TRIGGER, 0);
    }

    /**
     * Stops signals. What happens meanwhile is dropped, not kept.
     *
     * @throws LinuxException what the driver says
     * @throws IllegalStateException when it is not maskable
     */
    public synchronized void mask() throws LinuxException {
        requireMaskable();
        setWithoutData(Vfio.VFIO_IRQ_SET_ACTION_MASK, 1);
    }

    /**
     * Lets signals through again.
     *
     * @throws LinuxException what the driver says
     * @throws IllegalStateException when it is not maskable
     */
    public synchronized void unmask() throws LinuxException {
        requireMaskable();
        setWithoutData(Vfio.VFIO_IRQ_SET_ACTION_UNMASK, 1);
    }

    /**
     * Whether the kernel has an eventfd of ours.
     *
     * @return true between {@link #arm} and {@link #disarm}
     */
    public synchronized boolean armed() {
        return armed;
    }

    private void requireMaskable() {
        if (!info.maskable()) {
            throw new IllegalStateException("irq " + info.index() + " of " + device.description() + " is not maskable");
        }
    }

    private void setWithoutData(int action, int count) throws LinuxException {
        try (NativeMemory set = calls.allocate(Vfio.IrqSet.SIZE)) {
            set(set, NONE | action, count);
        }
    }

    private void set(NativeMemory set, int flags, int count) throws LinuxException {
        set.putInt(Vfio.IrqSet.ARGSZ, set.size());
        set.putInt(Vfio.IrqSet.FLAGS, flags);
        set.putInt(Vfio.IrqSet.INDEX, info.index());
        set.putInt(Vfio.IrqSet.START, 0);
        set.putInt(Vfio.IrqSet.COUNT, count);
        calls.ioctl(device, Vfio.VFIO_DEVICE_SET_IRQS, set);
    }
}
