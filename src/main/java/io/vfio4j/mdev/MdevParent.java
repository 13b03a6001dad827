package io.vfio4j.mdev;

import io.vfio4j.linux.LinuxException;
import io.vfio4j.linux.SystemCalls;
import io.vfio4j.linux.uapi.Errno;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * A device that mediated devices can be created on, such as a GPU whose driver divides it.
 *
 * @param name its name, for example {@code 0000:00:02.0}
 * @param path its place: {@code /sys/class/mdev_bus/NAME}
 * @param driver its driver; empty where sysfs does not say
 */
public record MdevParent(String name, String path, Optional<String> driver) {
    /** Where the devices are listed that can be parents. */
    public static final String CLASS = "/sys/class/mdev_bus";

    /**
     * Lists the parents.
     *
     * @param calls the host
     * @return sorted by name; empty where there are none, or no mdev bus
     * @throws LinuxException when sysfs cannot be read
     */
    public static List<MdevParent> list(SystemCalls calls) throws LinuxException {
        return names(calls, CLASS).stream().map(name -> of(calls, name)).toList();
    }

    private static MdevParent of(SystemCalls calls, String name) {
        String path = CLASS + "/" + name;
        return new MdevParent(name, path, Attribute.linkedName(calls, path + "/driver"));
    }

    /**
     * Whether a text can be the name of a parent or of a type: printable ASCII without blanks and slashes, at most 255 bytes, so
     * that no path can hide in it.
     *
     * @param text anything
     * @return false for the empty text, too
     */
    public static boolean isName(String text) {
        return SysfsName.isValid(text);
    }

    /**
     * Looks a parent up.
     *
     * @param calls the host
     * @param name its name
     * @return the parent
     * @throws LinuxException ENODEV with advice when there is none of this name
     * @throws IllegalArgumentException when it cannot be a name
     */
    public static MdevParent find(SystemCalls calls, String name) throws LinuxException {
        SysfsName.require(name, "a parent of mediated devices", "0000:00:02.0");
        if (!calls.exists(CLASS + "/" + name)) {
            throw new LinuxException(Errno.ENODEV, "look up", CLASS + "/" + name).withAdvice(whatElse(calls));
        }
        return of(calls, name);
    }

    private static String whatElse(SystemCalls calls) throws LinuxException {
        Optional<String> obstacle = obstacle(calls);
        return obstacle.isPresent()
                ? obstacle.get()
                : "Mediated devices can be created on: " + String.join(", ", names(calls, CLASS)) + ".";
    }

    /**
     * Why no mediated device can be created on a host.
     *
     * @param calls the host
     * @return a sentence; empty where there is a parent
     * @throws LinuxException when sysfs cannot be read
     */
    public static Optional<String> obstacle(SystemCalls calls) throws LinuxException {
        if (!names(calls, CLASS).isEmpty()) {
            return Optional.empty();
        }
        return Optional.of(
                calls.exists(MdevDevice.BUS)
                        ? "This host has an mdev bus, but no device that could be a parent of mediated devices."
                        : MdevDevice.NO_BUS);
    }

    /**
     * Lists the types of mediated devices that it offers.
     *
     * @param calls the host
     * @return as they are now, sorted by name; empty where it offers none
     * @throws LinuxException when sysfs cannot be read
     */
    public List<MdevType> types(SystemCalls calls) throws LinuxException {
        return names(calls, typesPath()).stream()
                .map(type -> MdevType.of(calls, this, type))
                .toList();
    }

    /**
     * Looks a type up.
     *
     * @param calls the host
     * @param type its name, for example {@code i915-GVTg_V5_4}
     * @return as it is now
     * @throws LinuxException ENOENT, with the types that there are, when it does not offer this one
     * @throws IllegalArgumentException when it cannot be a name
     */
    public MdevType type(SystemCalls calls, String type) throws LinuxException {
        SysfsName.require(type, "a type of mediated devices", "i915-GVTg_V5_4");
        String typePath = typesPath() + "/" + type;
        if (!calls.exists(typePath)) {
            List<String> offered = names(calls, typesPath());
            throw new LinuxException(Errno.ENOENT, "look up", typePath)
                    .withAdvice(
                            offered.isEmpty()
                                    ? name + " offers no type of mediated devices."
                                    : name + " offers: " + String.join(", ", offered) + ".");
        }
        return MdevType.of(calls, this, type);
    }

    private String typesPath() {
        return path + "/mdev_supported_types";
    }

    private static List<String> names(SystemCalls calls, String directory) throws LinuxException {
        List<String> names = new ArrayList<>();
        try {
            names.addAll(calls.list(directory));
        } catch (LinuxException e) {
            if (e.errno() != Errno.ENOENT) {
                throw e;
            }
        }
        names.removeIf(name -> !SysfsName.isValid(name));
        return names;
    }
}
