package io.vfio4j.mdev;

import io.vfio4j.linux.LinuxException;
import io.vfio4j.linux.SystemCalls;
import io.vfio4j.linux.uapi.Errno;
import io.vfio4j.proc.Holders;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import java.util.UUID;

/**
 * A mediated device, as it was when it was looked up.
 *
 * @param uuid its name in sysfs
 * @param path its place: {@code /sys/bus/mdev/devices/UUID}
 * @param type its type's name, for example {@code i915-GVTg_V5_4}; empty where sysfs does not say
 * @param parent the parent device's name, for example {@code 0000:00:02.0}; empty where sysfs does not say
 * @param group its IOMMU group; empty where it has none
 */
public record MdevDevice(UUID uuid, String path, String type, String parent, OptionalInt group) {
    /** Where the mdev bus lists its devices. */
    public static final String BUS = "/sys/bus/mdev/devices";

    static final String NO_BUS =
            "This host has no mdev bus: load the module mdev and the driver of the GPU (for GVT-g: kvmgt).";

    /**
     * Lists the mediated devices of the host.
     *
     * @param calls the host
     * @return sorted by UUID; empty where the mdev bus is absent
     * @throws LinuxException when sysfs cannot be read
     */
    public static List<MdevDevice> list(SystemCalls calls) throws LinuxException {
        List<MdevDevice> devices = new ArrayList<>();
        for (String name : names(calls)) {
            if (isUuid(name)) {
                try {
                    devices.add(find(calls, UUID.fromString(name)));
                } catch (LinuxException e) {
                    if (e.errno() != Errno.ENODEV) {
                        throw e;
                    }
                    // It was removed while we looked.
                }
            }
        }
        return List.copyOf(devices);
    }

    private static List<String> names(SystemCalls calls) throws LinuxException {
        try {
            return calls.list(BUS);
        } catch (LinuxException e) {
            if (e.errno() == Errno.ENOENT) {
                return List.of();
            }
            throw e;
        }
    }

    /**
     * Looks a device up.
     *
     * @param calls the host
     * @param uuid its name
     * @return the device
     * @throws LinuxException ENODEV with advice when there is none
     */
    public static MdevDevice find(SystemCalls calls, UUID uuid) throws LinuxException {
        String path = BUS + "/" + uuid;
        if (!calls.exists(path)) {
            String advice = calls.exists(BUS)
                    ? "There is no mediated device of this UUID; `vfio4j list` shows those that are."
                    : NO_BUS;
            throw new LinuxException(Errno.ENODEV, "look up", path).withAdvice(advice);
        }
        return new MdevDevice(
                uuid, path, lastName(calls, path + "/mdev_type"), parentName(calls, path), groupNumber(calls, path));
    }

    /**
     * Whether a text is a UUID in the form that sysfs uses, so that no path can hide in it.
     *
     * @param text anything
     * @return whether it has the form 8-4-4-4-12
     */
    public static boolean isUuid(String text) {
        return text.matches("\\p{XDigit}{8}(-\\p{XDigit}{4}){3}-\\p{XDigit}{12}");
    }

    /**
     * Whether it is a vGPU of Intel GVT-g, whose types are named {@code i915-GVTg_V5_…}.
     *
     * @return false also where sysfs does not say
     */
    public boolean isGvtG() {
        return isGvtType(type);
    }

    static boolean isGvtType(String name) {
        return name.startsWith("i915-GVTg");
    }

    /**
     * The device nodes that sysfs announces, whether they are there already or not: {@code /dev/vfio/devices/vfioN} where the
     * kernel has nodes for devices (CONFIG_VFIO_DEVICE_CDEV), and {@code /dev/vfio/N} where it has groups.
     *
     * @param calls the host
     * @return paths; empty as long as no VFIO driver is bound
     * @throws LinuxException when sysfs cannot be read
     */
    public List<String> nodes(SystemCalls calls) throws LinuxException {
        return Nodes.announced(calls, path);
    }

    /**
     * Waits until every device node that sysfs announces is there: the kernel or udev makes it some time after the device was
     * created. Blocks, except on a host with virtual time, which it lets pass. May be called by any thread but a loop's.
     *
     * @param calls the host
     * @param patience how long at most; zero to look once
     * @return their paths, at least one
     * @throws LinuxException ETIMEDOUT when the time is over, with what is missing; ENODEV when the device is gone
     * @throws InterruptedException when the thread is interrupted
     * @throws IllegalStateException on the thread of an event loop
     */
    public List<String> awaitNodes(SystemCalls calls, Duration patience) throws LinuxException, InterruptedException {
        return new Nodes(calls, this).await(patience);
    }

    /**
     * Who has the device's nodes open, as far as this process can see. Who got the device from another process, over a socket
     * for example, does not show.
     *
     * @param calls the host
     * @return the processes
     * @throws LinuxException when sysfs cannot be read
     */
    public Holders holders(SystemCalls calls) throws LinuxException {
        return Use.holders(calls, nodes(calls), false);
    }

    /**
     * Removes a device that nobody uses. To keep it from coming back at the next boot is the business of mdevctl, where that has
     * created it.
     *
     * <p>Between the look at its users and the removal somebody may open it; then the kernel waits for them, and so does this
     * call, for as long as it was told. Blocks, except on a host with virtual time, which it lets pass. May be called by any
     * thread but a loop's.
     *
     * @param calls the host
     * @param uuid its name
     * @param patience how long at most
     * @throws DeviceInUseException when somebody has it open
     * @throws LinuxException with advice: ENODEV when there is none, EACCES or EPERM for those who may not
     * @throws InterruptedException when the thread is interrupted; a removal that has begun goes on
     * @throws IllegalStateException on the thread of an event loop
     */
    public static void remove(SystemCalls calls, UUID uuid, Duration patience)
            throws LinuxException, DeviceInUseException, InterruptedException {
        new Removal(calls, uuid).run(false, patience);
    }

    /**
     * Removes a device even if other processes have it open. The kernel asks them for it where the driver can (the REQ irq), takes
     * it off the bus at once, and waits until they have closed it; this call waits for that as long as it was told. It cannot be
     * called back: what has begun goes on without this process. If the removal has begun already, this waits for its end.
     *
     * <p>A device that this very process has open is never removed, because nobody could close it if this process waited.
     *
     * @param calls the host
     * @param uuid its name
     * @param patience how long at most
     * @throws DeviceInUseException when it is still open after that time, or when this process has it open
     * @throws LinuxException as {@link #remove}
     * @throws InterruptedException when the thread is interrupted; a removal that has begun goes on
     * @throws IllegalStateException on the thread of an event loop
     */
    public static void removeForced(SystemCalls calls, UUID uuid, Duration patience)
            throws LinuxException, DeviceInUseException, InterruptedException {
        new Removal(calls, uuid).run(true, patience);
    }

    private static String lastName(SystemCalls calls, String link) throws LinuxException {
        try {
            String target = calls.readLink(link);
            return target.substring(target.lastIndexOf('/') + 1);
        } catch (LinuxException e) {
            if (e.errno() == Errno.ENOENT || e.errno() == Errno.EINVAL) {
                return "";
            }
            throw e;
        }
    }

    /** The device's directory lies in its parent's: {@code …/0000:00:02.0/UUID}. */
    private static String parentName(SystemCalls calls, String path) throws LinuxException {
        try {
            String[] names = calls.readLink(path).split("/");
            return names.length < 2 ? "" : names[names.length - 2];
        } catch (LinuxException e) {
            if (e.errno() == Errno.ENOENT || e.errno() == Errno.EINVAL) {
                return "";
            }
            throw e;
        }
    }

    private static OptionalInt groupNumber(SystemCalls calls, String path) throws LinuxException {
        String name = lastName(calls, path + "/iommu_group");
        return name.matches("\\d{1,9}") ? OptionalInt.of(Integer.parseInt(name)) : OptionalInt.empty();
    }
}
