package io.vfio4j.handover;

import io.vfio4j.linux.Descriptor;
import io.vfio4j.linux.LinuxException;
import io.vfio4j.linux.SystemCalls;
import io.vfio4j.linux.uapi.Errno;
import io.vfio4j.proc.TraceRights;
import io.vfio4j.vfio.VfioDevice;
import io.vfio4j.vfio.VfioGroup;
import java.io.IOException;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * Takes a copy of a device from a running process. Which descriptor is which device is told by the kernel from Linux 6.18 on, and
 * always for those that have a node of their own. Before, the groups tell: where one is asked for a device that is open, it gives
 * another file of it, without a word to the driver; so a copy of the group leads to the right one.
 */
final class ProcessHandover {
    private final SystemCalls calls;
    private final int pid;
    private final String directory;
    private final ProcessOwner owner;

    private ProcessHandover(SystemCalls calls, int pid, ProcessOwner owner) {
        this.calls = calls;
        this.pid = pid;
        this.directory = "/proc/" + pid;
        this.owner = owner;
    }

    static VfioDevice share(SystemCalls calls, int pid, Optional<String> wanted) throws IOException {
        ProcessOwner owner = ProcessOwner.open(calls, pid);
        boolean success = false;
        try {
            VfioDevice device = new ProcessHandover(calls, pid, owner).share(wanted);
            success = true;
            return device;
        } finally {
            if (!success) {
                owner.close();
            }
        }
    }

    private VfioDevice share(Optional<String> wanted) throws IOException {
        try {
            OpenFiles files = OpenFiles.read(calls, directory);
            // The number was the process's own as long as it lived, so what was read was not another one's.
            owner.requireAlive();
            return wanted.isPresent() ? share(files, wanted.get().toLowerCase(Locale.ROOT)) : shareTheOnlyOne(files);
        } catch (LinuxException e) {
            owner.requireAlive();
            throw e.advice().isEmpty() ? advised(e) : e;
        }
    }

    private LinuxException advised(LinuxException e) {
        boolean aboutProcess =
                e.target().startsWith(directory + "/") || e.operation().equals("pidfd_getfd");
        return switch (e.errno()) {
            case Errno.EPERM, Errno.EACCES ->
                aboutProcess
                        ? e.withAdvice(TraceRights.advice(calls, pid, "let the VMM offer the device on a socket"))
                        : e;
            case Errno.ENOENT, Errno.EBADF -> aboutProcess ? e.withAdvice(absence()) : e;
            case Errno.EMFILE, Errno.ENFILE -> e.withAdvice("Too many files are open.");
            default -> e;
        };
    }

    private String absence() {
        return calls.exists(directory)
                ? owner.description() + " has closed it meanwhile."
                : "/proc does not show this process: it may hide those of other users (hidepid).";
    }

    private VfioDevice shareTheOnlyOne(OpenFiles files) throws IOException {
        if (files.devices().isEmpty()) {
            throw new HandoverException(noneIn(files));
        }
        Map<String, Integer> named = files.named();
        List<Integer> unnamed = files.unnamed();
        Map<String, Integer> candidates = files.candidates();
        if (unnamed.isEmpty() && named.size() == 1) {
            return copy(
                    named.values().iterator().next(), named.keySet().stream().findFirst());
        }
        if (named.isEmpty() && unnamed.size() == 1) {
            return copy(
                    unnamed.get(0),
                    candidates.size() == 1 ? candidates.keySet().stream().findFirst() : Optional.empty());
        }
        List<String> names = files.names();
        if (names.size() == 1) {
            // Several descriptors, of which one at least is for this device.
            return share(files, names.get(0));
        }
        if (names.isEmpty()) {
            throw new HandoverException(
                    owner.description() + " has several VFIO devices open, and this kernel does not tell" + " which.");
        }
        throw new HandoverException(
                owner.description() + " has several VFIO devices open; choose " + choices(names) + ".", names);
    }

    private String noneIn(OpenFiles files) {
        String groups = files.groups().values().stream()
                .map(group -> Integer.toString(group.number()))
                .distinct()
                .collect(Collectors.joining(", "));
        return owner.description() + " has no VFIO device open"
                + (groups.isEmpty()
                        ? "; `vfio4j list` shows which process has one."
                        : ", but the group " + groups + ": it may be about to open one.");
    }

    private String choices(List<String> names) {
        return names.stream().map(name -> "pid:" + pid + "/" + name).collect(Collectors.joining(" or "));
    }

    private VfioDevice share(OpenFiles files, String name) throws IOException {
        Optional<Integer> named = Optional.ofNullable(files.named().get(name));
        if (named.isPresent()) {
            return copy(named.get(), Optional.of(name));
        }
        Map<String, Integer> candidates = files.candidates();
        int unnamed = files.unnamed().size();
        Optional<Integer> group = Optional.ofNullable(candidates.get(name));
        if (files.devices().isEmpty()) {
            throw new HandoverException(noneIn(files));
        }
        if (group.isEmpty() || unnamed == 0) {
            List<String> names = files.names();
            throw new HandoverException(
                    owner.description() + " does not have the device " + name + " open"
                            + (names.isEmpty() ? "." : "; it has " + choices(names) + "."),
                    names);
        }
        if (unnamed == 1 && candidates.size() == 1) {
            return copy(files.unnamed().get(0), Optional.of(name));
        }
        if (unnamed < candidates.size()) {
            // Asking its group for a device that is not open would open it.
            throw new HandoverException(owner.description() + " has " + unnamed + " of the devices "
                    + String.join(", ", candidates.keySet()) + " open, and this kernel does not tell which.");
        }
        return throughGroup(group.get(), files.groups().get(group.get()).number(), name);
    }

    private VfioDevice copy(int number, Optional<String> name) throws IOException {
        String fallback = "pid:" + pid;
        return share(owner.copy(number, name.orElse(fallback)), name);
    }

    private VfioDevice throughGroup(int descriptor, int number, String name) throws IOException {
        Descriptor copy = owner.copy(descriptor, "group " + number + " of " + owner.description());
        Descriptor device;
        try (VfioGroup group = VfioGroup.adopt(calls, number, copy)) {
            requireGroup(copy, number);
            device = group.openDevice(name);
        }
        return share(device, Optional.of(name));
    }

    /** The number may have been given to another file before it was copied. */
    private void requireGroup(Descriptor copy, int group) throws IOException {
        int number = copy.acquire();
        try {
            if (!OpenFiles.groupNumber(calls.readLink("/proc/self/fd/" + number))
                    .equals(Optional.of(group))) {
                throw new HandoverException(owner.description() + " has closed the group " + group + " meanwhile.");
            }
        } finally {
            copy.release();
        }
    }

    private VfioDevice share(Descriptor device, Optional<String> name) throws IOException {
        boolean success = false;
        try {
            VfioDevice shared = DeviceFile.share(calls, device, name, true, "pid:" + pid, owner);
            success = true;
            return shared;
        } finally {
            if (!success) {
                device.close();
            }
        }
    }
}
