package io.vfio4j.kvm;

import io.vfio4j.linux.LinuxException;
import io.vfio4j.linux.SystemCalls;
import io.vfio4j.linux.uapi.Errno;
import io.vfio4j.linux.uapi.Kvm;
import io.vfio4j.proc.SchedulerTimes;
import io.vfio4j.proc.ThreadSchedule;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.NavigableSet;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Which threads of a process run vCPUs, and how long they run and wait. The kernel tells what a thread that sleeps is doing: one
 * that is in KVM_RUN on a vCPU's descriptor runs that vCPU. For threads that never sleep while somebody looks there are debugfs,
 * the names that VMMs give them, and the time that they spent in a guest.
 */
final class VcpuThreads implements AutoCloseable {
    /** {@code /proc/PID/task/TID/syscall}: number, six arguments, stack pointer, program counter; proc(5). */
    private static final Pattern KVM_RUN = Pattern.compile("\\d{1,9} 0x([0-9a-f]{1,8}) 0x"
            + Long.toHexString(Kvm.KVM_RUN.number()) + "( 0x[0-9a-f]{1,16}){4} 0x([0-9a-f]{1,16}) 0x[0-9a-f]{1,16}");

    /** QEMU with debug-threads=on, which libvirt sets; Cloud Hypervisor, crosvm, Firecracker, kvmtool. */
    private static final Pattern NAME =
            Pattern.compile("CPU (\\d{1,5})/KVM|(?:crosvm_|fc_|kvm-)?v(?:cpu|CPU)[ _-]?(\\d{1,5})");

    /** {@code guest_time} of {@code /proc/PID/task/TID/stat}. */
    private static final int GUEST_TIME_FIELD = 43;

    /** The first field after the name, which may contain anything. */
    private static final int STATE_FIELD = 3;

    private final SystemCalls calls;
    private final int pid;
    private final String directory;
    /** By the threads' numbers. */
    private final NavigableMap<Integer, Vcpu> known = new TreeMap<>();

    private Set<Integer> seen = Set.of();
    private Optional<String> obstacle = Optional.empty();

    private record Vcpu(OptionalInt number, Optional<ThreadSchedule> schedule) {}

    VcpuThreads(SystemCalls calls, int pid) {
        this.calls = calls;
        this.pid = pid;
        this.directory = "/proc/" + pid + "/task";
    }

    /** The threads' numbers. */
    Set<Integer> list() throws LinuxException {
        Set<Integer> threads = new TreeSet<>();
        for (String name : calls.list(directory)) {
            if (name.matches("[1-9]\\d{0,8}")) {
                threads.add(Integer.valueOf(name));
            }
        }
        return threads;
    }

    /** Whether threads have come or gone since the last {@link #identify}. */
    boolean changed(Set<Integer> now) {
        return !now.equals(seen);
    }

    /** Whether the thread of a vCPU is still to be found. */
    boolean incomplete(NavigableSet<Integer> vcpus) {
        return !numbers().containsAll(vcpus);
    }

    private Set<Integer> numbers() {
        Set<Integer> numbers = new HashSet<>();
        known.values().forEach(vcpu -> vcpu.number().ifPresent(numbers::add));
        return numbers;
    }

    /** Finds out what can be found out now. */
    void identify(Set<Integer> threads, VmFiles files, Optional<VmDebugfs> debugfs) {
        seen = Set.copyOf(threads);
        List.copyOf(known.keySet()).stream()
                .filter(thread -> !threads.contains(thread))
                .forEach(this::forget);
        List<Integer> open = new ArrayList<>();
        for (int thread : threads) {
            if (isNumbered(thread)) {
                continue;
            }
            Optional<Integer> runs = vcpuOf(thread, files);
            runs.ifPresentOrElse(vcpu -> put(thread, OptionalInt.of(vcpu)), () -> open.add(thread));
        }
        if (!files.ambiguous()) {
            Map<Integer, Integer> byDebugfs =
                    debugfs.map(VmDebugfs::vcpusByThread).orElse(Map.of());
            number(open, byDebugfs);
        }
        Map<Integer, Integer> byName = byName(threads);
        if (!files.ambiguous() && new HashSet<>(byName.values()).equals(files.numbers())) {
            // A VMM's number need not be KVM's: QEMU's goes by APIC ids. Where the sets are equal it is.
            number(open, byName);
        }
        if (incomplete(files.numbers()) || files.ambiguous()) {
            open.stream()
                    .filter(thread -> !known.containsKey(thread) && (byName.containsKey(thread) || hasRunGuest(thread)))
                    .forEach(thread -> put(thread, OptionalInt.empty()));
            numberTheLast(files);
        } else {
            // What is known to run some vCPU runs one that has another thread by now.
            open.stream().filter(known::containsKey).toList().forEach(this::forget);
        }
    }

    /** Where one thread is left and one vCPU, they belong together. */
    private void numberTheLast(VmFiles files) {
        Set<Integer> left = new TreeSet<>(files.numbers());
        left.removeAll(numbers());
        List<Integer> unnumbered =
                known.keySet().stream().filter(thread -> !isNumbered(thread)).toList();
        if (!files.ambiguous() && left.size() == 1 && unnumbered.size() == 1) {
            left.forEach(vcpu -> put(unnumbered.get(0), OptionalInt.of(vcpu)));
        }
    }

    /** Looks once more whether one of those that are still to be found sleeps. */
    void catchSleepers(VmFiles files) {
        for (int thread : seen) {
            if (!isNumbered(thread)) {
                vcpuOf(thread, files).ifPresent(vcpu -> put(thread, OptionalInt.of(vcpu)));
            }
        }
    }

    private boolean isNumbered(int thread) {
        Vcpu vcpu = known.get(thread);
        return vcpu != null && vcpu.number().isPresent();
    }

    private void number(List<Integer> open, Map<Integer, Integer> found) {
        Set<Integer> taken = numbers();
        for (int thread : List.copyOf(open)) {
            Integer vcpu = found.get(thread);
            if (vcpu != null && taken.add(vcpu)) {
                put(thread, OptionalInt.of(vcpu));
                open.remove(Integer.valueOf(thread));
            }
        }
    }

    private void put(int thread, OptionalInt number) {
        Vcpu before = known.get(thread);
        known.put(thread, new Vcpu(number, before == null ? schedule(thread) : before.schedule()));
    }

    private Optional<ThreadSchedule> schedule(int thread) {
        try {
            return Optional.of(ThreadSchedule.open(calls, pid, thread));
        } catch (LinuxException e) {
            boolean ended = (e.errno() == Errno.ENOENT || e.errno() == Errno.ESRCH)
                    && e.advice().isEmpty();
            if (!ended) {
                obstacle = Optional.of(e.advice().isEmpty() ? e.getMessage() : e.advice());
            }
            return Optional.empty();
        }
    }

    private void forget(int thread) {
        Vcpu gone = known.remove(thread);
        if (gone != null) {
            gone.schedule().ifPresent(ThreadSchedule::close);
        }
    }

    private Optional<Integer> vcpuOf(int thread, VmFiles files) {
        Matcher call = KVM_RUN.matcher(text(thread, "syscall"));
        // A thread of the kernel that belongs to the process shows what its maker was doing, without a stack.
        if (!call.matches() || Long.parseUnsignedLong(call.group(3), 16) == 0) {
            return Optional.empty();
        }
        return Optional.ofNullable(files.vcpus().get((int) Long.parseLong(call.group(1), 16)));
    }

    private Map<Integer, Integer> byName(Set<Integer> threads) {
        Map<Integer, Integer> numbers = new HashMap<>();
        for (int thread : threads) {
            Matcher name = NAME.matcher(text(thread, "comm"));
            if (name.matches()) {
                numbers.put(thread, Integer.valueOf(name.group(1) == null ? name.group(2) : name.group(1)));
            }
        }
        return numbers;
    }

    private boolean hasRunGuest(int thread) {
        String stat = text(thread, "stat");
        String[] fields = stat.substring(stat.lastIndexOf(')') + 1).strip().split(" ");
        int index = GUEST_TIME_FIELD - STATE_FIELD;
        return fields.length > index && fields[index].matches("[1-9]\\d*");
    }

    /** Nothing where the thread has ended, or does not show it. */
    private String text(int thread, String file) {
        try {
            return calls.readText(directory + "/" + thread + "/" + file).strip();
        } catch (LinuxException e) {
            return "";
        }
    }

    /** A vCPU's thread, and its times where there are some. */
    record Reading(OptionalInt number, int thread, Optional<SchedulerTimes> times) {}

    /** Of each thread, in the order of their numbers. Those that have ended are not in it. */
    List<Reading> read() throws IOException {
        List<Reading> readings = new ArrayList<>();
        for (Map.Entry<Integer, Vcpu> entry : List.copyOf(known.entrySet())) {
            Optional<ThreadSchedule> schedule = entry.getValue().schedule();
            Optional<SchedulerTimes> times =
                    schedule.isPresent() ? schedule.get().read() : Optional.empty();
            if (schedule.isPresent() && times.isEmpty()) {
                forget(entry.getKey());
            } else {
                readings.add(new Reading(entry.getValue().number(), entry.getKey(), times));
            }
        }
        return readings;
    }

    /** Why times are missing. */
    Optional<String> obstacle(VmFiles files) {
        if (obstacle.isPresent()) {
            return obstacle;
        }
        Set<Integer> missing = new TreeSet<>(files.numbers());
        missing.removeAll(numbers());
        long unnumbered =
                known.values().stream().filter(vcpu -> vcpu.number().isEmpty()).count();
        if (missing.isEmpty() && unnumbered == 0) {
            return Optional.empty();
        }
        String which = "vCPU "
                + String.join(", ", missing.stream().map(String::valueOf).toList());
        return Optional.of(
                unnumbered > 0
                        ? "Which thread runs " + which
                                + " is not known; those that run some vCPU are shown by their numbers."
                        : "No thread is known to run " + which
                                + ": none was seen asleep in it yet, and none has a name that tells (QEMU gives them with"
                                + " -name VM,debug-threads=on).");
    }

    @Override
    public void close() {
        List.copyOf(known.keySet()).forEach(this::forget);
    }
}
