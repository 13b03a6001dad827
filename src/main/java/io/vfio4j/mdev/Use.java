package io.vfio4j.mdev;

import io.vfio4j.linux.Access;
import io.vfio4j.linux.Descriptor;
import io.vfio4j.linux.LinuxException;
import io.vfio4j.linux.SystemCalls;
import io.vfio4j.linux.uapi.Errno;
import io.vfio4j.proc.Holders;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Who uses a device.
 *
 * @param holders the processes that have a node of it open
 * @param busy whether the kernel says that somebody has its group open; asked only where no holder shows
 * @param self whether this process has it open, as far as can be told
 */
record Use(Holders holders, boolean busy, boolean self) {
    private static final String OWN_DESCRIPTORS = "/proc/self/fd";
    private static final String GROUP_NODE = "/dev/vfio/\\d{1,9}";
    private static final Pattern DEVICE_NODE = Pattern.compile("(/dev/vfio/devices/vfio\\d{1,9})( \\(deleted\\))?");
    /** What a descriptor is called that VFIO_GROUP_GET_DEVICE_FD returned. */
    private static final String DEVICE_DESCRIPTOR = "anon_inode:[vfio-device]";
    /** A line of /proc/PID/fdinfo/N of newer kernels, with the device's place in sysfs below /sys. */
    private static final String DEVICE_LINE = "vfio-device-syspath:";

    boolean any() {
        return !holders.list().isEmpty() || busy || self;
    }

    /** Who has one of some nodes open. */
    static Holders holders(SystemCalls calls, List<String> nodes, boolean leaving) {
        return Holders.find(
                calls,
                target -> nodes.stream().anyMatch(node -> Holders.isLinkTo(target, node))
                        || leaving && isNodeThatIsGone(calls, target));
    }

    /** Of a device that is being removed its own node goes first, and sysfs forgets which it was. */
    private static boolean isNodeThatIsGone(SystemCalls calls, String target) {
        Matcher node = DEVICE_NODE.matcher(target);
        return node.matches() && !calls.exists(node.group(1));
    }

    /** Of the device in a directory of sysfs. Opens its group for a moment, where nobody has it open. */
    static Use find(SystemCalls calls, String path, boolean leaving) throws LinuxException {
        List<String> nodes = Nodes.announced(calls, path);
        Holders holders = holders(calls, nodes, leaving);
        boolean busy = holders.list().isEmpty() && nodes.stream().anyMatch(node -> isBusy(calls, node));
        boolean open = busy || !holders.list().isEmpty();
        return new Use(holders, busy, holders.includesSelf() || open && hasDescriptor(calls, path));
    }

    /** A group can be opened once, and whoever has a device of it keeps it open. */
    private static boolean isBusy(SystemCalls calls, String node) {
        if (!node.matches(GROUP_NODE)) {
            return false;
        }
        try (Descriptor group = calls.open(node, Access.READ_WRITE)) {
            return group.isClosed();
        } catch (LinuxException e) {
            return e.errno() == Errno.EBUSY;
        }
    }

    /**
     * Whether this process has a descriptor of the device without its node: one that it was handed, or kept. Where the kernel does
     * not say whose descriptor it is, it counts unless a group that this process has open explains it.
     */
    private static boolean hasDescriptor(SystemCalls calls, String path) {
        int unexplained = 0;
        for (String number : list(calls, OWN_DESCRIPTORS)) {
            String target = link(calls, OWN_DESCRIPTORS + "/" + number);
            if (target.equals(DEVICE_DESCRIPTOR)) {
                String place = place(calls, number);
                if (!place.isEmpty() && place.endsWith(path.substring(path.lastIndexOf('/')))) {
                    return true;
                }
                unexplained += place.isEmpty() ? 1 : 0;
            } else if (target.matches(GROUP_NODE)) {
                unexplained--;
            }
        }
        return unexplained > 0;
    }

    private static String place(SystemCalls calls, String number) {
        try {
            return calls.readText("/proc/self/fdinfo/" + number)
                    .lines()
                    .filter(line -> line.startsWith(DEVICE_LINE))
                    .map(line -> line.substring(DEVICE_LINE.length()).strip())
                    .findFirst()
                    .orElse("");
        } catch (LinuxException notSaid) {
            return "";
        }
    }

    private static List<String> list(SystemCalls calls, String directory) {
        try {
            return calls.list(directory);
        } catch (LinuxException notMounted) {
            return List.of();
        }
    }

    private static String link(SystemCalls calls, String path) {
        try {
            return calls.readLink(path);
        } catch (LinuxException closedMeanwhile) {
            return "";
        }
    }
}
