package io.vfio4j.mdev;

import io.vfio4j.linux.LinuxException;
import io.vfio4j.linux.SystemCalls;
import io.vfio4j.linux.uapi.Errno;
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
                    : "This host has no mdev bus: load the module mdev and the driver of the GPU (for GVT-g: kvmgt).";
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
        return type.startsWith("i915-GVTg");
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
