package io.vfio4j.kvm.guest;

import io.vfio4j.kvm.KvmStatistics;
import io.vfio4j.kvm.KvmVm;
import io.vfio4j.kvm.MissingCapabilityException;
import io.vfio4j.linux.Access;
import io.vfio4j.linux.Descriptor;
import io.vfio4j.linux.LinuxException;
import io.vfio4j.linux.MalformedReplyException;
import io.vfio4j.linux.Mapping;
import io.vfio4j.linux.NativeBytes;
import io.vfio4j.linux.NativeMemory;
import io.vfio4j.linux.SystemCalls;
import io.vfio4j.linux.uapi.Errno;
import io.vfio4j.linux.uapi.Kvm;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;

/**
 * A guest in real mode: 64 KiB of memory, the interrupt controllers of a PC in the kernel, some vCPUs. Its code is put together
 * before it is started. It does nothing by itself: a vCPU leaves the guest when its code writes to a port, and at its end by an
 * NMI, whose handler does that, whatever the vCPU was at and whether it took interrupts or not.
 *
 * <p>A vCPU that does not end nevertheless keeps its thread, and the VM what it has; its process can still be ended. Only one
 * thread at a time may use it, but for {@link #memory} and {@link #send}.
 */
public final class SmallGuest implements AutoCloseable {
    /** How much memory it has, from address 0 on. */
    public static final int MEMORY = 0x1_0000;

    /** More vCPUs than this have no room in the memory. */
    public static final int MOST_VCPUS = 16;

    /** Memory that the guest and its host may use for counters and marks: {@value #NOTES_SIZE} bytes from here on. */
    public static final int NOTES = 0x500;

    /** How many bytes of them there are. */
    public static final int NOTES_SIZE = 0xb00;

    static final int STOP_PORT = 0x10;
    static final int FAULT_PORT = 0x11;

    private static final int CODE = 0x1000;
    private static final int CODE_SIZE = 0x100;
    private static final int HANDLERS = 0x2000;
    private static final int HANDLER_SIZE = 64;
    private static final int VECTORS = 256;
    private static final int STACKS = 0xf000;
    private static final int STACK_SIZE = 0x200;
    private static final int NMI_VECTOR = 2;
    /** A message's data: the delivery mode is in bits 8 to 10. */
    private static final int NMI_MESSAGE = 4 << 8;

    private static final long NMI_PERIOD_NANOS = 100_000_000;

    private static final int DESTINATION_SHIFT = 12;
    private static final int DEVICE_SLOT = 1;
    /** Some pages: struct kvm_run, and behind it what it points to. */
    private static final int LARGEST_RUN = 1 << 20;

    private final SystemCalls calls;
    private final Deque<AutoCloseable> opened = new ArrayDeque<>();
    private final Descriptor vmDescriptor;
    private final KvmVm vm;
    private final NativeMemory memory;
    private final List<Vcpu> vcpus = new ArrayList<>();
    private boolean memoryTaken;
    private boolean closed;

    private SmallGuest(SystemCalls calls, Descriptor vmDescriptor) {
        this.calls = calls;
        this.vmDescriptor = vmDescriptor;
        this.vm = KvmVm.adopt(calls, vmDescriptor);
        this.memory = closedLater(calls.allocatePages(MEMORY));
    }

    /** What the VM is like. */
    public enum PauseExits {
        /** As the host has it. */
        AS_THEY_ARE,
        /** Off for this VM: KVM_CAP_X86_DISABLE_EXITS with KVM_X86_DISABLE_EXITS_PAUSE. */
        OFF
    }

    /**
     * Creates the VM, its memory and its vCPUs; nothing runs yet.
     *
     * @param calls where to
     * @param count how many vCPUs, 1 to {@value #MOST_VCPUS}
     * @param pauseExits whether a vCPU that spins leaves the guest where the host can notice it
     * @return the guest; the caller closes it
     * @throws IOException what KVM says, with advice; {@link MissingCapabilityException}
     */
    public static SmallGuest create(SystemCalls calls, int count, PauseExits pauseExits) throws IOException {
        if (count < 1 || count > MOST_VCPUS) {
            throw new IllegalArgumentException(count + " vCPUs");
        }
        try (Descriptor kvm = KvmVm.openKvm(calls)) {
            int runSize = runSize(calls, kvm);
            Descriptor vm = calls.adopt(calls.ioctl(kvm, Kvm.KVM_CREATE_VM, 0), "the small guest's VM");
            SmallGuest guest = new SmallGuest(calls, vm);
            boolean success = false;
            try {
                guest.setUp(count, runSize, pauseExits);
                success = true;
                return guest;
            } finally {
                if (!success) {
                    guest.close();
                }
            }
        }
    }

    private static int runSize(SystemCalls calls, Descriptor kvm) throws IOException {
        int size;
        try {
            size = calls.ioctl(kvm, Kvm.KVM_GET_VCPU_MMAP_SIZE, 0);
        } catch (LinuxException e) {
            throw e.errno() == Errno.EINVAL
                    ? e.withAdvice("KVM of this host runs no guests; an emulated host has none that runs.")
                    : e;
        }
        if (size < VcpuExit.SMALLEST_RUN || size > LARGEST_RUN) {
            throw new MalformedReplyException(
                    Kvm.KVM_GET_VCPU_MMAP_SIZE.name(), kvm.description(), size + " bytes", new byte[0]);
        }
        return size;
    }

    private void setUp(int count, int runSize, PauseExits pauseExits) throws IOException {
        require(Kvm.KVM_CAP_SIGNAL_MSI, "KVM_CAP_SIGNAL_MSI", "stopping a guest");
        if (pauseExits == PauseExits.OFF) {
            turnPauseExitsOff();
        }
        vm.createIrqchip();
        setMemory(0, 0, memory, MEMORY);
        for (int i = 0; i < count; i++) {
            Descriptor vcpu = closedLater(
                    calls.adopt(calls.ioctl(vmDescriptor, Kvm.KVM_CREATE_VCPU, i), "the guest's vCPU " + i));
            Mapping run = closedLater(calls.map(vcpu, 0, runSize, Access.READ_WRITE));
            // Before it runs: the call waits for the vCPU to leave KVM_RUN.
            KvmStatistics statistics = closedLater(KvmStatistics.open(calls, vcpu));
            vcpus.add(new Vcpu(calls, i, vcpu, run, statistics));
        }
        for (int vector = 0; vector < VECTORS; vector++) {
            handle(vector, new GuestCode().out(FAULT_PORT, vector).stop());
        }
        handle(NMI_VECTOR, new GuestCode().out(STOP_PORT, 0).stop());
    }

    private void turnPauseExitsOff() throws IOException {
        int known = require(
                Kvm.KVM_CAP_X86_DISABLE_EXITS,
                "KVM_CAP_X86_DISABLE_EXITS",
                "a vCPU that stays in the guest when it spins");
        if ((known & Kvm.KVM_X86_DISABLE_EXITS_PAUSE) == 0) {
            throw new MissingCapabilityException(
                    "KVM_X86_DISABLE_EXITS_PAUSE", "a vCPU that stays in the guest when it spins");
        }
        try (NativeMemory enable = calls.allocate(Kvm.EnableCap.SIZE)) {
            enable.putInt(Kvm.EnableCap.CAP, Kvm.KVM_CAP_X86_DISABLE_EXITS);
            enable.putLong(Kvm.EnableCap.ARGS, Kvm.KVM_X86_DISABLE_EXITS_PAUSE);
            calls.ioctl(vmDescriptor, Kvm.KVM_ENABLE_CAP, enable);
        }
    }

    private int require(int number, String name, String purpose) throws IOException {
        int answer = calls.ioctl(vmDescriptor, Kvm.KVM_CHECK_EXTENSION, number);
        if (answer == 0) {
            throw new MissingCapabilityException(name, purpose);
        }
        return answer;
    }

    private <T extends AutoCloseable> T closedLater(T resource) {
        opened.push(resource);
        return resource;
    }

    private void setMemory(int slot, long guestAddress, NativeBytes bytes, long size) throws LinuxException {
        NativeMemory region = closedLater(calls.allocate(Kvm.UserspaceMemoryRegion.SIZE));
        region.putInt(Kvm.UserspaceMemoryRegion.SLOT, slot);
        region.putLong(Kvm.UserspaceMemoryRegion.GUEST_PHYS_ADDR, guestAddress);
        region.putLong(Kvm.UserspaceMemoryRegion.MEMORY_SIZE, size);
        region.putAddress(Kvm.UserspaceMemoryRegion.USERSPACE_ADDR, bytes);
        calls.ioctl(vmDescriptor, Kvm.KVM_SET_USER_MEMORY_REGION, region);
    }

    /**
     * The VM, for its interrupts.
     *
     * @return on loan
     */
    public KvmVm vm() {
        return vm;
    }

    /**
     * The guest's memory, which it shares with us.
     *
     * @return on loan
     */
    public NativeMemory memory() {
        return memory;
    }

    /**
     * One of the vCPUs; its number is that of its local APIC.
     *
     * @param index which, from 0 on
     * @return the vCPU
     */
    public Vcpu vcpu(int index) {
        return vcpus.get(index);
    }

    /**
     * All of them.
     *
     * @return in the order of their numbers
     */
    public List<Vcpu> vcpus() {
        return List.copyOf(vcpus);
    }

    /**
     * Gives the guest a device's registers as memory.
     *
     * @param guestAddress where, a multiple of the page size
     * @param registers stays the caller's; stays mapped as long as the guest
     * @throws LinuxException what KVM says
     */
    public void giveRegisters(long guestAddress, Mapping registers) throws LinuxException {
        setMemory(DEVICE_SLOT, guestAddress, registers, registers.size());
    }

    /**
     * Puts the handler of an interrupt into the guest's memory. An interrupt without one ends the guest.
     *
     * @param vector its vector
     * @param handler at most {@value #HANDLER_SIZE} bytes, ending with an IRET
     */
    public void handle(int vector, GuestCode handler) {
        byte[] code = handler.assembled();
        if (vector < 0 || vector >= VECTORS) {
            throw new IllegalArgumentException("vector " + vector);
        }
        if (code.length > HANDLER_SIZE) {
            throw new IllegalArgumentException("a handler of " + code.length + " bytes");
        }
        int address = HANDLERS + HANDLER_SIZE * vector;
        memory.putBytes(address, code);
        // The interrupt vector table of real mode: offset, then segment.
        memory.putShort(4 * vector, address);
        memory.putShort(4 * vector + 2, 0);
    }

    /**
     * Starts a vCPU on a thread of its own.
     *
     * @param index which, from 0 on
     * @param code what it does, at most some 200 bytes; begins with interrupts off and its local APIC enabled
     * @param place on which of the host's processors
     * @param ports is told, on the vCPU's thread, of what the guest writes to ports
     * @throws LinuxException what KVM says of its registers
     */
    public void start(int index, GuestCode code, List<Integer> place, Vcpu.Ports ports) throws LinuxException {
        // KVM finds the local APIC of a vCPU by its number only after something of it has changed.
        byte[] assembled =
                new GuestCode().disableInterrupts().enableLocalApic().then(code).assembled();
        if (assembled.length > CODE_SIZE) {
            throw new IllegalArgumentException("code of " + assembled.length + " bytes");
        }
        int address = CODE + CODE_SIZE * index;
        memory.putBytes(address, assembled);
        vcpus.get(index).start(address, STACKS - STACK_SIZE * index, place, ports);
    }

    /**
     * Sends an interrupt to a vCPU as a device does, by a message.
     *
     * @param index which vCPU, from 0 on
     * @param vector the interrupt's vector, 16 to 255
     * @throws LinuxException what KVM says
     */
    public void send(int index, int vector) throws LinuxException {
        signal(index, vector);
    }

    private void signal(int index, int data) throws LinuxException {
        try (NativeMemory message = calls.allocate(Kvm.Msi.SIZE)) {
            message.putInt(Kvm.Msi.ADDRESS_LO, (int) messageAddress(index));
            message.putInt(Kvm.Msi.DATA, data);
            calls.ioctl(vmDescriptor, Kvm.KVM_SIGNAL_MSI, message);
        }
    }

    /**
     * The address of messages to a vCPU.
     *
     * @param index which, from 0 on
     * @return the address, to which a message's data is written
     */
    public static long messageAddress(int index) {
        return GuestCode.LOCAL_APIC | (long) index << DESTINATION_SHIFT;
    }

    /**
     * Ends all vCPUs that run: by an NMI, and where that does not help, by taking the memory away, without which no instruction can
     * be fetched. Blocks until they have ended, or the patience has.
     *
     * @param patience for each of the two
     * @return whether they all have ended
     * @throws LinuxException what KVM says
     */
    public boolean stop(Duration patience) throws LinuxException {
        if (stopByNmi(patience)) {
            return true;
        }
        if (!memoryTaken) {
            memoryTaken = true;
            setMemory(0, 0, memory, 0);
        }
        return stopByNmi(patience);
    }

    private boolean stopByNmi(Duration patience) throws LinuxException {
        long deadline = calls.nanoTime() + patience.toNanos();
        long left = patience.toNanos();
        boolean all = false;
        while (!all && left >= 0) {
            // Again and again: one that has only just been started misses it.
            for (Vcpu vcpu : vcpus) {
                if (vcpu.isRunning()) {
                    signal(vcpu.index(), NMI_MESSAGE);
                }
            }
            all = awaitEnds(Math.min(left, NMI_PERIOD_NANOS));
            left = deadline - calls.nanoTime();
        }
        return all;
    }

    private boolean awaitEnds(long nanos) {
        long deadline = calls.nanoTime() + nanos;
        boolean all = true;
        for (Vcpu vcpu : vcpus) {
            all &= vcpu.awaitEnd(Duration.ofNanos(Math.max(0, deadline - calls.nanoTime())));
        }
        return all;
    }

    /** Ends the vCPUs, then the VM. Where a vCPU does not end, its memory stays as it is. Further calls do nothing. */
    @Override
    public void close() throws IOException {
        if (closed) {
            return;
        }
        closed = true;
        boolean ended = false;
        try {
            ended = stop(Vcpu.PATIENCE);
        } finally {
            vm.close();
            if (ended) {
                closeAll();
            }
        }
    }

    private void closeAll() throws IOException {
        for (AutoCloseable each : opened) {
            try {
                each.close();
            } catch (IOException | RuntimeException e) {
                throw e;
            } catch (Exception e) {
                throw new IOException(e);
            }
        }
    }
}
