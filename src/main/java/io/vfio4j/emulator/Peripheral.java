package io.vfio4j.emulator;

import io.vfio4j.linux.uapi.Vfio;
import java.util.Optional;
import java.util.function.Supplier;

/**
 * A device of the emulated host that is no vGPU, as its makers see it. Its user reaches it through VFIO: registers in its regions raise
 * interrupts, as at the real one.
 */
public final class Peripheral {
    private final Kernel kernel;
    private final PeripheralBus bus;
    private final PeripheralKind kind;
    private final String name;
    private final PeripheralDriver driver;
    private final VfioDevice device;
    private Optional<Removal> removal = Optional.empty();

    Peripheral(
            Kernel kernel,
            PeripheralBus bus,
            PeripheralKind kind,
            String name,
            PeripheralDriver driver,
            VfioDevice device) {
        this.kernel = kernel;
        this.bus = bus;
        this.kind = kind;
        this.name = name;
        this.driver = driver;
        this.device = device;
    }

    /**
     * What VFIO calls it.
     *
     * @return a PCI address, or the UUID of a mediated device
     */
    public String name() {
        return name;
    }

    /**
     * What it is.
     *
     * @return the kind it was made of
     */
    public PeripheralKind kind() {
        return kind;
    }

    /**
     * Where the device is found.
     *
     * @return {@code /sys/bus/pci/devices/ADDRESS} or {@code /sys/bus/mdev/devices/UUID}
     */
    public String sysfsPath() {
        return bus.link(this);
    }

    /**
     * The node of the device's group.
     *
     * @return {@code /dev/vfio/N}
     */
    public String groupPath() {
        return device.group().node();
    }

    /**
     * Whether somebody has a descriptor for the device.
     *
     * @return true from the first GET_DEVICE_FD to the last close
     */
    public boolean isOpen() {
        return locked(device::isOpen);
    }

    /**
     * How many vectors of an irq signal an eventfd.
     *
     * @param index the irq, 0 to 4
     * @return 0 for an irq that is not armed, or not there
     */
    public int armed(int index) {
        return locked(() -> driver.armed(checked(index)));
    }

    /**
     * Whether the interrupt line is masked.
     *
     * @return false also while it is not armed
     */
    public boolean masked() {
        return locked(driver::masked);
    }

    /**
     * How often eventfds of an irq were signalled, by interrupts and by loop-back.
     *
     * @param index the irq, 0 to 4
     * @return a count that only grows
     */
    public long signalled(int index) {
        return locked(() -> driver.signalled(checked(index)));
    }

    private static int checked(int index) {
        if (index < 0 || index >= Vfio.VFIO_PCI_NUM_IRQS) {
            throw new IllegalArgumentException("irq " + index + " of a device that has " + Vfio.VFIO_PCI_NUM_IRQS);
        }
        return index;
    }

    /**
     * How often a real kernel would have been harmed: a reference to an eventfd lost or given back twice, a null pointer followed.
     *
     * @return 0 for whoever behaves
     */
    public int harm() {
        return locked(driver::harm);
    }

    /** The device reports an error: signals the ERR irq, where there is one. */
    public void raiseError() {
        locked(() -> {
            driver.raiseError();
            return true;
        });
    }

    /**
     * Has the host run out of interrupt vectors: arming more of MSI or MSI-X is answered with how many there are.
     *
     * @param most how many there are for this device, at least 1
     */
    public void limitVectors(int most) {
        if (most < 1) {
            throw new IllegalArgumentException("a limit of " + most + " vectors");
        }
        locked(() -> {
            driver.limitVectors(most);
            return true;
        });
    }

    /**
     * Takes the device away, without waiting: what the kernel does while somebody's write to the attribute {@code remove} of a mediated
     * device, or {@code unbind} of vfio-pci, blocks. Its {@code driver} link is gone when this returns; the REQ irq is signalled where
     * there is one.
     *
     * @return complete as soon as nobody has the device open; the same for every call
     */
    public Removal remove() {
        return locked(() -> bus.remove(this));
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

    @Override
    public String toString() {
        return kind + " " + name;
    }
}
