package io.vfio4j.vfio;

import io.vfio4j.linux.ClosedException;
import io.vfio4j.linux.Descriptor;
import io.vfio4j.linux.LinuxException;
import io.vfio4j.linux.NativeMemory;
import io.vfio4j.linux.SystemCalls;
import io.vfio4j.linux.uapi.DisplayIrq;
import io.vfio4j.linux.uapi.Errno;
import io.vfio4j.linux.uapi.Vfio;
import io.vfio4j.loop.EventLoop;
import java.io.IOException;
import java.util.BitSet;
import java.util.List;
import java.util.Optional;

/**
 * An irq that can be armed. There is one only for an index that VFIO_DEVICE_GET_IRQ_INFO granted, and it makes only the calls of
 * SET_IRQS that are sound on every kernel: the kernels of the display irq crash on some others (data flags that contradict each
 * other, eventfds without a count, any call for an index that they refused), and drop a reference on some (arming twice, disarming
 * by descriptor -1).
 *
 * <p>An irq is an index with one or more <em>vectors</em>, counted from 0. It is either subscribed to ({@link #subscribe}: a listener on
 * a loop), or armed with the caller's eventfds ({@link #arm(int, List)}), for example to hand them to a VM. A device has one of INTx,
 * MSI and MSI-X armed at a time.
 *
 * <p>Safe for use by any thread.
 */
public final class Irq {
    private static final int NONE = Vfio.VFIO_IRQ_SET_DATA_NONE;

    private enum State {
        DISARMED,
        ARMED,
        /** The kernel refused to disarm it; what it still has of ours is not known. */
        UNKNOWN
    }

    private final SystemCalls calls;
    private final Descriptor device;
    private final IrqInfo info;
    private final boolean shared;
    private State state = State.DISARMED;
    private int firstArmed;
    private int vectorsArmed;
    private boolean unmaskedByEventFd;
    private final BitSet maskedByCaller = new BitSet();
    private Optional<IrqSubscription> subscription = Optional.empty();

    Irq(SystemCalls calls, Descriptor device, IrqInfo info, boolean shared) {
        this.calls = calls;
        this.device = device;
        this.info = info;
        this.shared = shared;
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
     * Calls a listener for each interrupt of the first vector, until the subscription is closed.
     *
     * @param loop calls the listener on its thread, and outlives the subscription or closes it
     * @param listener hears of the interrupts
     * @return to be closed by the caller, before the device or by closing it
     * @throws IOException what the driver refuses; nothing stays armed or open then
     * @throws IllegalStateException when the irq is armed, its device shared, or it is one that has capabilities, as the display irq
     */
    public IrqSubscription subscribe(EventLoop loop, IrqListener listener) throws IOException {
        return subscribe(loop, listener, IrqOptions.DEFAULTS);
    }

    /**
     * Calls a listener for each interrupt, until the subscription is closed. Interrupts may come at once.
     *
     * @param loop calls the listener on its thread, and outlives the subscription or closes it
     * @param listener hears of the interrupts
     * @param options which vectors, and who unmasks
     * @return to be closed by the caller, before the device or by closing it
     * @throws IOException what the driver refuses; {@link TooFewVectorsException}; nothing stays armed or open then
     * @throws IllegalArgumentException when it has fewer vectors than that
     * @throws IllegalStateException when the irq is armed, its device shared, or it is one that has capabilities, as the display irq
     */
    public IrqSubscription subscribe(EventLoop loop, IrqListener listener, IrqOptions options) throws IOException {
        if (isOfItsOwnKind()) {
            throw new IllegalStateException(
                    name() + " has capabilities, so it is none of PCI's. If it is the display irq,"
                            + " Display.attach serves it: it must not be disarmed as others are");
        }
        if (shared) {
            throw new IllegalStateException(
                    name() + " belongs to whoever shares the device: there is one trigger for each"
                            + " irq, and its owner would lose it. Irq.arm does so all the same");
        }
        requireVectors(options.firstVector(), options.vectors());
        return IrqSubscription.begin(loop, this, listener, options);
    }

    /**
     * Has the irq signal an eventfd. It may begin at once, masked or not before: arming clears the mask of the display irq.
     *
     * @param eventFd stays the caller's; the kernel keeps a reference of its own until {@link #disarm}
     * @throws IOException what the driver says
     * @throws IllegalStateException when it is armed
     */
    public void arm(Descriptor eventFd) throws IOException {
        arm(0, List.of(eventFd));
    }

    /**
     * Has consecutive vectors signal an eventfd each, all or none. Which vectors are armed is fixed until {@link #disarm}: drivers that
     * report {@link IrqInfo#noResize} cannot add any while some are armed, and this does not try on others. So arm all that will be
     * needed; one that the device does not use costs nothing but its eventfd.
     *
     * @param firstVector the first vector
     * @param eventFds one for each vector from the first on; they stay the caller's, the kernel keeps references of its own until
     *     {@link #disarm}
     * @throws IOException what the driver says; {@link TooFewVectorsException}
     * @throws IllegalArgumentException when there are no eventfds, or fewer vectors than that
     * @throws IllegalStateException when it is armed
     */
    public synchronized void arm(int firstVector, List<Descriptor> eventFds) throws IOException {
        requireVectors(firstVector, eventFds.size());
        requireDisarmed();
        // vfio-pci answers with the number of vectors that there are, where these are too many, and arms none.
        int available = signal(firstVector, List.copyOf(eventFds));
        if (available > 0) {
            throw new TooFewVectorsException(name(), firstVector + eventFds.size(), available);
        }
        state = State.ARMED;
        firstArmed = firstVector;
        vectorsArmed = eventFds.size();
        maskedByCaller.clear();
        unmaskedByEventFd = false;
    }

    private int signal(int firstVector, List<Descriptor> eventFds) throws LinuxException {
        int acquired = 0;
        try (NativeMemory set = calls.allocate(Vfio.IrqSet.SIZE + Integer.BYTES * eventFds.size())) {
            for (Descriptor eventFd : eventFds) {
                set.putInt(Vfio.IrqSet.DATA + Integer.BYTES * acquired, eventFd.acquire());
                acquired++;
            }
            int flags = Vfio.VFIO_IRQ_SET_DATA_EVENTFD | Vfio.VFIO_IRQ_SET_ACTION_TRIGGER;
            return set(set, flags, firstVector, eventFds.size());
        } catch (LinuxException e) {
            throw adviseOnArming(e);
        } finally {
            eventFds.subList(0, acquired).forEach(Descriptor::release);
        }
    }

    private LinuxException adviseOnArming(LinuxException e) {
        boolean exclusive = info.index() <= Vfio.VFIO_PCI_MSIX_IRQ_INDEX && !isOfItsOwnKind();
        return switch (e.errno()) {
            case Errno.EINVAL ->
                exclusive
                        ? e.withAdvice(
                                "If another of INTx, MSI and MSI-X is armed, disarm that first: a device has one of"
                                        + " them at a time.")
                        : e;
            case Errno.ENODEV -> e.withAdvice("The device's interrupt is not connected on this host; try MSI.");
            case Errno.EBUSY ->
                e.withAdvice("Another device is on the same interrupt line, and this one cannot be masked by itself;"
                        + " try MSI.");
            default -> e;
        };
    }

    /**
     * Has the kernel forget the eventfds, all of them. Where the irq is maskable, mask it first; the display irq also wants two vblank
     * periods to pass in between: the drivers of the series free the eventfd's context without a lock.
     *
     * @throws LinuxException what the driver says; the irq counts as disarmed even then, for a second try might drop the
     *     reference twice, and it cannot be armed again
     * @throws IllegalStateException when it is not armed
     */
    public synchronized void disarm() throws LinuxException {
        requireArmed();
        state = State.UNKNOWN;
        setWithoutData(Vfio.VFIO_IRQ_SET_ACTION_TRIGGER, 0, 0);
        state = State.DISARMED;
    }

    /**
     * Stops the signals of the first vector. What the display irq would signal meanwhile is dropped, not kept; an interrupt line that is
     * still asserted signals when it is unmasked.
     *
     * @throws LinuxException what the driver says
     * @throws IllegalStateException when it is not maskable
     */
    public void mask() throws LinuxException {
        mask(0);
    }

    /**
     * Stops the signals of a vector. A subscription does not unmask it from now on.
     *
     * @param vector which one
     * @throws LinuxException what the driver says: vfio-pci masks only what is armed
     * @throws IllegalStateException when it is not maskable: MSI and MSI-X are not, through VFIO
     */
    public synchronized void mask(int vector) throws LinuxException {
        requireMaskable();
        requireVectors(vector, 1);
        setWithoutData(Vfio.VFIO_IRQ_SET_ACTION_MASK, vector, 1);
        maskedByCaller.set(vector);
    }

    /**
     * Lets the signals of the first vector through again.
     *
     * @throws LinuxException what the driver says
     * @throws IllegalStateException when it is not maskable
     */
    public void unmask() throws LinuxException {
        unmask(0);
    }

    /**
     * Lets the signals of a vector through again. One that VFIO masks by itself ({@link IrqInfo#autoMasked}) signals at once where the
     * device still asserts it.
     *
     * @param vector which one
     * @throws LinuxException what the driver says
     * @throws IllegalStateException when it is not maskable
     */
    public synchronized void unmask(int vector) throws LinuxException {
        requireMaskable();
        requireVectors(vector, 1);
        setWithoutData(Vfio.VFIO_IRQ_SET_ACTION_UNMASK, vector, 1);
        maskedByCaller.clear(vector);
    }

    /** After an event: does nothing where the caller has masked the vector, or the irq is disarmed. */
    synchronized void unmaskAfterEvent(int vector) throws LinuxException {
        if (state == State.ARMED && info.maskable() && !maskedByCaller.get(vector)) {
            setWithoutData(Vfio.VFIO_IRQ_SET_ACTION_UNMASK, vector, 1);
        }
    }

    /**
     * Has the kernel unmask the first vector whenever an eventfd is signalled, without a call of ours: for example by a VM when its guest
     * has handled the interrupt (KVM's resamplefd). Holds until {@link #disarm}, once for each time it is armed. The kernel takes what
     * is signalled, so nobody else can read that eventfd. Some drivers accept it and do nothing: those that ignore masks, as mtty of
     * Linux 6.1 and GVT-g do with INTx.
     *
     * @param eventFd stays the caller's, open until the irq is disarmed
     * @throws LinuxException what the driver says: ENOTTY where it cannot
     * @throws IllegalStateException when it is not armed, not maskable, or has capabilities, as the display irq: its drivers ignore this
     */
    public synchronized void unmaskBy(Descriptor eventFd) throws LinuxException {
        requireMaskable();
        requireArmed();
        requireItsKindIsPlain("unmasked by an eventfd");
        if (unmaskedByEventFd) {
            throw new IllegalStateException(name() + " has an eventfd to be unmasked by");
        }
        int number = eventFd.acquire();
        try (NativeMemory set = calls.allocate(Vfio.IrqSet.SIZE + Integer.BYTES)) {
            set.putInt(Vfio.IrqSet.DATA, number);
            set(set, Vfio.VFIO_IRQ_SET_DATA_EVENTFD | Vfio.VFIO_IRQ_SET_ACTION_UNMASK, 0, 1);
            unmaskedByEventFd = true;
        } catch (LinuxException e) {
            throw e.errno() == Errno.ENOTTY
                    ? e.withAdvice("This driver cannot unmask by an eventfd; unmask by a call after each event.")
                    : e;
        } finally {
            eventFd.release();
        }
    }

    /**
     * Loop-back: has the kernel signal an armed vector as if the device had raised it, where the driver can do that, as vfio-pci can.
     * Others do nothing, or refuse. It does not mask the vector.
     *
     * @param vector an armed one
     * @throws LinuxException what the driver says
     * @throws IllegalArgumentException when the vector is not armed
     * @throws IllegalStateException when the irq is not armed, or has capabilities, as the display irq, which has no loop-back
     */
    public synchronized void trigger(int vector) throws LinuxException {
        requireArmed();
        requireItsKindIsPlain("triggered");
        if (vector < firstArmed || vector - firstArmed >= vectorsArmed) {
            throw new IllegalArgumentException("vector " + vector + " of " + name() + ", which is armed from "
                    + firstArmed + " to " + (firstArmed + vectorsArmed - 1));
        }
        // Not DATA_NONE: mtty of Linux 6.1 takes that for disarming, whatever the count.
        try (NativeMemory set = calls.allocate(Vfio.IrqSet.SIZE + 1)) {
            set.putByte(Vfio.IrqSet.DATA, 1);
            set(set, Vfio.VFIO_IRQ_SET_DATA_BOOL | Vfio.VFIO_IRQ_SET_ACTION_TRIGGER, vector, 1);
        }
    }

    /**
     * Whether the kernel has eventfds of ours.
     *
     * @return true between arming, or subscribing, and {@link #disarm}
     */
    public synchronized boolean armed() {
        return state == State.ARMED;
    }

    synchronized void subscribed(Optional<IrqSubscription> current) {
        subscription = current;
    }

    /** The device is about to be closed: ends the subscription, and disarms what others have armed and forgotten. */
    void end() {
        Optional<IrqSubscription> current;
        synchronized (this) {
            current = subscription;
        }
        current.ifPresent(IrqSubscription::close);
        disarmForgotten();
    }

    /** Some drivers keep an eventfd beyond the device's close. Not for the display irq, which is not disarmed at once. */
    private synchronized void disarmForgotten() {
        if (state != State.ARMED || isOfItsOwnKind()) {
            return;
        }
        try {
            if (info.maskable()) {
                mask(firstArmed);
            }
        } catch (LinuxException e) {
            log("mask", e);
        }
        try {
            disarm();
        } catch (LinuxException e) {
            log("disarm", e);
        }
    }

    private void log(String what, LinuxException e) {
        System.getLogger(Irq.class.getName()).log(System.Logger.Level.WARNING, "cannot " + what + " " + name(), e);
    }

    boolean deviceIsClosed() {
        return device.isClosed();
    }

    String name() {
        return "irq " + info.index() + " of " + device.description();
    }

    /** Whether it has capabilities: what a driver's own irqs are told by, among them the display irq. */
    private boolean isOfItsOwnKind() {
        return (info.flags() & DisplayIrq.FLAG_CAPS) != 0;
    }

    private void requireItsKindIsPlain(String verb) {
        if (isOfItsOwnKind()) {
            throw new IllegalStateException(name() + " has capabilities, as the display irq; such cannot be " + verb);
        }
    }

    private void requireVectors(int first, int vectors) {
        if (first < 0 || vectors < 1 || (long) first + vectors > Integer.toUnsignedLong(info.count())) {
            throw new IllegalArgumentException(vectors + " vectors from vector " + first + " on, of " + name()
                    + ", which has " + Integer.toUnsignedString(info.count()));
        }
    }

    private void requireDisarmed() {
        if (device.isClosed()) {
            throw new ClosedException(device.description());
        }
        if (state == State.ARMED) {
            throw new IllegalStateException(name() + " is armed");
        }
        if (state == State.UNKNOWN) {
            throw new IllegalStateException(
                    name() + " could not be disarmed; to arm it again, close and open the device");
        }
    }

    private void requireArmed() {
        if (state != State.ARMED) {
            throw new IllegalStateException(name() + " is not armed");
        }
    }

    private void requireMaskable() {
        if (!info.maskable()) {
            throw new IllegalStateException(name() + " is not maskable");
        }
    }

    private void setWithoutData(int action, int start, int count) throws LinuxException {
        try (NativeMemory set = calls.allocate(Vfio.IrqSet.SIZE)) {
            set(set, NONE | action, start, count);
        }
    }

    private int set(NativeMemory set, int flags, int start, int count) throws LinuxException {
        set.putInt(Vfio.IrqSet.ARGSZ, set.size());
        set.putInt(Vfio.IrqSet.FLAGS, flags);
        set.putInt(Vfio.IrqSet.INDEX, info.index());
        set.putInt(Vfio.IrqSet.START, start);
        set.putInt(Vfio.IrqSet.COUNT, count);
        return calls.ioctl(device, Vfio.VFIO_DEVICE_SET_IRQS, set);
    }

    @Override
    public String toString() {
        return name();
    }
}
