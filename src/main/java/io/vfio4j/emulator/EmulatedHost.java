package io.vfio4j.emulator;

import io.vfio4j.linux.SystemCalls;
import io.vfio4j.linux.uapi.Errno;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

/**
 * A Linux host in memory, with vGPUs: what {@link #systemCalls} answers is what a kernel would. One process uses it.
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
        kernel = new Kernel(builder.virtual, builder.descriptorLimit);
        bus = new MdevBus(kernel, builder.instanceLimit);
        peripherals = new PeripheralBus(kernel);
        clock = new EmulatedClock(kernel);
        systemCalls = new EmulatedSystemCalls(kernel, clock);
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
        private static final int DEFAULT_INSTANCE_LIMIT = 64;

        private final List<VgpuProfile> vgpus = new ArrayList<>();
        private final List<VgpuProfile> parents = new ArrayList<>();
        private final List<PeripheralKind> peripherals = new ArrayList<>();
        private boolean virtual = true;
        private int descriptorLimit = DEFAULT_DESCRIPTOR_LIMIT;
        private int instanceLimit = DEFAULT_INSTANCE_LIMIT;

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
         * Limits how many vGPUs a parent may have.
         *
         * @param limit not negative; 64 by default
         * @return this
         */
        public Builder instanceLimit(int limit) {
            if (limit < 0) {
                throw new IllegalArgumentException("a limit of " + limit + " instances");
            }
            instanceLimit = limit;
            return this;
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
     * Makes another device that is no vGPU; on the PCI bus there is room for 28.
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
     * What shall go wrong.
     *
     * @return always the same
     */
    public Faults faults() {
        return kernel.faults();
    }

    /**
     * How many descriptors the process has open, beyond its first three.
     *
     * @return 0 when everything is closed
     */
    public int openDescriptors() {
        kernel.lock();
        try {
            return kernel.descriptors().open();
        } finally {
            kernel.unlock();
        }
    }

    /**
     * What the process has open.
     *
     * @return a path or name for each descriptor
     */
    public List<String> openFiles() {
        kernel.lock();
        try {
            return kernel.descriptors().labels();
        } finally {
            kernel.unlock();
        }
    }

    /**
     * The system calls that were made, in their order: operation, detail, target. For example {@code open /dev/vfio/1},
     * {@code VFIO_DEVICE_SET_IRQS mask index 5 …}, {@code epoll_ctl add …}, {@code close …}. Waiting, reading and signalling
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
