package io.vfio4j.kvm;

import io.vfio4j.linux.LinuxException;
import io.vfio4j.linux.SystemCalls;
import io.vfio4j.linux.uapi.Errno;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Set;
import java.util.function.IntPredicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The directory that KVM makes for a VM in debugfs, called THREAD-DESCRIPTOR after who created it: kvm_create_vm_debugfs() of
 * virt/kvm/kvm_main.c. A file for each statistic, those of vCPUs summed; of a histogram only the first bucket, so those are left
 * out. Who created it is told by its number in the host's own PID namespace.
 */
final class VmDebugfs {
    private static final String DEBUGFS = "/sys/kernel/debug";
    private static final String KVM = DEBUGFS + "/kvm";
    private static final Pattern DIRECTORY = Pattern.compile("(\\d{1,9})-(\\d{1,9})");
    private static final Pattern VCPU = Pattern.compile("vcpu(\\d{1,9})");
    private static final String HISTOGRAM = "_hist";
    /** The only peaks that there are; a file's mode tells the rest that does not only grow. */
    private static final String PEAK = "max_";

    private static final int WRITABLE = 0222;

    private final SystemCalls calls;
    private final String directory;
    private final List<String> counters = new ArrayList<>();
    private final List<String> levels = new ArrayList<>();
    private final List<Integer> vcpus = new ArrayList<>();

    private VmDebugfs(SystemCalls calls, String directory) {
        this.calls = calls;
        this.directory = directory;
    }

    /**
     * The directory, or why there is none.
     *
     * @param found the directory
     * @param obstacle what is in the way
     */
    record Search(Optional<VmDebugfs> found, Optional<String> obstacle) {
        static Search failed(String obstacle) {
            return new Search(Optional.empty(), Optional.of(obstacle));
        }
    }

    static Search find(SystemCalls calls, List<Integer> vms, Set<Integer> threads) {
        List<String> names;
        try {
            names = calls.list(KVM);
        } catch (LinuxException e) {
            return Search.failed(obstacle(calls, e));
        }
        List<VmDebugfs> found = byCreator(calls, names, threads::contains, vms::contains);
        if (found.size() != 1) {
            // Who created the VM may be gone, and what it called the VM too; the threads of the vCPUs tell then.
            found = byThreads(calls, names, threads);
        }
        if (found.isEmpty()) {
            return Search.failed("No directory of " + KVM + " can be told to be this VM's"
                    + (inNamespace(calls) ? ": this is a container, and the names there are those outside." : "."));
        }
        if (found.size() > 1) {
            return Search.failed("The process has several VMs: "
                    + String.join(", ", found.stream().map(VmDebugfs::toString).toList()) + ".");
        }
        VmDebugfs only = found.get(0);
        if (only.counters.isEmpty() || only.read().counters().isEmpty()) {
            return Search.failed("Its files cannot be read; a kernel that is locked down (lockdown=) refuses them.");
        }
        return new Search(Optional.of(only), Optional.empty());
    }

    private static List<VmDebugfs> byThreads(SystemCalls calls, List<String> names, Set<Integer> threads) {
        return names.stream()
                .filter(name -> DIRECTORY.matcher(name).matches())
                .map(name -> read(calls, name))
                .flatMap(Optional::stream)
                .filter(directory -> directory.vcpus.stream()
                        .map(directory::thread)
                        .anyMatch(thread -> thread.isPresent() && threads.contains(thread.getAsInt())))
                .toList();
    }

    private static List<VmDebugfs> byCreator(
            SystemCalls calls, List<String> names, IntPredicate creator, IntPredicate descriptor) {
        return names.stream()
                .filter(name -> {
                    Matcher form = DIRECTORY.matcher(name);
                    return form.matches()
                            && creator.test(Integer.parseInt(form.group(1)))
                            && descriptor.test(Integer.parseInt(form.group(2)));
                })
                .map(name -> read(calls, name))
                .flatMap(Optional::stream)
                .toList();
    }

    private static Optional<VmDebugfs> read(SystemCalls calls, String name) {
        VmDebugfs directory = new VmDebugfs(calls, KVM + "/" + name);
        try {
            for (String file : calls.list(directory.directory)) {
                directory.add(file);
            }
            return Optional.of(directory);
        } catch (LinuxException ended) {
            return Optional.empty();
        }
    }

    private void add(String file) throws LinuxException {
        Matcher vcpu = VCPU.matcher(file);
        if (vcpu.matches()) {
            vcpus.add(Integer.valueOf(vcpu.group(1)));
        } else if (!file.endsWith(HISTOGRAM) && value(file).isPresent()) {
            boolean level = file.startsWith(PEAK)
                    || (calls.status(directory + "/" + file).permissions() & WRITABLE) == 0;
            (level ? levels : counters).add(file);
        }
    }

    private static String obstacle(SystemCalls calls, LinuxException refusal) {
        if (VmFiles.isRefusal(refusal)) {
            return "It is for root alone: run this as root.";
        }
        try {
            return calls.list(DEBUGFS).isEmpty()
                    ? "It is not mounted. As root: mount -t debugfs debugfs " + DEBUGFS
                    : "It shows nothing of KVM.";
        } catch (LinuxException e) {
            return e.errno() == Errno.ENOENT ? "This kernel does not have it (CONFIG_DEBUG_FS)." : obstacleOf(e);
        }
    }

    private static String obstacleOf(LinuxException e) {
        return VmFiles.isRefusal(e) ? "It is for root alone: run this as root." : e.getMessage();
    }

    private static boolean inNamespace(SystemCalls calls) {
        try {
            // PROC_PID_INIT_INO of include/linux/proc_ns.h: the host's own.
            return !calls.readLink("/proc/self/ns/pid").equals("pid:[4026531836]");
        } catch (LinuxException unknown) {
            return false;
        }
    }

    /** The vCPUs by the threads that ran them last. */
    Map<Integer, Integer> vcpusByThread() {
        Map<Integer, Integer> byThread = new HashMap<>();
        Set<Integer> repeated = new HashSet<>();
        for (int vcpu : vcpus) {
            OptionalInt thread = thread(vcpu);
            if (thread.isPresent() && byThread.put(thread.getAsInt(), vcpu) != null) {
                repeated.add(thread.getAsInt());
            }
        }
        byThread.keySet().removeAll(repeated);
        return byThread;
    }

    /** Linux 6.0 and later tell. */
    private OptionalInt thread(int vcpu) {
        OptionalLong pid = value("vcpu" + vcpu + "/pid");
        return pid.isPresent() && pid.getAsLong() > 0 && pid.getAsLong() <= Integer.MAX_VALUE
                ? OptionalInt.of((int) pid.getAsLong())
                : OptionalInt.empty();
    }

    /** All that can be read now; nothing when the VM has ended. */
    KvmCounts read() {
        return new KvmCounts(values(counters), values(levels), Map.of());
    }

    private Map<String, Long> values(List<String> names) {
        Map<String, Long> values = new HashMap<>();
        for (String name : names) {
            value(name).ifPresent(value -> values.put(name, value));
        }
        return values;
    }

    private OptionalLong value(String file) {
        try {
            String text = calls.readText(directory + "/" + file).strip();
            return text.matches("\\d{1,20}") ? OptionalLong.of(Long.parseUnsignedLong(text)) : OptionalLong.empty();
        } catch (LinuxException | NumberFormatException unreadable) {
            return OptionalLong.empty();
        }
    }

    @Override
    public String toString() {
        return directory;
    }
}
