package io.vfio4j.kvm;

import io.vfio4j.linux.LinuxException;
import io.vfio4j.linux.SystemCalls;
import io.vfio4j.linux.uapi.Errno;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.NavigableSet;
import java.util.Optional;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What a process has open of KVM, as the links in {@code /proc/PID/fd} name it: virt/kvm/kvm_main.c, where the files are made.
 *
 * @param vms descriptors of VMs
 * @param vcpus the numbers of vCPUs, by their descriptors
 * @param vmStatistics descriptors of VMs' statistics
 * @param vcpuStatistics descriptors of vCPUs' statistics, by the vCPUs' numbers
 * @param kvm whether /dev/kvm is open
 */
record VmFiles(
        List<Integer> vms,
        Map<Integer, Integer> vcpus,
        List<Integer> vmStatistics,
        Map<Integer, List<Integer>> vcpuStatistics,
        boolean kvm) {
    static final String VM = "anon_inode:kvm-vm";
    static final String VM_STATISTICS = "anon_inode:kvm-vm-stats";
    private static final Pattern VCPU = Pattern.compile("anon_inode:kvm-vcpu:(\\d{1,9})");
    private static final Pattern VCPU_STATISTICS = Pattern.compile("anon_inode:kvm-vcpu-stats:(\\d{1,9})");

    static VmFiles read(SystemCalls calls, int pid) throws LinuxException {
        Map<Integer, String> targets = new TreeMap<>();
        for (String number : calls.list("/proc/" + pid + "/fd")) {
            if (number.matches("\\d{1,9}")) {
                targets.put(Integer.valueOf(number), target(calls, pid, number));
            }
        }
        VmFiles files = new VmFiles(
                new ArrayList<>(),
                new TreeMap<>(),
                new ArrayList<>(),
                new TreeMap<>(),
                targets.containsValue("/dev/kvm"));
        targets.forEach(files::add);
        return files;
    }

    /** Nothing where the descriptor was closed meanwhile. */
    private static String target(SystemCalls calls, int pid, String number) {
        try {
            return calls.readLink("/proc/" + pid + "/fd/" + number);
        } catch (LinuxException closed) {
            return "";
        }
    }

    private void add(int descriptor, String target) {
        if (target.equals(VM)) {
            vms.add(descriptor);
        } else if (target.equals(VM_STATISTICS)) {
            vmStatistics.add(descriptor);
        } else {
            number(VCPU, target).ifPresent(vcpu -> vcpus.put(descriptor, vcpu));
            number(VCPU_STATISTICS, target)
                    .ifPresent(vcpu -> vcpuStatistics
                            .computeIfAbsent(vcpu, first -> new ArrayList<>())
                            .add(descriptor));
        }
    }

    private static Optional<Integer> number(Pattern form, String target) {
        Matcher matcher = form.matcher(target);
        return matcher.matches() ? Optional.of(Integer.valueOf(matcher.group(1))) : Optional.empty();
    }

    static String vcpuStatisticsName(int vcpu) {
        return "anon_inode:kvm-vcpu-stats:" + vcpu;
    }

    /** The numbers of the vCPUs. */
    NavigableSet<Integer> numbers() {
        return new TreeSet<>(vcpus.values());
    }

    /** Whether a number stands for one vCPU: in a process with two VMs it may not. */
    boolean ambiguous() {
        return numbers().size() < vcpus.size();
    }

    /** Whether the process is there, but does not show what it has open. */
    static boolean isRefusal(LinuxException e) {
        return e.errno() == Errno.EACCES || e.errno() == Errno.EPERM;
    }
}
