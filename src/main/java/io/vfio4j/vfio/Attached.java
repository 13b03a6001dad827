package io.vfio4j.vfio;

import io.vfio4j.linux.Descriptor;
import io.vfio4j.linux.LinuxException;
import io.vfio4j.linux.SystemCalls;
import io.vfio4j.linux.uapi.Errno;
import java.io.IOException;

/**
 * A device that was opened here, and how.
 *
 * @param path which way it was
 * @param device its descriptor
 * @param dma what it reaches
 * @param resources everything that was opened, the descriptor among it
 */
record Attached(AttachPath path, Descriptor device, IoAddressSpace dma, Attachment resources) {

    static Attached open(SystemCalls calls, HostDevice host, AttachOptions options) throws IOException {
        if (options.path().isPresent()) {
            return switch (options.path().get()) {
                case GROUP -> GroupPath.attach(calls, host, options.vm());
                case CDEV -> CdevPath.attach(calls, host, options.vm());
            };
        }
        if (host.node().isEmpty()) {
            return GroupPath.attach(calls, host, options.vm());
        }
        try {
            return CdevPath.attach(calls, host, options.vm());
        } catch (LinuxException cdev) {
            if (!isUnusable(cdev) || host.group().isEmpty()) {
                throw cdev;
            }
            try {
                return GroupPath.attach(calls, host, options.vm());
            } catch (IOException group) {
                throw both(group, cdev);
            }
        }
    }

    /**
     * Whether the group is worth a try. It is not where the device itself is the matter: the group would say the same, less
     * clearly. It is where a node is missing or forbidden, where the kernel does not know iommufd, and where it finds the
     * interrupts too insecure for iommufd (EPERM), which an administrator may have allowed for type 1 only.
     */
    private static boolean isUnusable(LinuxException cdev) {
        boolean opening = cdev.operation().equals("open");
        return switch (cdev.errno()) {
            case Errno.ENOENT, Errno.ENODEV, Errno.ENXIO, Errno.EACCES -> opening;
            case Errno.EPERM, Errno.ENOTTY -> true;
            default -> false;
        };
    }

    /** Both ways are closed, and both reasons are needed to open one. */
    private static IOException both(IOException group, LinuxException cdev) {
        String first = "The device's own node was tried first: " + cdev.getMessage();
        IOException all = group instanceof LinuxException refusal
                ? refusal.withAdvice((refusal.advice() + " " + first).strip())
                : new IOException(group.getMessage() + " " + first, group);
        all.addSuppressed(cdev);
        return all;
    }
}
