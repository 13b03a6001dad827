package io.vfio4j.mdev;

import io.vfio4j.linux.LinuxException;
import io.vfio4j.linux.SystemCalls;
import io.vfio4j.linux.uapi.Errno;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** The device nodes of a mediated device, and waiting for them. */
final class Nodes {
    private final SystemCalls calls;
    private final MdevDevice device;

    Nodes(SystemCalls calls, MdevDevice device) {
        this.calls = calls;
        this.device = device;
    }

    /** What sysfs announces below a device's directory. */
    static List<String> announced(SystemCalls calls, String path) throws LinuxException {
        List<String> nodes = new ArrayList<>();
        for (String name : vfioDevices(calls, path + "/vfio-dev")) {
            // The directory is there in any kernel from 6.0 on; that it has a number means that it has a node.
            if (name.matches("vfio\\d{1,9}") && calls.exists(path + "/vfio-dev/" + name + "/dev")) {
                nodes.add("/dev/vfio/devices/" + name);
            }
        }
        Attribute.linkedName(calls, path + "/iommu_group")
                .filter(number -> number.matches("\\d{1,9}"))
                .ifPresent(number -> nodes.add("/dev/vfio/" + number));
        return nodes;
    }

    private static List<String> vfioDevices(SystemCalls calls, String directory) throws LinuxException {
        try {
            return calls.list(directory);
        } catch (LinuxException e) {
            if (e.errno() == Errno.ENOENT) {
                return List.of();
            }
            throw e;
        }
    }

    List<String> await(Duration patience) throws LinuxException, InterruptedException {
        Polling.until(calls, patience, this::areThereOrNeverWillBe);
        List<String> nodes = announced(calls, device.path());
        if (!calls.exists(device.path())) {
            throw new LinuxException(Errno.ENODEV, "wait for the node of", device.path())
                    .withAdvice("The device was removed meanwhile.");
        }
        if (nodes.isEmpty() || !nodes.stream().allMatch(calls::exists)) {
            throw new LinuxException(Errno.ETIMEDOUT, "wait for the node of", device.path())
                    .withAdvice(whatIsMissing(nodes));
        }
        return nodes;
    }

    private boolean areThereOrNeverWillBe() throws LinuxException {
        List<String> nodes = announced(calls, device.path());
        return !nodes.isEmpty() && nodes.stream().allMatch(calls::exists) || !calls.exists(device.path());
    }

    private String whatIsMissing(List<String> nodes) {
        if (!nodes.isEmpty()) {
            List<String> missing =
                    nodes.stream().filter(node -> !calls.exists(node)).toList();
            return "The device is there, but not " + String.join(" and ", missing)
                    + ": udev or devtmpfs makes it; a container has to be given it.";
        }
        return calls.exists(device.path() + "/driver")
                ? "The device has a driver, but that gives it neither a VFIO group nor a node of its own."
                : "The device has no driver: before Linux 5.13 load vfio_mdev; the kernel's log (dmesg) may say more.";
    }
}
