package io.vfio4j.mdev;

import io.vfio4j.linux.LinuxException;
import io.vfio4j.linux.SystemCalls;
import io.vfio4j.linux.uapi.Errno;
import java.util.List;
import java.util.UUID;
import java.util.stream.Collectors;

/** Creates a device, and explains it where the kernel refuses: drivers/vfio/mdev/mdev_core.c and mdev_sysfs.c. */
final class Creation {
    private final SystemCalls calls;
    private final MdevType type;
    private final UUID uuid;

    Creation(SystemCalls calls, MdevType type, UUID uuid) {
        this.calls = calls;
        this.type = type;
        this.uuid = uuid;
    }

    MdevDevice run() throws LinuxException {
        try {
            calls.writeText(type.path() + "/create", uuid + "\n");
        } catch (LinuxException e) {
            throw e.withAdvice(advice(e.errno()));
        }
        return MdevDevice.find(calls, uuid);
    }

    private String advice(int errno) {
        return switch (errno) {
            case Errno.EEXIST -> taken();
            // mdev_device_create() counts for drivers that do not, with EUSERS; GVT-g and others count themselves.
            case Errno.ENOSPC, Errno.EUSERS -> exhausted();
            case Errno.EACCES, Errno.EPERM ->
                "Only root may create mediated devices: use sudo, or a service that may, such as libvirt"
                        + " (virsh nodedev-create, which polkit can allow, and which runs mdevctl).";
            case Errno.EROFS -> "/sys is mounted read-only, as in a container; create the device on the host.";
            case Errno.ENOENT ->
                "The type is gone: the driver of " + type.parent().name() + " has withdrawn it.";
            case Errno.ENODEV -> "The driver of " + type.parent().name() + " is being unloaded.";
            // The samples of older kernels say ENOMEM where no instance is left.
            default ->
                isExhausted()
                        ? exhausted()
                        : "The driver of " + type.parent().name()
                                + " refused it; the kernel's log (dmesg) may say why.";
        };
    }

    private String taken() {
        try {
            MdevDevice owner = MdevDevice.find(calls, uuid);
            return "There is a device of this UUID already, of the type " + owner.type() + " on " + owner.parent()
                    + "; choose another UUID, or remove that device.";
        } catch (LinuxException notOnTheBus) {
            return "A device of this UUID is being removed, and waits for those who have it open; choose another UUID.";
        }
    }

    private boolean isExhausted() {
        return Attribute.number(calls, type.path() + "/available_instances").orElse(1) == 0;
    }

    private String exhausted() {
        List<MdevType> left;
        try {
            left = type.parent().types(calls).stream()
                    .filter(other -> !other.name().equals(type.name()))
                    .filter(other -> other.availableInstances().orElse(0) > 0)
                    .toList();
        } catch (LinuxException unknown) {
            left = List.of();
        }
        String none = type.parent().name() + " has no room for another " + type.name();
        return left.isEmpty()
                ? none + "; remove a device of it first (`vfio4j list` shows them)."
                : none + "; it has for "
                        + left.stream()
                                .map(other -> other.name() + " ("
                                        + other.availableInstances().getAsLong() + ")")
                                .collect(Collectors.joining(", "))
                        + ".";
    }
}
