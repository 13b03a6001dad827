package io.vfio4j.handover;

import io.vfio4j.linux.LinuxException;
import io.vfio4j.linux.SystemCalls;
import io.vfio4j.linux.uapi.Errno;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The VFIO devices and groups that a process has open, by the number of the descriptor.
 *
 * @param devices the devices
 * @param groups the groups
 */
record OpenFiles(Map<Integer, DeviceFile> devices, Map<Integer, Group> groups) {
    private static final Pattern GROUP = Pattern.compile("/dev/vfio/(?:noiommu-)?(\\d{1,9})");

    /**
     * A group.
     *
     * @param number its number
     * @param members the names of its devices, whether they are open or not
     */
    record Group(int number, List<String> members) {}

    /** Reads them from {@code /proc}. What is closed meanwhile is left out. */
    static OpenFiles read(SystemCalls calls, String process) throws LinuxException {
        Map<Integer, DeviceFile> devices = new TreeMap<>();
        Map<Integer, Group> groups = new TreeMap<>();
        for (String name : calls.list(process + "/fd")) {
            if (!name.matches("\\d{1,9}")) {
                continue;
            }
            int number = Integer.parseInt(name);
            try {
                String link = DeviceFile.link(calls, process, number);
                DeviceFile.read(calls, process, number, link).ifPresent(file -> devices.put(number, file));
                group(calls, link).ifPresent(group -> groups.put(number, group));
            } catch (LinuxException e) {
                if (e.errno() != Errno.ENOENT) {
                    throw e;
                }
            }
        }
        return new OpenFiles(devices, groups);
    }

    private static Optional<Group> group(SystemCalls calls, String link) throws LinuxException {
        Optional<Integer> group = groupNumber(link);
        if (group.isEmpty()) {
            return Optional.empty();
        }
        return Optional.of(new Group(group.get(), calls.list("/sys/kernel/iommu_groups/" + group.get() + "/devices")));
    }

    /** Of a link's text; empty where it is no group. */
    static Optional<Integer> groupNumber(String link) {
        Matcher group = GROUP.matcher(link);
        return group.matches() ? Optional.of(Integer.valueOf(group.group(1))) : Optional.empty();
    }

    /** The devices that this kernel names, each with one of its descriptors. */
    Map<String, Integer> named() {
        Map<String, Integer> named = new LinkedHashMap<>();
        devices.forEach((number, file) -> file.name().ifPresent(name -> named.putIfAbsent(name, number)));
        return named;
    }

    /** The descriptors of devices that this kernel does not name. */
    List<Integer> unnamed() {
        return devices.entrySet().stream()
                .filter(entry -> entry.getValue().name().isEmpty())
                .map(Map.Entry::getKey)
                .toList();
    }

    /** Which devices the unnamed ones can be: those of the groups that are open, each with the descriptor of its group. */
    Map<String, Integer> candidates() {
        Map<String, Integer> candidates = new TreeMap<>();
        groups.forEach((number, group) -> group.members().forEach(member -> candidates.putIfAbsent(member, number)));
        candidates.keySet().removeAll(named().keySet());
        return candidates;
    }

    /** The names of the devices that are open, as far as can be told. */
    List<String> names() {
        TreeSet<String> names = new TreeSet<>(named().keySet());
        if (!unnamed().isEmpty()) {
            names.addAll(candidates().keySet());
        }
        return new ArrayList<>(names);
    }
}
