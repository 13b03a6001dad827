package io.vfio4j.vfio;

import io.vfio4j.linux.LinuxException;
import io.vfio4j.linux.SystemCalls;
import io.vfio4j.linux.uapi.Errno;
import io.vfio4j.mdev.MdevDevice;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * A device of the host that VFIO can hand out, as sysfs showed it when it was looked up: a mediated device, or a PCI device that
 * vfio-pci is bound to.
 *
 * @param name what VFIO calls it: a UUID, or a PCI address such as {@code 0000:00:02.0}
 * @param path its place in sysfs, which is there as long as the device
 * @param group its IOMMU group; empty where it has none
 * @param node its own device node, for example {@code /dev/vfio/devices/vfio0}; empty where the kernel offers only groups, or no
 *     VFIO driver is bound
 * @param mdev more about it where it is a mediated device
 */
public record HostDevice(
        String name, String path, OptionalInt group, Optional<String> node, Optional<MdevDevice> mdev) {
    private static final String PCI_BUS = "/sys/bus/pci/devices";

    /**
     * A mediated device seen as a VFIO device.
     *
     * @param calls the host
     * @param mdev the device
     * @return the same device
     * @throws LinuxException when sysfs cannot be read
     */
    public static HostDevice of(SystemCalls calls, MdevDevice mdev) throws LinuxException {
        return new HostDevice(
                mdev.uuid().toString(), mdev.path(), mdev.group(), node(calls, mdev.path()), Optional.of(mdev));
    }

    /**
     * Looks a PCI device up, whatever driver it has.
     *
     * @param calls the host
     * @param address for example {@code 0000:00:02.0}
     * @return the device
     * @throws LinuxException ENODEV with advice when there is none
     * @throws IllegalArgumentException when the text is no PCI address
     */
    public static HostDevice findPci(SystemCalls calls, String address) throws LinuxException {
        if (!isPciAddress(address)) {
            throw new IllegalArgumentException("'" + address + "' is no PCI address; write it as 0000:00:02.0");
        }
        String path = PCI_BUS + "/" + address;
        if (!calls.exists(path)) {
            throw new LinuxException(Errno.ENODEV, "look up", path)
                    .withAdvice("There is no PCI device at this address; `lspci -D` lists those that are.");
        }
        return new HostDevice(address, path, group(calls, path), node(calls, path), Optional.empty());
    }

    /**
     * Whether a text is a PCI address in the form that sysfs uses, so that no path can hide in it.
     *
     * @param text anything
     * @return whether it has the form {@code 0000:00:02.0}
     */
    public static boolean isPciAddress(String text) {
        return text.matches("\\p{XDigit}{4,8}:\\p{XDigit}{2}:[0-1]\\p{XDigit}\\.[0-7]");
    }

    /**
     * Whether a driver is still bound. The driver core removes the link before it calls the driver's remove, which then waits
     * for the device to be closed: so this is how to see a removal.
     *
     * @param calls the host
     * @return false once the device is being removed, and after
     */
    public boolean hasDriver(SystemCalls calls) {
        return calls.exists(path + "/driver");
    }

    private static OptionalInt group(SystemCalls calls, String path) throws LinuxException {
        try {
            String target = calls.readLink(path + "/iommu_group");
            String name = target.substring(target.lastIndexOf('/') + 1);
            return name.matches("\\d{1,9}") ? OptionalInt.of(Integer.parseInt(name)) : OptionalInt.empty();
        } catch (LinuxException e) {
            if (e.errno() == Errno.ENOENT || e.errno() == Errno.EINVAL) {
                return OptionalInt.empty();
            }
            throw e;
        }
    }

    /** {@code vfio-dev/vfioN} below a device names its node, since Linux 6.6 with CONFIG_VFIO_DEVICE_CDEV. */
    private static Optional<String> node(SystemCalls calls, String path) throws LinuxException {
        List<String> names;
        try {
            names = calls.list(path + "/vfio-dev");
        } catch (LinuxException e) {
            if (e.errno() == Errno.ENOENT) {
                return Optional.empty();
            }
            throw e;
        }
        return names.stream()
                .filter(name -> name.matches("vfio\\d{1,9}"))
                .map(name -> "/dev/vfio/devices/" + name)
                .filter(calls::exists)
                .findFirst();
    }
}
