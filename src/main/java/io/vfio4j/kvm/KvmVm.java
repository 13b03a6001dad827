package io.vfio4j.kvm;

import io.vfio4j.linux.Access;
import io.vfio4j.linux.ClosedException;
import io.vfio4j.linux.Descriptor;
import io.vfio4j.linux.LinuxException;
import io.vfio4j.linux.SystemCalls;
import io.vfio4j.linux.uapi.Errno;
import io.vfio4j.linux.uapi.Ioctl;
import io.vfio4j.linux.uapi.Kvm;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;

/**
 * A KVM virtual machine of this process, as far as VFIO is concerned with it: which groups and devices belong to it, and which
 * eventfds interrupt its guest. Memory and vCPUs are the business of the VMM, which gives its VM by {@link #adopt}.
 *
 * <p>Safe for use by any thread.
 */
public final class KvmVm implements AutoCloseable {
    private final SystemCalls calls;
    private final Descriptor vm;
    private final boolean adopted;
    private final KvmVfioDevice vfio;
    private final ReentrantLock lock = new ReentrantLock();
    /** The last that was assigned first. */
    private final Deque<Irqfd> irqfds = new ArrayDeque<>();

    private Optional<GsiRouting> routing = Optional.empty();
    private boolean closed;

    private KvmVm(SystemCalls calls, Descriptor vm, boolean adopted) {
        this.calls = calls;
        this.vm = vm;
        this.adopted = adopted;
        this.vfio = new KvmVfioDevice(calls, vm);
    }

    /**
     * Creates a bare VM: no memory, no vCPU, and so no guest. A vGPU that is opened with it has an empty screen; it is good for
     * looking at what the device says of itself.
     *
     * @param calls where to create it
     * @return the VM; the caller closes it
     * @throws LinuxException when {@code /dev/kvm} cannot be used; with advice
     */
    public static KvmVm createBare(SystemCalls calls) throws LinuxException {
        try (Descriptor kvm = openKvm(calls)) {
            return new KvmVm(calls, calls.adopt(calls.ioctl(kvm, Kvm.KVM_CREATE_VM, 0), "KVM VM"), false);
        }
    }

    /**
     * Takes over a VM's descriptor. The VM must be of this process: KVM refuses all calls of another one, and GVT-g compares the
     * address space.
     *
     * @param calls where the descriptor is from
     * @param vm what KVM_CREATE_VM returned; belongs to the result from now on
     * @return the VM; the caller closes it
     */
    public static KvmVm adopt(SystemCalls calls, Descriptor vm) {
        return new KvmVm(calls, vm, true);
    }

    /**
     * Opens {@code /dev/kvm}, for who makes a VM by hand.
     *
     * @param calls where it is
     * @return the descriptor; the caller closes it
     * @throws LinuxException when it cannot be used; with advice
     */
    public static Descriptor openKvm(SystemCalls calls) throws LinuxException {
        try {
            return calls.open("/dev/kvm", Access.READ_WRITE);
        } catch (LinuxException e) {
            throw switch (e.errno()) {
                case Errno.ENOENT -> e.withAdvice("Load the module kvm-intel or kvm-amd.");
                case Errno.EACCES -> e.withAdvice("Add the user to the group that owns /dev/kvm, mostly kvm.");
                default -> e;
            };
        }
    }

    /**
     * Tells KVM, and through it the driver, that a VFIO group belongs to this VM.
     *
     * @param group the open group; stays the caller's. Its number stays open at least as long as the association
     * @return the association; to be closed after the device that was opened through the group
     * @throws LinuxException what KVM says, with advice; EBUSY where the VMM of an adopted VM has a KVM-VFIO device of its own
     */
    public Association associate(Descriptor group) throws LinuxException {
        return new Association(vfio, vfio.add(group, false));
    }

    /**
     * Tells KVM that a VFIO device belongs to this VM, by the device's own file, {@code /dev/vfio/devices/vfioN}: to be called
     * between opening the file and VFIO_DEVICE_BIND_IOMMUFD, which is when the driver looks at it. Needs Linux 6.6.
     *
     * @param device the open device file; stays the caller's. Its number stays open at least as long as the association
     * @return the association; to be closed with the device, before or after it
     * @throws LinuxException what KVM says, with advice; EINVAL where the kernel is too old
     */
    public Association associateDevice(Descriptor device) throws LinuxException {
        return new Association(vfio, vfio.add(device, true));
    }

    /**
     * Puts the interrupt controllers of a PC into the kernel: two PICs, an IOAPIC with 24 pins, a local APIC for each vCPU. An
     * irqfd needs them. To be called before the first vCPU is created.
     *
     * <p>GSIs 0 to 23 then lead to the controllers' pins, and {@link #routing} knows the table.
     *
     * @throws LinuxException what KVM says, with advice; EEXIST when there are such already
     */
    public void createIrqchip() throws LinuxException {
        try {
            ioctl(Kvm.KVM_CREATE_IRQCHIP, 0);
        } catch (LinuxException e) {
            throw switch (e.errno()) {
                case Errno.EEXIST -> e.withAdvice("The VM has its interrupt controllers already.");
                case Errno.EINVAL ->
                    e.withAdvice("The VM has a vCPU already: create the interrupt controllers before the first one.");
                default -> e;
            };
        }
        know(new GsiRouting(this, GsiRouting.ofPc()));
    }

    /**
     * The table that says where the VM's interrupts lead.
     *
     * @return always the same
     * @throws IllegalStateException when nobody here knows the table: no {@link #createIrqchip}, and no
     *     {@link #takeOverRouting}
     */
    public GsiRouting routing() {
        lock.lock();
        try {
            return routing.orElseThrow(() -> new IllegalStateException(
                    adopted
                            ? "the routing table of an adopted VM belongs to its VMM, and KVM does not tell what is in it:"
                                    + " route there, or take the table over"
                            : "a VM without interrupt controllers has no routing table: create them first"));
        } finally {
            lock.unlock();
        }
    }

    /**
     * Takes over the routing table of an adopted VM. KVM can replace the table but not tell it, so a change without knowledge of
     * the rest would cut the guest off from its other devices: hence the VMM hands the whole table over, and leaves it alone from
     * then on. Nothing is changed by this call.
     *
     * <p>Irqfds need none of this where the VMM has routed their GSIs.
     *
     * @param current what is in the table now, by GSI; {@link GsiRouting#ofPc} after a KVM_CREATE_IRQCHIP and nothing else
     * @return the table
     * @throws IllegalArgumentException when there cannot be such a table
     * @throws IllegalStateException when the table is known already
     */
    public GsiRouting takeOverRouting(Map<Integer, List<GsiTarget>> current) {
        GsiRouting known = new GsiRouting(this, current);
        lock.lock();
        try {
            if (routing.isPresent()) {
                throw new IllegalStateException("the routing table of this VM is known already");
            }
            know(known);
            return known;
        } finally {
            lock.unlock();
        }
    }

    private void know(GsiRouting known) {
        lock.lock();
        try {
            routing = Optional.of(known);
        } finally {
            lock.unlock();
        }
    }

    /**
     * Has KVM turn the signals of an eventfd into interrupts: the GSI's line is raised and lowered once for each.
     *
     * @param gsi the interrupt's number in the routing table; a GSI that leads nowhere raises nothing, and is no error
     * @param eventFd belongs to the irqfd from now on, and is closed even if this fails. What it has counted before is one
     *     interrupt, at once
     * @return the irqfd; the caller closes it, when nobody signals the eventfd any more. Closing the VM closes it too
     * @throws IOException what KVM says, with advice; {@link MissingCapabilityException}
     */
    public Irqfd irqfd(int gsi, Descriptor eventFd) throws IOException {
        return Irqfd.assign(this, gsi, eventFd, Optional.empty());
    }

    /**
     * Has KVM turn the signals of an eventfd into a level: the GSI's line is raised and stays so until the guest ends the
     * interrupt (EOI). Then it is lowered, and the other eventfd is signalled: whoever has masked the device's irq unmasks it, and
     * the device raises it again where it still has reason to. The pin must be level-triggered; needs the interrupt controllers
     * of {@link #createIrqchip}.
     *
     * @param gsi the interrupt's number in the routing table
     * @param eventFd belongs to the irqfd from now on, and is closed even if this fails
     * @param resampleFd what KVM signals; belongs to the irqfd from now on, and is closed even if this fails
     * @return the irqfd; the caller closes it, when nobody signals the eventfd any more. Closing the VM closes it too
     * @throws IOException what KVM says, with advice; {@link MissingCapabilityException}
     */
    public Irqfd irqfd(int gsi, Descriptor eventFd, Descriptor resampleFd) throws IOException {
        return Irqfd.assign(this, gsi, eventFd, Optional.of(resampleFd));
    }

    /**
     * Opens the VM's statistics.
     *
     * @return the statistics; the caller closes them. They keep the VM: it ends with the later of the two
     * @throws IOException what KVM says, with advice; {@link io.vfio4j.linux.MalformedReplyException}
     */
    public KvmStatistics statistics() throws IOException {
        return KvmStatistics.open(calls, vm);
    }

    SystemCalls calls() {
        return calls;
    }

    Descriptor descriptor() {
        return vm;
    }

    /** A call on the VM, with advice where it is the same for all. */
    int ioctl(Ioctl request, long argument) throws LinuxException {
        try {
            return calls.ioctl(vm, request, argument);
        } catch (LinuxException e) {
            throw explained(e);
        }
    }

    static LinuxException explained(LinuxException refusal) {
        return refusal.errno() == Errno.EIO
                ? refusal.withAdvice("KVM takes calls only from the process that created the VM.")
                : refusal;
    }

    /** What KVM_CHECK_EXTENSION says of a capability that is needed. */
    int require(int number, String name, String purpose) throws IOException {
        int answer = ioctl(Kvm.KVM_CHECK_EXTENSION, number);
        if (answer == 0) {
            throw new MissingCapabilityException(name, purpose);
        }
        return answer;
    }

    void add(Irqfd irqfd) {
        lock.lock();
        try {
            if (closed) {
                throw new ClosedException(vm.description());
            }
            irqfds.push(irqfd);
        } finally {
            lock.unlock();
        }
    }

    void remove(Irqfd irqfd) {
        lock.lock();
        try {
            irqfds.remove(irqfd);
        } finally {
            lock.unlock();
        }
    }

    private List<Irqfd> end() {
        lock.lock();
        try {
            closed = true;
            return List.copyOf(irqfds);
        } finally {
            lock.unlock();
        }
    }

    /** Closes the irqfds that are left, then the VM. Associations must be closed before. Further calls do nothing. */
    @Override
    public void close() {
        end().forEach(Irqfd::close);
        vm.close();
    }

    /** A group or device that belongs to a VM. */
    public static final class Association implements AutoCloseable {
        private final KvmVfioDevice vfio;
        private final KvmVfioDevice.Member member;

        private Association(KvmVfioDevice vfio, KvmVfioDevice.Member member) {
            this.vfio = vfio;
            this.member = member;
        }

        /** Takes the group or device away from the VM. Further calls do nothing. */
        @Override
        public void close() {
            vfio.remove(member);
        }
    }
}
