package io.vfio4j.emulator;

import io.vfio4j.linux.SystemCalls;
import io.vfio4j.linux.uapi.Errno;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.OptionalInt;
import java.util.function.IntSupplier;
import java.util.stream.IntStream;

/**
 * A Linux host in memory, with vGPUs: what {@link #systemCalls} answers is what a kernel would. One process uses it, and
 * {@link #process} starts others, such as a VMM.
 *
 * <p>In virtual time, which is the default, nothing happens by itself and the same calls always have the same results. Safe for
 * use by any thread.
 */
public final class EmulatedHost implements AutoCloseable {
    private final Kernel kernel;
    private final MdevBus bus;
    private final PeripheralBus peripherals;
    private final EmulatedClock clock;
    private final SystemCalls systemCalls;

    private EmulatedHost(Builder builder) {
        kernel = new Kernel(
                builder.virtual,
                new ProcessLimits(builder.descriptorLimit, builder.lockedMemoryLimit),
                new Surroundings(builder.user, builder.groups, builder.ptraceScope, builder.container));
        new SystemFiles(kernel.files()).install(builder.release());
        if (builder.debugfs) {
            mountDebugfs();
        }
        bus = new MdevBus(
                kernel,
                new MdevParent.Limits(builder.instanceLimit, builder.aperture),
                builder.nodeDelay.toNanos(),
                builder.devicesInFdinfo);
        peripherals = new PeripheralBus(kernel);
        clock = new EmulatedClock(kernel);
        systemCalls = new EmulatedSystemCalls(kernel, kernel.processes().first(), clock);
        builder.parents.forEach(bus::parent);
        builder.vgpus.forEach(this::create);
        builder.peripherals.forEach(this::create);
        if (!builder.virtual) {
            RealTime.start(kernel);
        }
    }

    /**
     * A host with one vGPU, in virtual time.
     *
     * @param profile what kind of vGPU
     * @return the host
     */
    public static EmulatedHost of(VgpuProfile profile) {
        return builder().vgpu(profile).build();
    }

    /**
     * A host to be described.
     *
     * @return a builder for one without vGPUs, in virtual time
     */
    public static Builder builder() {
        return new Builder();
    }

    /** What a host shall be like. */
    public static final class Builder {
        private static final int DEFAULT_DESCRIPTOR_LIMIT = 1024;
        /** What systemd gives a process. */
        private static final long DEFAULT_LOCKED_MEMORY_LIMIT = 8L << 20;
        /** One vGPU of the smallest type, beside what the host keeps. */
        private static final int SMALLEST_APERTURE = 128 + 64;

        private static final int LARGEST_APERTURE = 1024;

        private final List<VgpuProfile> vgpus = new ArrayList<>();
        private final List<VgpuProfile> parents = new ArrayList<>();
        private final List<PeripheralKind> peripherals = new ArrayList<>();
        private boolean virtual = true;
        private int descriptorLimit = DEFAULT_DESCRIPTOR_LIMIT;
        private int user;
        private List<Integer> groups = List.of();
        private boolean container;
        private int ptraceScope;
        private boolean devicesInFdinfo;
        private boolean debugfs;
        private long lockedMemoryLimit = DEFAULT_LOCKED_MEMORY_LIMIT;
        private OptionalInt instanceLimit = OptionalInt.empty();
        private OptionalInt aperture = OptionalInt.empty();
        private Duration nodeDelay = Duration.ZERO;

        private Builder() {}

        /**
         * Adds a vGPU.
         *
         * @param profile what kind
         * @return this
         */
        public Builder vgpu(VgpuProfile profile) {
            vgpus.add(Objects.requireNonNull(profile, "profile"));
            return this;
        }

        /**
         * Adds the device that vGPUs of a kind are parts of, without a vGPU, so that they can be created through sysfs. The
         * first profile for a parent decides what such vGPUs are.
         *
         * @param profile what kind
         * @return this
         */
        public Builder parent(VgpuProfile profile) {
            parents.add(Objects.requireNonNull(profile, "profile"));
            return this;
        }

        /**
         * Adds a device that is no vGPU.
         *
         * @param kind which
         * @return this
         */
        public Builder peripheral(PeripheralKind kind) {
            peripherals.add(Objects.requireNonNull(kind, "kind"));
            return this;
        }

        /**
         * Has time pass by itself, on a daemon thread.
         *
         * @return this
         */
        public Builder realTime() {
            virtual = false;
            return this;
        }

        /**
         * Has time pass when it is advanced.
         *
         * @return this
         */
        public Builder virtualTime() {
            virtual = true;
            return this;
        }

        /**
         * Limits the process's descriptors, of which three are open from the start; beyond it there is EMFILE.
         *
         * @param limit at least 3; 1024 by default
         * @return this
         */
        public Builder descriptorLimit(int limit) {
            if (limit < 3) {
                throw new IllegalArgumentException("a limit of " + limit + " descriptors, of which 3 are open");
            }
            descriptorLimit = limit;
            return this;
        }

        /**
         * Limits how much memory a process may have pinned, as RLIMIT_MEMLOCK does; beyond it there is ENOMEM, but not for root.
         * Only devices behind an IOMMU pin what is mapped for them: {@link VgpuProfile#withIommu}.
         *
         * @param bytes not negative; 8 MiB by default; {@link Long#MAX_VALUE} for no limit
         * @return this
         */
        public Builder lockedMemoryLimit(long bytes) {
            if (bytes < 0) {
                throw new IllegalArgumentException("a limit of " + bytes + " bytes");
            }
            lockedMemoryLimit = bytes;
            return this;
        }

        /**
         * Limits how many vGPUs a parent may have.
         *
         * @param limit not negative; by default 64 for a GPU, and 4 for mdpy
         * @return this
         */
        public Builder instanceLimit(int limit) {
            if (limit < 0) {
                throw new IllegalArgumentException("a limit of " + limit + " instances");
            }
            instanceLimit = OptionalInt.of(limit);
            return this;
        }

        /**
         * Gives the GPU an aperture, of which vGPUs take their share, as the firmware's setup does on real hosts: then larger
         * types exclude others, and types that do not fit are not offered, as GVT-g has it. With 256 MiB, the usual, there can be
         * two vGPUs of {@code i915-GVTg_V5_8}, or one of {@code i915-GVTg_V5_4}. Without this call only the number of vGPUs is
         * limited.
         *
         * @param megabytes from 192 to 1024
         * @return this
         */
        public Builder aperture(int megabytes) {
            if (megabytes < SMALLEST_APERTURE || megabytes > LARGEST_APERTURE) {
                throw new IllegalArgumentException("an aperture of " + megabytes + " MiB");
            }
            aperture = OptionalInt.of(megabytes);
            return this;
        }

        /**
         * Has the nodes of devices appear some time after the devices, as where udev makes them.
         *
         * @param delay how much later, not negative; nothing by default
         * @return this
         */
        public Builder nodesAppearAfter(Duration delay) {
            if (delay.isNegative()) {
                throw new IllegalArgumentException("a delay of " + delay);
            }
            nodeDelay = delay;
            return this;
        }

        /**
         * Says whose the process is that uses the host.
         *
         * @param id a user id, which is its first group's id too; 0, which is root with every capability, by default
         * @param moreGroups the ids of further groups
         * @return this
         */
        public Builder user(int id, int... moreGroups) {
            user = EmulatedProcess.requireUser(id);
            groups = IntStream.of(moreGroups).boxed().toList();
            return this;
        }

        /**
         * Puts the processes into a PID namespace of their own, as in a container.
         *
         * @return this
         */
        public Builder inContainer() {
            container = true;
            return this;
        }

        /**
         * Sets {@code kernel.yama.ptrace_scope}: which processes may take descriptors of others of the same user.
         *
         * @param scope 0 all, which is the default; 1 the ancestors, of which there are none here; 2 those with CAP_SYS_PTRACE, as
         *     those of 1; 3 none, not even root's
         * @return this
         */
        public Builder ptraceScope(int scope) {
            if (scope < 0 || scope > 3) {
                throw new IllegalArgumentException("a ptrace_scope of " + scope + ", which is 0 to 3");
            }
            ptraceScope = scope;
            return this;
        }

        /**
         * Has {@code /proc/PID/fdinfo} name the device that a descriptor is for, as Linux does from 6.18 on.
         *
         * @return this
         */
        public Builder devicesInFdinfo() {
            devicesInFdinfo = true;
            return this;
        }

        /**
         * Has debugfs mounted on {@code /sys/kernel/debug}, with what KVM shows there, for root alone.
         *
         * @return this
         */
        public Builder debugfs() {
            debugfs = true;
            return this;
        }

        /** A kernel of the time of the newest of the devices. */
        private String release() {
            List<VgpuProfile> all = new ArrayList<>(vgpus);
            all.addAll(parents);
            if (all.stream().anyMatch(VgpuProfile::isModern)) {
                return "6.12.0-emulated";
            }
            return all.stream().anyMatch(profile -> !profile.isSample()) ? "5.4.0-emulated" : "6.1.0-emulated";
        }

        /**
         * Makes the host.
         *
         * @return a host, to be closed
         */
        public EmulatedHost build() {
            return new EmulatedHost(this);
        }
    }

    /**
     * The system calls of the process that uses the host.
     *
     * @return always the same
     */
    public SystemCalls systemCalls() {
        return systemCalls;
    }

    /**
     * The number of the process that uses the host.
     *
     * @return always the same
     */
    public int pid() {
        return kernel.processes().first().pid();
    }

    /**
     * Starts another process, of root.
     *
     * @param command what it is called, for example {@code qemu-system-x86_64}
     * @return the process, with nothing open
     */
    public EmulatedProcess process(String command) {
        return process(command, 0);
    }

    /**
     * Starts another process.
     *
     * @param command what it is called, for example {@code qemu-system-x86_64}
     * @param user whose it is; 0 for root, which has every capability
     * @return the process, with nothing open
     */
    public EmulatedProcess process(String command, int user) {
        return start(OptionalInt.empty(), command, user);
    }

    /**
     * Starts another process with a number that may have been another one's before.
     *
     * @param pid the number
     * @param command what it is called
     * @param user whose it is
     * @return the process, with nothing open
     * @throws IllegalArgumentException when there is such a process
     */
    public EmulatedProcess process(int pid, String command, int user) {
        if (pid < 1) {
            throw new IllegalArgumentException("process " + pid);
        }
        return start(OptionalInt.of(pid), command, user);
    }

    private EmulatedProcess start(OptionalInt pid, String command, int user) {
        EmulatedProcess.requireUser(user);
        kernel.lock();
        try {
            Processes processes = kernel.processes();
            int number = pid.orElseGet(processes::nextPid);
            Task task = processes.start(number, command, user);
            return new EmulatedProcess(kernel, task, new EmulatedSystemCalls(kernel, task, clock));
        } catch (KernelError exists) {
            throw new IllegalArgumentException("there is a process " + pid.orElseThrow() + " already", exists);
        } finally {
            kernel.unlock();
        }
    }

    /**
     * The host's clock.
     *
     * @return always the same
     */
    public EmulatedClock clock() {
        return clock;
    }

    /**
     * The first vGPU.
     *
     * @return the vGPU that was made first and is not removed
     * @throws IllegalStateException when there is none
     */
    public Vgpu vgpu() {
        List<Vgpu> all = vgpus();
        if (all.isEmpty()) {
            throw new IllegalStateException("the emulated host has no vGPU");
        }
        return all.get(0);
    }

    /**
     * All vGPUs.
     *
     * @return those that are not removed, in the order in which they were made
     */
    public List<Vgpu> vgpus() {
        kernel.lock();
        try {
            return bus.vgpus();
        } finally {
            kernel.unlock();
        }
    }

    /**
     * Makes another vGPU, as a write to {@code create} does.
     *
     * @param profile what kind
     * @return the vGPU
     * @throws IllegalStateException when the UUID is taken, or the parent has no instance left
     */
    public Vgpu create(VgpuProfile profile) {
        kernel.lock();
        try {
            return bus.create(profile);
        } catch (KernelError error) {
            throw new IllegalStateException("cannot make a vGPU: " + Errno.meaning(error.errno()), error);
        } finally {
            kernel.unlock();
        }
    }

    /**
     * All devices that are no vGPUs.
     *
     * @return those that are not removed, in the order in which they were made
     */
    public List<Peripheral> peripherals() {
        kernel.lock();
        try {
            return peripherals.peripherals();
        } finally {
            kernel.unlock();
        }
    }

    /**
     * Makes another device that is no vGPU; on the PCI bus there is room for 28, and of mtty there can be 12.
     *
     * @param kind which
     * @return the device, with its VFIO driver
     * @throws IllegalStateException when there is no room
     */
    public Peripheral create(PeripheralKind kind) {
        kernel.lock();
        try {
            return peripherals.create(Objects.requireNonNull(kind, "kind"));
        } finally {
            kernel.unlock();
        }
    }

    /**
     * The KVM VMs.
     *
     * @return those that something still holds, in the order in which they were created
     */
    public List<EmulatedVm> vms() {
        kernel.lock();
        try {
            return kernel.vms().stream().map(vm -> new EmulatedVm(kernel, vm)).toList();
        } finally {
            kernel.unlock();
        }
    }

    /** Mounts debugfs on {@code /sys/kernel/debug}, as {@link Builder#debugfs} does from the beginning. */
    public void mountDebugfs() {
        kernel.lock();
        try {
            KvmDebugfs.mount(kernel);
        } catch (KernelError impossible) {
            throw new IllegalStateException(impossible);
        } finally {
            kernel.unlock();
        }
    }

    /**
     * The files that its kernel shows, to be changed.
     *
     * @return the files
     */
    public EmulatedFiles files() {
        return new EmulatedFiles(kernel);
    }

    /**
     * What shall go wrong.
     *
     * @return always the same
     */
    public Faults faults() {
        return kernel.faults();
    }

    /**
     * How many descriptors the process that uses the host has open, beyond its first three.
     *
     * @return 0 when everything is closed
     */
    public int openDescriptors() {
        kernel.lock();
        try {
            return kernel.processes().first().descriptors().open();
        } finally {
            kernel.unlock();
        }
    }

    /**
     * How many mappings the process that uses the host has.
     *
     * @return 0 when everything is unmapped
     */
    public int mappings() {
        return counted(() -> kernel.processes().first().mappings());
    }

    /**
     * How many dma-bufs there are that a descriptor, a mapping or the GPU of any process holds.
     *
     * @return 0 when all are let go
     */
    public int dmaBufs() {
        return counted(kernel::dmaBufs);
    }

    /**
     * How many images the GPU has imported.
     *
     * @return 0 when all are closed
     */
    public int imports() {
        return counted(kernel::imports);
    }

    private int counted(IntSupplier count) {
        kernel.lock();
        try {
            return count.getAsInt();
        } finally {
            kernel.unlock();
        }
    }

    /** How many pieces of memory there are, of all processes. */
    int memoryPieces() {
        return kernel.memory().pieces();
    }

    /**
     * What the process that uses the host has open.
     *
     * @return a path or name for each descriptor
     */
    public List<String> openFiles() {
        kernel.lock();
        try {
            return kernel.processes().first().descriptors().labels();
        } finally {
            kernel.unlock();
        }
    }

    /**
     * The system calls that the process that uses the host has made, in their order: operation, detail, target. For example {@code open /dev/vfio/1},
     * {@code VFIO_DEVICE_SET_IRQS mask index 5 …}, {@code DMA_BUF_IOCTL_SYNC start read …}, {@code epoll_ctl add …}, {@code close …}. Waiting, reading and signalling
     * counters, and arming timers, leave no trace.
     *
     * @return the last 65,536 of them
     */
    public List<String> trace() {
        kernel.lock();
        try {
            return kernel.trace().calls();
        } finally {
            kernel.unlock();
        }
    }

    /** Forgets the trace. */
    public void clearTrace() {
        kernel.lock();
        try {
            kernel.trace().clear();
        } finally {
            kernel.unlock();
        }
    }

    /**
     * Switches the host off. What is open can still be closed; every other call, also one that is blocked, ends with
     * {@link io.vfio4j.linux.ClosedException}. Further calls do nothing.
     */
    @Override
    public void close() {
        kernel.lock();
        try {
            kernel.close();
        } finally {
            kernel.unlock();
        }
    }

    @Override
    public String toString() {
        return systemCalls.name();
    }
}
