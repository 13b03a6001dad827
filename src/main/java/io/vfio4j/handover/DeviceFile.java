package io.vfio4j.handover;

import io.vfio4j.linux.Descriptor;
import io.vfio4j.linux.LinuxException;
import io.vfio4j.linux.SystemCalls;
import io.vfio4j.linux.uapi.Errno;
import io.vfio4j.mdev.MdevDevice;
import io.vfio4j.vfio.DeviceOwner;
import io.vfio4j.vfio.HostDevice;
import io.vfio4j.vfio.VfioDevice;
import java.io.IOException;
import java.util.Optional;
import java.util.UUID;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What a link in {@code /proc/PID/fd}, and the text beside it in {@code fdinfo}, say of an open VFIO device.
 *
 * @param link the link's text
 * @param name the device's name; empty where this kernel does not tell
 */
record DeviceFile(String link, Optional<String> name) {
    /** Of a device that was got through its group: drivers/vfio/vfio_main.c. */
    private static final String ANONYMOUS = "anon_inode:[vfio-device]";

    private static final Pattern NODE = Pattern.compile("/dev/vfio/devices/(vfio\\d{1,9})");
    /** Since Linux 6.18: vfio_device_show_fdinfo() of drivers/vfio/vfio_main.c. */
    private static final Pattern SYSFS_PATH = Pattern.compile("(?m)^vfio-device-syspath:\\s*(/sys/\\S+)$");

    private static final String DELETED = " (deleted)";
    private static final String SELF = "/proc/self";

    /** Where a descriptor of a process leads; nodes may have been made anew since. */
    static String link(SystemCalls calls, String process, int number) throws LinuxException {
        String link = calls.readLink(process + "/fd/" + number);
        return link.endsWith(DELETED) ? link.substring(0, link.length() - DELETED.length()) : link;
    }

    /** Reads what a descriptor with this link refers to; empty where it is no VFIO device. */
    static Optional<DeviceFile> read(SystemCalls calls, String process, int number, String link) throws LinuxException {
        Matcher node = NODE.matcher(link);
        if (node.matches()) {
            return Optional.of(new DeviceFile(link, nameOfNode(calls, node.group(1))));
        }
        return link.equals(ANONYMOUS)
                ? Optional.of(new DeviceFile(link, nameInFdinfo(calls, process, number)))
                : Optional.empty();
    }

    /** {@code /sys/class/vfio-dev/vfioN} leads into the directory of the device. It goes first when the device is removed. */
    private static Optional<String> nameOfNode(SystemCalls calls, String node) throws LinuxException {
        try {
            String[] steps = calls.readLink("/sys/class/vfio-dev/" + node).split("/");
            // …/NAME/vfio-dev/vfioN
            return steps.length < 3 ? Optional.empty() : Optional.of(steps[steps.length - 3]);
        } catch (LinuxException e) {
            if (e.errno() == Errno.ENOENT) {
                return Optional.empty();
            }
            throw e;
        }
    }

    private static Optional<String> nameInFdinfo(SystemCalls calls, String process, int number) throws LinuxException {
        Matcher path = SYSFS_PATH.matcher(calls.readText(process + "/fdinfo/" + number));
        return path.find() ? Optional.of(lastName(path.group(1))) : Optional.empty();
    }

    private static String lastName(String path) {
        return path.substring(path.lastIndexOf('/') + 1);
    }

    /**
     * Makes a shared device of a copy, after a look at what it is: the number may have been given to another file before it was copied,
     * and through a socket may come anything.
     *
     * @param copy belongs to the result, or to the caller where this throws; so does the owner
     * @param claimed what the device should be called
     * @param believed whether the claim is the kernel's own
     * @param fallback how to call it where nobody knows
     */
    static VfioDevice share(
            SystemCalls calls,
            Descriptor copy,
            Optional<String> claimed,
            boolean believed,
            String fallback,
            DeviceOwner owner)
            throws IOException {
        DeviceFile file = readOwn(calls, copy, owner);
        if (claimed.isPresent() && file.name().isPresent() && !claimed.equals(file.name())) {
            throw new HandoverException("What " + owner.description() + " has handed over is the device "
                    + file.name().get() + ", not " + claimed.get() + ".");
        }
        if (file.name().isEmpty() && NODE.matcher(file.link()).matches()) {
            throw isBeingRemoved("look up", file.link());
        }
        Optional<String> name = claimed.or(file::name);
        Optional<HostDevice> host = Optional.empty();
        if (name.isPresent()) {
            host = find(calls, name.get(), believed || file.name().isPresent());
        }
        VfioDevice device = VfioDevice.share(calls, copy, name.orElse(fallback), host, owner);
        requireAnswer(device, owner);
        return device;
    }

    private static DeviceFile readOwn(SystemCalls calls, Descriptor copy, DeviceOwner owner) throws IOException {
        int number = copy.acquire();
        try {
            String link = ownLink(calls, number);
            return read(calls, SELF, number, link)
                    .orElseThrow(() -> new HandoverException(
                            "What " + owner.description() + " has handed over is no VFIO device, but " + link + "."));
        } finally {
            copy.release();
        }
    }

    /** Where a descriptor of our own leads. */
    static String ownLink(SystemCalls calls, int number) throws LinuxException {
        return link(calls, SELF, number);
    }

    /** Does not close the device where it throws: its descriptor is not ours yet. */
    private static void requireAnswer(VfioDevice device, DeviceOwner owner) throws IOException {
        try {
            device.info();
        } catch (LinuxException e) {
            throw switch (e.errno()) {
                case Errno.EINVAL ->
                    e.withAdvice("It may be that " + owner.description()
                            + " has opened the device's node, and has not bound it to an iommufd yet.");
                case Errno.ENODEV -> e.withAdvice("The device is being removed.");
                default ->
                    e.withAdvice("What " + owner.description() + " has handed over does not act as a VFIO device.");
            };
        }
    }

    /** Where it is in sysfs; empty for devices of buses that are unknown here, and for those that do not exist if that may be. */
    private static Optional<HostDevice> find(SystemCalls calls, String name, boolean mustExist) throws LinuxException {
        try {
            if (MdevDevice.isUuid(name)) {
                return Optional.of(HostDevice.of(calls, MdevDevice.find(calls, UUID.fromString(name))));
            }
            return HostDevice.isPciAddress(name) ? Optional.of(HostDevice.findPci(calls, name)) : Optional.empty();
        } catch (LinuxException e) {
            if (e.errno() != Errno.ENODEV) {
                throw e;
            }
            if (mustExist) {
                throw isBeingRemoved(e.operation(), e.target());
            }
            return Optional.empty();
        }
    }

    private static LinuxException isBeingRemoved(String operation, String target) {
        return new LinuxException(Errno.ENODEV, operation, target)
                .withAdvice("The device is being removed from the host.");
    }
}
