package io.vfio4j.mdev;

import io.vfio4j.linux.LinuxException;
import io.vfio4j.linux.PendingWrite;
import io.vfio4j.linux.SystemCalls;
import io.vfio4j.linux.uapi.Errno;
import io.vfio4j.loop.EventLoop;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.UUID;

/**
 * Removes a device: drivers/vfio/mdev/mdev_sysfs.c, and vfio_unregister_group_dev() of drivers/vfio/vfio_main.c, which waits for
 * its users, and which no signal ends.
 */
final class Removal {
    private final SystemCalls calls;
    private final UUID uuid;

    Removal(SystemCalls calls, UUID uuid) {
        this.calls = calls;
        this.uuid = uuid;
    }

    void run(boolean forced, Duration patience) throws LinuxException, DeviceInUseException, InterruptedException {
        if (EventLoop.inAnyLoop()) {
            throw new IllegalStateException("a removal waits, which the thread of a loop must not");
        }
        Optional<String> leaving = leaving();
        String path = leaving.isPresent()
                ? leaving.get()
                : MdevDevice.find(calls, uuid).path();
        List<String> nodes = Nodes.announced(calls, path);
        Use use = Use.find(calls, path, leaving.isPresent());
        if (use.self()) {
            throw DeviceInUseException.bySelf(uuid, use);
        }
        if (leaving.isEmpty() && use.any() && !forced) {
            throw DeviceInUseException.byOthers(uuid, use);
        }
        Polling.Condition gone = leaving.isPresent() ? () -> !calls.exists(path) : begin(path);
        if (!Polling.until(calls, patience, gone)) {
            throw DeviceInUseException.stillAfter(patience, uuid, Use.holders(calls, nodes, leaving.isPresent()));
        }
    }

    /** Returns how to see that the device is gone. */
    private Polling.Condition begin(String path) throws LinuxException {
        PendingWrite write;
        try {
            write = calls.writeApart(path + "/remove", "1\n");
        } catch (LinuxException e) {
            throw e.withAdvice(advice(e.errno()));
        }
        return () -> {
            try {
                return write.isDone();
            } catch (LinuxException e) {
                if (calls.exists(path)) {
                    throw e.withAdvice(advice(e.errno()));
                }
                // Somebody else was quicker; it is gone when that removal is over.
                return leaving().isEmpty();
            }
        };
    }

    private static String advice(int errno) {
        return switch (errno) {
            case Errno.EACCES, Errno.EPERM ->
                "Only root may remove mediated devices: use sudo, or a service that may, such as libvirt"
                        + " (virsh nodedev-destroy, which polkit can allow, and which runs mdevctl).";
            case Errno.EROFS -> "/sys is mounted read-only, as in a container; remove the device on the host.";
            case Errno.ENOENT, Errno.EAGAIN -> "Somebody else removes it at this moment.";
            case Errno.ENODEV -> "The driver of its parent is being unloaded, and takes it away.";
            default -> "The driver refused it; the kernel's log (dmesg) may say why.";
        };
    }

    /** Where a device is that is off the bus, because its removal has begun: its directory in its parent's stays to the end. */
    private Optional<String> leaving() throws LinuxException {
        if (calls.exists(MdevDevice.BUS + "/" + uuid)) {
            return Optional.empty();
        }
        return MdevParent.list(calls).stream()
                .map(parent -> parent.path() + "/" + uuid)
                .filter(calls::exists)
                .findFirst();
    }
}
