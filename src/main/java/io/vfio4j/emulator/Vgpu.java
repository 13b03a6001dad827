package io.vfio4j.emulator;

import java.util.Optional;
import java.util.UUID;
import java.util.function.Supplier;

/** A vGPU of the emulated host, as its makers see it: what the driver has done, and what happens to the device. */
public final class Vgpu {
    private final Kernel kernel;
    private final MdevBus bus;
    private final MdevParent parent;
    private final MdevType type;
    private final UUID uuid;
    private final String name;
    private final VgpuDriver driver;
    private final VfioDevice device;
    private final EmulatedGuest guest;
    private final EmulatedDma dma;
    private Optional<Removal> removal = Optional.empty();

    Vgpu(
            Kernel kernel,
            MdevBus bus,
            MdevParent parent,
            MdevType type,
            UUID uuid,
            int number,
            VgpuDriver driver,
            VfioDevice device) {
        this.kernel = kernel;
        this.bus = bus;
        this.parent = parent;
        this.type = type;
        this.uuid = uuid;
        this.name = driver.profile().name() + "-" + number;
        this.driver = driver;
        this.device = device;
        this.guest = new EmulatedGuest(kernel, driver);
        this.dma = new EmulatedDma(kernel, device);
    }

    /**
     * The device's name on the mdev bus.
     *
     * @return its UUID
     */
    public UUID uuid() {
        return uuid;
    }

    /**
     * Where the device is found.
     *
     * @return {@code /sys/bus/mdev/devices/UUID}
     */
    public String sysfsPath() {
        return "/sys/bus/mdev/devices/" + uuid;
    }

    /**
     * The node of the device's group.
     *
     * @return {@code /dev/vfio/N}; it exists where the kernel has groups
     */
    public String groupPath() {
        return device.group().node();
    }

    /**
     * The device's own node.
     *
     * @return {@code /dev/vfio/devices/vfioN}; it exists where the kernel has such nodes
     */
    public String nodePath() {
        return device.node();
    }

    /**
     * A name for people.
     *
     * @return the profile's name and a number, for example {@code v5-1}
     */
    public String name() {
        return name;
    }

    /**
     * What kind of vGPU this is.
     *
     * @return the profile it was made from
     */
    public VgpuProfile profile() {
        return driver.profile();
    }

    /**
     * Who is in it.
     *
     * @return the guest, always the same
     */
    public EmulatedGuest guest() {
        return guest;
    }

    /**
     * What the device reaches of the process's memory.
     *
     * @return always the same
     */
    public EmulatedDma dma() {
        return dma;
    }

    /**
     * What the driver has signalled so far.
     *
     * @return counts that only grow
     */
    public SignalCounts signalled() {
        return locked(driver::counts);
    }

    /**
     * Whether an eventfd is armed on the display irq. Closing the device does not disarm it.
     *
     * @return true from arming to disarming
     */
    public boolean armed() {
        return locked(driver.trigger()::isArmed);
    }

    /**
     * Whether the display irq is masked, so that events are dropped.
     *
     * @return false also where it cannot be masked
     */
    public boolean masked() {
        return locked(driver.trigger()::isMasked);
    }

    /**
     * Whether somebody has a descriptor for the device.
     *
     * @return true from the first GET_DEVICE_FD, or from BIND_IOMMUFD, to the last close
     */
    public boolean isOpen() {
        return locked(device::isOpen);
    }

    /**
     * Calls that would have crashed or corrupted a kernel with this dialect. VFIO_DEVICE_SET_IRQS with DATA_EVENTFD and TRIGGER
     * without a descriptor, or with an index that has no irq: answered with EINVAL. On mbochs a second VFIO_DEVICE_GET_GFX_DMABUF of a
     * dma-buf that is open, which gives a descriptor that dies with the first, and reading or writing the last two pages of BAR 0:
     * EFAULT.
     *
     * @return how many there were
     */
    public int forbiddenCalls() {
        return locked(driver::forbiddenCalls);
    }

    /**
     * How often the display irq was armed while it was armed: each time the drivers lose a reference to the old eventfd.
     *
     * @return how many eventfds were lost
     */
    public int leakedContexts() {
        return locked(driver::leakedContexts);
    }

    /**
     * How often the display irq, where it can be masked, was disarmed before it had been masked for two vblanks, while the vblank
     * timer ran: the drivers have no lock there, and may use the eventfd after they let go of it.
     *
     * @return how many such disarmings there were
     */
    public int hastyDisarms() {
        return locked(driver::hastyDisarms);
    }

    /**
     * How many framebuffers the driver remembers: those that were queried and not fetched since, and those whose dma-buf is held.
     * Closing the device makes it forget all.
     *
     * @return 0 for a device without dma-bufs
     */
    public int framebuffers() {
        return locked(driver::framebuffers);
    }

    /**
     * Runs vblanks now, without the timer: for each pipe the driver's signal, then what the guest does, at once or when it has a
     * processor. Nothing happens while nobody has the device open, or no pipe is enabled.
     *
     * @param n how many
     */
    public void vblank(int n) {
        if (n < 0) {
            throw new IllegalArgumentException(n + " vblanks");
        }
        for (int i = 0; i < n; i++) {
            locked(() -> {
                if (kernel.vblankTimers().hasVblanks(driver)) {
                    driver.vblank(kernel.nanoTime());
                }
            });
        }
    }

    /**
     * Takes the vGPU off the vblank timer, so that {@link #vblank} alone makes vblanks, or puts it back.
     *
     * @param on true for no timer
     */
    public void stepped(boolean on) {
        locked(() -> driver.setStepped(on));
    }

    /**
     * Removes the device, without waiting: what the kernel does while somebody's write to the attribute {@code remove} blocks.
     * Its {@code driver} link, and its entry on the bus, are gone when this returns; the REQ irq is signalled where there is one.
     *
     * @return complete as soon as nobody has the device open; the same for every call
     */
    public Removal remove() {
        return locked(() -> bus.remove(this));
    }

    MdevParent parent() {
        return parent;
    }

    MdevType type() {
        return type;
    }

    VgpuDriver driver() {
        return driver;
    }

    VfioDevice device() {
        return device;
    }

    Optional<Removal> removal() {
        return removal;
    }

    void setRemoval(Removal started) {
        removal = Optional.of(started);
    }

    private <T> T locked(Supplier<T> body) {
        kernel.lock();
        try {
            return body.get();
        } finally {
            kernel.unlock();
        }
    }

    private void locked(Runnable body) {
        kernel.lock();
        try {
            body.run();
        } finally {
            kernel.unlock();
        }
    }

    @Override
    public String toString() {
        return name + " " + uuid;
    }
}
