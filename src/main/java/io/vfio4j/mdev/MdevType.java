package io.vfio4j.mdev;

import io.vfio4j.linux.LinuxException;
import io.vfio4j.linux.SystemCalls;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.UUID;

/**
 * A type of mediated devices that a parent offers, as sysfs showed it when it was looked up. Kernels and drivers differ in what
 * they say; the texts are the driver's, with control characters replaced.
 *
 * @param parent who offers it
 * @param name its name, for example {@code i915-GVTg_V5_4}
 * @param path its place: {@code /sys/class/mdev_bus/PARENT/mdev_supported_types/NAME}
 * @param deviceApi how its devices are to be spoken to, for example {@code vfio-pci}
 * @param label its name for people
 * @param description what it is, perhaps in many lines
 * @param availableInstances how many more devices of it there can be, as long as none of another type is created
 */
public record MdevType(
        MdevParent parent,
        String name,
        String path,
        Optional<String> deviceApi,
        Optional<String> label,
        Optional<String> description,
        OptionalLong availableInstances) {

    static MdevType of(SystemCalls calls, MdevParent parent, String name) {
        String path = parent.path() + "/mdev_supported_types/" + name;
        return new MdevType(
                parent,
                name,
                path,
                Attribute.text(calls, path + "/device_api"),
                Attribute.text(calls, path + "/name"),
                Attribute.text(calls, path + "/description"),
                Attribute.number(calls, path + "/available_instances"));
    }

    /**
     * What it says of itself where it is a type of Intel GVT-g.
     *
     * @return empty where it is none, or has no description
     */
    public Optional<GvtDescription> gvt() {
        return MdevDevice.isGvtType(name) ? description.map(GvtDescription::parse) : Optional.empty();
    }

    /**
     * Creates a device with a random UUID.
     *
     * @param calls the host
     * @return the device, as {@link #create(SystemCalls, UUID)}
     * @throws LinuxException as {@link #create(SystemCalls, UUID)}
     */
    public MdevDevice create(SystemCalls calls) throws LinuxException {
        return create(calls, UUID.randomUUID());
    }

    /**
     * Creates a device. It stays until it is removed or the host is switched off; to have it come back at every boot is the
     * business of mdevctl. Its node may appear later: {@link MdevDevice#awaitNodes}. Takes as long as the driver does.
     *
     * @param calls the host
     * @param uuid what it is to be called
     * @return the device
     * @throws LinuxException with advice: EEXIST when the UUID is taken, ENOSPC or EUSERS when there is no instance left, EACCES
     *     or EPERM for those who may not, ENODEV when the parent is going away
     */
    public MdevDevice create(SystemCalls calls, UUID uuid) throws LinuxException {
        return new Creation(calls, this, uuid).run();
    }
}
