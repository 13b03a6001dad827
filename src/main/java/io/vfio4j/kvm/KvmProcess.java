package io.vfio4j.kvm;

import io.vfio4j.linux.ClosedException;
import io.vfio4j.linux.Descriptor;
import io.vfio4j.linux.LinuxException;
import io.vfio4j.linux.SystemCalls;
import io.vfio4j.linux.uapi.Errno;
import io.vfio4j.proc.Holders;
import io.vfio4j.proc.TraceRights;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A process that has a KVM VM, mostly a VMM, looked at from outside: what KVM counts of the VM and its vCPUs, and how long the
 * vCPUs' threads run and wait for a processor. The process is not disturbed, and notices nothing.
 *
 * <p>There are several ways to that, of which not all work everywhere: {@link #sources} says which do, and what to do about the
 * others. KVM itself answers nobody but the VM's own process: KVM_GET_STATS_FD of another one is EIO.
 *
 * <p>One thread at a time. Nothing blocks.
 */
public final class KvmProcess implements AutoCloseable {
    private static final Pattern LEADER = Pattern.compile("(?m)^Tgid:\\s+(\\d{1,9})$");
    private static final int LONGEST_NAME = 64;
    /** {@code PF_KTHREAD} of include/linux/sched.h, in the ninth field of {@code /proc/PID/stat}. */
    private static final long KERNEL_THREAD = 0x0020_0000;

    private static final int FLAGS_FIELD = 9;
    private static final int STATE_FIELD = 3;

    private final SystemCalls calls;
    private final int pid;
    private final Descriptor process;
    private final String description;
    private final VcpuThreads threads;
    /** By their numbers in the process. */
    private final Map<Integer, Descriptor> vms = new HashMap<>();

    private final Map<Integer, KvmStatistics> ofVcpus = new TreeMap<>();
    private Optional<KvmStatistics> ofVm = Optional.empty();
    private VmFiles files;
    private Optional<VmDebugfs> debugfs = Optional.empty();
    private Optional<String> debugfsObstacle = Optional.empty();
    private Optional<String> descriptorsObstacle = Optional.empty();
    private boolean closed;

    private KvmProcess(SystemCalls calls, int pid, Descriptor process, String description, VmFiles files) {
        this.calls = calls;
        this.pid = pid;
        this.process = process;
        this.description = description;
        this.files = files;
        this.threads = new VcpuThreads(calls, pid);
    }

    /**
     * Looks for the VM of a process.
     *
     * @param calls the host
     * @param pid the process's number
     * @return the process; the caller closes it
     * @throws NoVmException when the process has no VM, with a sentence that says what it is
     * @throws IOException when there is no such process, or it may not be looked into, with advice
     */
    public static KvmProcess open(SystemCalls calls, int pid) throws IOException {
        Descriptor process = openProcess(calls, pid);
        boolean success = false;
        try {
            KvmProcess found = new KvmProcess(calls, pid, process, describe(calls, pid), files(calls, pid, process));
            try {
                found.requireVm();
                found.look();
                success = true;
                return found;
            } finally {
                if (!success) {
                    found.release();
                }
            }
        } finally {
            if (!success) {
                process.close();
            }
        }
    }

    private static Descriptor openProcess(SystemCalls calls, int pid) throws LinuxException {
        if (pid < 1) {
            throw new IllegalArgumentException("process " + pid);
        }
        try {
            return calls.openProcess(pid);
        } catch (LinuxException e) {
            Optional<Integer> leader = leader(calls, pid);
            throw switch (e.errno()) {
                case Errno.ESRCH -> e.withAdvice("There is no such process; it may have ended.");
                case Errno.EINVAL, Errno.ENOENT ->
                    e.withAdvice(leader.map(owner -> pid + " is a thread of " + describe(calls, owner) + ".")
                            .orElse("This is no number of a process; it may be that of one of its threads."));
                default -> e;
            };
        }
    }

    private static Optional<Integer> leader(SystemCalls calls, int thread) {
        Matcher line = LEADER.matcher(text(calls, "/proc/" + thread + "/status"));
        return line.find()
                ? Optional.of(Integer.valueOf(line.group(1))).filter(pid -> pid != thread)
                : Optional.empty();
    }

    private static String text(SystemCalls calls, String path) {
        try {
            return calls.readText(path);
        } catch (LinuxException notShown) {
            return "";
        }
    }

    private static String describe(SystemCalls calls, int pid) {
        String name = name(calls, pid);
        return "process " + pid + (name.isEmpty() ? "" : " (" + name + ")");
    }

    /** A process may call itself anything. */
    private static String name(SystemCalls calls, int pid) {
        String name = text(calls, "/proc/" + pid + "/comm").strip().replaceAll("[^ -~]", "?");
        return name.length() > LONGEST_NAME ? name.substring(0, LONGEST_NAME) : name;
    }

    private static VmFiles files(SystemCalls calls, int pid, Descriptor process) throws LinuxException {
        try {
            VmFiles files = VmFiles.read(calls, pid);
            // The number was the process's own as long as it lived, so what was read was not another one's.
            requireAlive(calls, pid, process);
            return files;
        } catch (LinuxException e) {
            if (VmFiles.isRefusal(e)) {
                throw e.withAdvice(TraceRights.advice(calls, pid, "nothing can be said of the process's VM"));
            }
            requireAlive(calls, pid, process);
            throw e.errno() == Errno.ENOENT
                    ? e.withAdvice(
                            "/proc does not show this process: it may hide those of other users (hidepid), or not be mounted.")
                    : e;
        }
    }

    private static void requireAlive(SystemCalls calls, int pid, Descriptor process) throws LinuxException {
        if (calls.hasExited(process)) {
            throw new LinuxException(Errno.ESRCH, "look at", "process " + pid)
                    .withAdvice("The process has ended meanwhile.");
        }
    }

    private void requireVm() throws NoVmException {
        if (!files.vms().isEmpty() || !files.vcpus().isEmpty()) {
            return;
        }
        Holders others = Holders.find(calls, VmFiles.VM::equals);
        throw new NoVmException(description + " has no KVM VM" + what() + "."
                + (others.list().isEmpty() ? "" : " These processes have one: " + others.describe() + "."));
    }

    /** What else the process is, if that is easily told. */
    private String what() {
        String stat = text(calls, "/proc/" + pid + "/stat");
        String[] fields = stat.substring(stat.lastIndexOf(')') + 1).strip().split(" ");
        String flags = fields.length > FLAGS_FIELD - STATE_FIELD ? fields[FLAGS_FIELD - STATE_FIELD] : "";
        if (flags.matches("\\d{1,18}") && (Long.parseLong(flags) & KERNEL_THREAD) != 0) {
            return ": it is a thread of the kernel";
        }
        if (fields[0].equals("Z")) {
            return ": it has ended already, and waits for its parent to take notice";
        }
        if (files.kvm()) {
            return ", though /dev/kvm is open: the VM may be about to be made, or gone";
        }
        return name(calls, pid).startsWith("qemu")
                ? ": it runs its guest without KVM, as QEMU does unless it is told -accel kvm"
                : "";
    }

    /** Takes what can be taken, and remembers why the rest cannot. */
    private void look() throws IOException {
        Set<Integer> list = threads.list();
        VmDebugfs.Search search = VmDebugfs.find(calls, files.vms(), list);
        debugfs = search.found();
        debugfsObstacle = search.obstacle();
        descriptorsObstacle = copyStatistics();
        threads.identify(list, files, debugfs);
    }

    private Optional<String> copyStatistics() {
        if (files.vmStatistics().isEmpty() && files.vcpuStatistics().isEmpty()) {
            return Optional.of(
                    "The process keeps none open (QEMU does from 8.1 on), and KVM gives new ones to nobody else.");
        }
        if (files.ambiguous() || files.vms().size() > 1) {
            return Optional.of("The process has several VMs, or descriptors of one, and Linux does not tell which"
                    + " statistics are whose.");
        }
        try {
            return copyStatistics(copyVm());
        } catch (IOException e) {
            return Optional.of(
                    e instanceof LinuxException refusal && VmFiles.isRefusal(refusal)
                            ? TraceRights.advice(calls, pid, "debugfs may tell the sums")
                            : e.getMessage());
        }
    }

    /** Kernels that do not count a statistics descriptor as a user of its VM read what is freed when the VM is gone. */
    private Descriptor copyVm() throws IOException {
        if (files.vms().isEmpty()) {
            throw new IOException(
                    "The process has closed its VM's own descriptor; without it, reading is not safe on all"
                            + " kernels.");
        }
        int number = files.vms().get(0);
        Descriptor vm = vms.get(number);
        if (vm == null) {
            vm = copy(number, VmFiles.VM, "VM");
            vms.put(number, vm);
        }
        return vm;
    }

    private Optional<String> copyStatistics(Descriptor vm) throws IOException {
        if (ofVm.isEmpty() && !files.vmStatistics().isEmpty()) {
            ofVm = Optional.of(copy(vm, files.vmStatistics().get(0), VmFiles.VM_STATISTICS, "VM"));
        }
        Set<Integer> missing = new TreeSet<>();
        for (int vcpu : files.numbers()) {
            List<Integer> descriptors = files.vcpuStatistics().getOrDefault(vcpu, List.of());
            if (descriptors.isEmpty()) {
                missing.add(vcpu);
            } else if (!ofVcpus.containsKey(vcpu)) {
                ofVcpus.put(vcpu, copy(vm, descriptors.get(0), VmFiles.vcpuStatisticsName(vcpu), "vCPU " + vcpu));
            }
        }
        return missing.isEmpty()
                ? Optional.empty()
                : Optional.of("The process keeps none open for vCPU "
                        + String.join(
                                ", ", missing.stream().map(String::valueOf).toList()) + ".");
    }

    private KvmStatistics copy(Descriptor vm, int number, String name, String whose) throws IOException {
        return KvmStatistics.adopt(calls, vm, copy(number, name, "statistics of " + whose));
    }

    private Descriptor copy(int number, String name, String what) throws IOException {
        Descriptor copy = calls.copyDescriptor(process, number, what + " of " + description);
        boolean success = false;
        try {
            requireStill(copy, name);
            success = true;
            return copy;
        } finally {
            if (!success) {
                copy.close();
            }
        }
    }

    /** The number may have been given to another file before it was copied. */
    private void requireStill(Descriptor copy, String name) throws IOException {
        int number = copy.acquire();
        try {
            if (!calls.readLink("/proc/self/fd/" + number).equals(name)) {
                throw new IOException("The process has closed a descriptor meanwhile: " + copy.description() + ".");
            }
        } finally {
            copy.release();
        }
    }

    /**
     * The process's number.
     *
     * @return as this process sees it
     */
    public int pid() {
        return pid;
    }

    /**
     * What the process is, for people.
     *
     * @return for example {@code process 4711 (qemu-system-x86)}
     */
    public String description() {
        return description;
    }

    /**
     * Where the numbers come from, and why others are missing. It may change while a VM runs: threads are found when they sleep.
     *
     * @return each way that there is
     */
    public List<KvmSource> sources() {
        return List.of(
                new KvmSource(KvmSource.Kind.DESCRIPTORS, descriptorsObstacle),
                new KvmSource(KvmSource.Kind.DEBUGFS, debugfsObstacle),
                new KvmSource(KvmSource.Kind.SCHEDULER, threads.obstacle(files)));
    }

    /**
     * Reads everything: what KVM counts, and the scheduler's times. Looks for vCPUs and threads that are new.
     *
     * @return the sample
     * @throws LinuxException ESRCH when the process has ended
     * @throws IOException what the kernel says; {@link io.vfio4j.linux.MalformedReplyException}
     */
    public KvmSample sample() throws IOException {
        return read(true);
    }

    /**
     * Reads the scheduler's times alone, of the threads that are known: one system call for each, to be done often. As long as
     * the thread of a vCPU is not known, the others are looked at for that.
     *
     * @return a sample without anything that KVM counts
     * @throws LinuxException ESRCH when the process has ended
     * @throws IOException what the kernel says; {@link io.vfio4j.linux.MalformedReplyException}
     */
    public KvmSample glance() throws IOException {
        return read(false);
    }

    private KvmSample read(boolean everything) throws IOException {
        if (closed) {
            throw new ClosedException(description);
        }
        requireAlive(calls, pid, process);
        try {
            if (everything) {
                refresh();
            } else if (threads.incomplete(files.numbers())) {
                threads.catchSleepers(files);
            }
            KvmSample sample = everything
                    ? whole()
                    : new KvmSample(
                            calls.nanoTime(), vcpus(threads.read(), Map.of()), KvmCounts.NONE, OptionalLong.empty());
            // Whatever was read while the process lived was its own.
            requireAlive(calls, pid, process);
            return sample;
        } catch (IOException e) {
            requireAlive(calls, pid, process);
            throw e;
        }
    }

    private void refresh() throws IOException {
        Set<Integer> list = threads.list();
        if (!threads.changed(list) && !threads.incomplete(files.numbers())) {
            return;
        }
        if (threads.changed(list)) {
            files = VmFiles.read(calls, pid);
            ofVcpus.keySet().stream()
                    .filter(vcpu -> !files.numbers().contains(vcpu))
                    .toList()
                    .forEach(vcpu -> Optional.ofNullable(ofVcpus.remove(vcpu)).ifPresent(KvmStatistics::close));
            descriptorsObstacle = copyStatistics();
        }
        threads.identify(list, files, debugfs);
    }

    private KvmSample whole() throws IOException {
        Map<Integer, KvmCounts> counts = new LinkedHashMap<>();
        for (Map.Entry<Integer, KvmStatistics> each : ofVcpus.entrySet()) {
            each.getValue().read();
            counts.put(each.getKey(), KvmCounts.of(each.getValue()));
        }
        KvmCounts total =
                counts.keySet().containsAll(files.numbers()) ? KvmCounts.sum(counts.values()) : KvmCounts.NONE;
        if (ofVm.isPresent()) {
            ofVm.get().read();
            total = total.and(KvmCounts.of(ofVm.get()));
        }
        if (debugfs.isPresent()) {
            total = total.and(debugfs.get().read());
        }
        return new KvmSample(calls.nanoTime(), vcpus(threads.read(), counts), total, HostSteal.nanos(calls));
    }

    private List<VcpuSample> vcpus(List<VcpuThreads.Reading> readings, Map<Integer, KvmCounts> counts) {
        List<VcpuSample> vcpus = new ArrayList<>();
        for (int number : files.numbers()) {
            OptionalInt vcpu = OptionalInt.of(number);
            KvmCounts counted = counts.getOrDefault(number, KvmCounts.NONE);
            List<VcpuThreads.Reading> its = readings.stream()
                    .filter(reading -> reading.number().equals(vcpu))
                    .toList();
            its.forEach(reading ->
                    vcpus.add(new VcpuSample(vcpu, OptionalInt.of(reading.thread()), reading.times(), counted)));
            if (its.isEmpty()) {
                vcpus.add(new VcpuSample(vcpu, OptionalInt.empty(), Optional.empty(), counted));
            }
        }
        readings.stream()
                .filter(reading -> reading.number().isEmpty())
                .forEach(reading -> vcpus.add(new VcpuSample(
                        reading.number(), OptionalInt.of(reading.thread()), reading.times(), KvmCounts.NONE)));
        return vcpus;
    }

    /** Lets go of the process, which does not notice. Further calls do nothing. */
    @Override
    public void close() {
        if (!closed) {
            closed = true;
            release();
            process.close();
        }
    }

    private void release() {
        threads.close();
        ofVcpus.values().forEach(KvmStatistics::close);
        ofVm.ifPresent(KvmStatistics::close);
        vms.values().forEach(Descriptor::close);
    }

    @Override
    public String toString() {
        return description;
    }
}
