package io.vfio4j.contract;

import io.vfio4j.kvm.KvmStatistics;
import io.vfio4j.kvm.KvmVm;
import io.vfio4j.linux.Access;
import io.vfio4j.linux.Descriptor;
import io.vfio4j.linux.LinuxException;
import io.vfio4j.linux.Mapping;
import io.vfio4j.linux.NativeBytes;
import io.vfio4j.linux.NativeMemory;
import io.vfio4j.linux.SystemCalls;
import io.vfio4j.linux.uapi.Ioctl;
import io.vfio4j.linux.uapi.Kvm;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;

/**
 * A guest that runs: 64 KiB of memory and one vCPU, which waits in HLT and counts the interrupts that reach it, by their vectors,
 * in its memory. It ends by a message to a vector whose handler writes to a port, and by no other means.
 */
final class KvmGuest implements AutoCloseable {
    private static final char KVMIO = 0xAE;
    private static final Ioctl KVM_GET_VCPU_MMAP_SIZE = Ioctl.io("KVM_GET_VCPU_MMAP_SIZE", KVMIO, 0x04);
    private static final Ioctl KVM_SET_USER_MEMORY_REGION = Ioctl.iow("KVM_SET_USER_MEMORY_REGION", KVMIO, 0x46, 32);
    private static final Ioctl KVM_RUN = Ioctl.io("KVM_RUN", KVMIO, 0x80);
    private static final Ioctl KVM_SET_REGS = Ioctl.iow("KVM_SET_REGS", KVMIO, 0x82, 144);
    private static final Ioctl KVM_GET_SREGS = Ioctl.ior("KVM_GET_SREGS", KVMIO, 0x83, 312);
    private static final Ioctl KVM_SET_SREGS = Ioctl.iow("KVM_SET_SREGS", KVMIO, 0x84, 312);
    private static final Ioctl KVM_SIGNAL_MSI = Ioctl.iow("KVM_SIGNAL_MSI", KVMIO, 0xa5, 32);
    private static final int KVM_EXIT_IO = 2;

    /** struct kvm_userspace_memory_region. */
    private static final int REGION_SLOT = 0;

    private static final int REGION_GUEST_ADDRESS = 8;
    private static final int REGION_SIZE = 16;

    private static final int REGION_ADDRESS = 24;
    /** struct kvm_regs. */
    private static final int RSP = 48;

    private static final int RIP = 128;
    private static final int RFLAGS = 136;
    /** struct kvm_sregs: CS and DS, of struct kvm_segment. */
    private static final int CS_BASE = 0;

    private static final int CS_SELECTOR = 12;
    private static final int DS_LIMIT = 24 + 8;
    private static final int DS_GRANULARITY = 24 + 20;
    /** struct kvm_run. */
    private static final int EXIT_REASON = 8;

    private static final int IO_PORT = 34;

    private static final int MEMORY = 0x1_0000;
    private static final int COUNTERS = 0x500;
    private static final int READY = 0xf00;
    private static final int MAIN = 0x1000;
    private static final int HANDLERS = 0x2000;
    private static final int HANDLER_SIZE = 64;
    private static final int STACK = 0xf000;
    private static final int STOP_VECTOR = 0x7f;
    private static final int STOP_PORT = 0x10;
    private static final int FAULT_PORT = 0x80;
    private static final long LONGEST_NANOS = Duration.ofSeconds(60).toNanos();

    private final SystemCalls calls;
    private final Deque<AutoCloseable> opened = new ArrayDeque<>();
    private final Descriptor vmDescriptor;
    private final KvmVm vm;
    private final NativeMemory memory;
    private final Descriptor vcpu;
    private final Mapping run;
    private final KvmStatistics statistics;
    private final FutureTask<String> running = new FutureTask<>(this::run);
    private boolean started;

    KvmGuest(SystemCalls calls) throws IOException {
        this.calls = calls;
        int runSize;
        try (Descriptor kvm = calls.open("/dev/kvm", Access.READ_WRITE)) {
            runSize = calls.ioctl(kvm, KVM_GET_VCPU_MMAP_SIZE, 0);
            vmDescriptor = calls.adopt(calls.ioctl(kvm, Kvm.KVM_CREATE_VM, 0), "the guest's VM");
        }
        vm = KvmVm.adopt(calls, vmDescriptor);
        vm.createIrqchip();
        memory = closedLater(calls.allocatePages(MEMORY));
        setMemory(0, 0, memory);
        vcpu = closedLater(calls.adopt(calls.ioctl(vmDescriptor, Kvm.KVM_CREATE_VCPU, 0), "the guest's vCPU"));
        run = closedLater(calls.map(vcpu, 0, runSize, Access.READ_WRITE));
        // Before it runs: the call waits for the vCPU to leave KVM_RUN.
        statistics = closedLater(KvmStatistics.open(calls, vcpu));
    }

    private <T extends AutoCloseable> T closedLater(T resource) {
        opened.push(resource);
        return resource;
    }

    KvmVm vm() {
        return vm;
    }

    /** The vCPU's, as they are now. */
    KvmStatistics statistics() throws IOException {
        statistics.read();
        return statistics;
    }

    /** An interrupt by the PIC is ended there. */
    void handlePicInterrupt(int vector) {
        handlePicInterrupt(vector, new GuestCode());
    }

    /** The same, after the device has taken it back. */
    void handlePicInterrupt(int vector, GuestCode acknowledge) {
        handle(vector, GuestCode.picHandler(vector, counter(vector), acknowledge));
    }

    /** An interrupt by the local APIC is ended there. */
    void handleApicInterrupt(int vector) {
        handleApicInterrupt(vector, new GuestCode());
    }

    /** The same, after the device has taken it back. */
    void handleApicInterrupt(int vector, GuestCode acknowledge) {
        handle(vector, GuestCode.apicHandler(vector, counter(vector), acknowledge));
    }

    /** Gives the guest a device's registers, which stay mapped as long as the guest. */
    void giveRegisters(long guestAddress, Mapping registers) throws LinuxException {
        setMemory(1, guestAddress, registers);
    }

    private void setMemory(int slot, long guestAddress, NativeBytes bytes) throws LinuxException {
        NativeMemory region = closedLater(calls.allocate(32));
        region.putInt(REGION_SLOT, slot);
        region.putLong(REGION_GUEST_ADDRESS, guestAddress);
        region.putLong(REGION_SIZE, bytes.size());
        region.putAddress(REGION_ADDRESS, bytes);
        calls.ioctl(vmDescriptor, KVM_SET_USER_MEMORY_REGION, region);
    }

    private static int counter(int vector) {
        return COUNTERS + Integer.BYTES * vector;
    }

    private void handle(int vector, GuestCode handler) {
        byte[] code = handler.assembled();
        if (code.length > HANDLER_SIZE) {
            throw new IllegalArgumentException("a handler of " + code.length + " bytes");
        }
        int address = HANDLERS + HANDLER_SIZE * vector;
        memory.putBytes(address, code);
        memory.putShort(4 * vector, address);
        memory.putShort(4 * vector + 2, 0);
    }

    /** Starts the guest, which sets up its interrupt controllers, and waits until it is ready. */
    void start(GuestCode setUp) throws IOException {
        GuestCode fault = new GuestCode().out(FAULT_PORT, 0).stop();
        for (int vector = 0; vector < 256; vector++) {
            if (memory.getInt(4 * vector) == 0) {
                memory.putShort(4 * vector, HANDLERS + HANDLER_SIZE * 256);
            }
        }
        memory.putBytes(HANDLERS + HANDLER_SIZE * 256, fault.assembled());
        handle(STOP_VECTOR, new GuestCode().out(STOP_PORT, 0).stop());
        byte[] prologue = new GuestCode().disableInterrupts().enableLocalApic().assembled();
        byte[] epilogue = new GuestCode().mark(READY).waitForInterrupts().assembled();
        memory.putBytes(MAIN, prologue);
        memory.putBytes(MAIN + prologue.length, setUp.assembled());
        memory.putBytes(MAIN + prologue.length + setUp.assembled().length, epilogue);
        setRegisters();
        Thread thread = new Thread(running, "vCPU");
        thread.setDaemon(true);
        thread.start();
        started = true;
        await("the guest to be ready", () -> memory.getByte(READY) == 1);
    }

    private void setRegisters() throws LinuxException {
        try (NativeMemory sregs = calls.allocate(312);
                NativeMemory regs = calls.allocate(144)) {
            calls.ioctl(vcpu, KVM_GET_SREGS, sregs);
            sregs.putLong(CS_BASE, 0);
            sregs.putShort(CS_SELECTOR, 0);
            sregs.putInt(DS_LIMIT, -1);
            sregs.putByte(DS_GRANULARITY, 1);
            calls.ioctl(vcpu, KVM_SET_SREGS, sregs);
            regs.putLong(RSP, STACK);
            regs.putLong(RIP, MAIN);
            regs.putLong(RFLAGS, 2);
            calls.ioctl(vcpu, KVM_SET_REGS, regs);
        }
    }

    /** On the vCPU's thread, until the guest writes to a port. */
    private String run() throws LinuxException {
        calls.ioctl(vcpu, KVM_RUN, 0);
        int reason = run.getInt(EXIT_REASON);
        if (reason != KVM_EXIT_IO) {
            return "exit " + reason;
        }
        return run.getShort(IO_PORT) == STOP_PORT ? "stopped" : "an interrupt that nobody expected";
    }

    /** How many interrupts the guest has counted. */
    int count(int vector) {
        return memory.getInt(counter(vector));
    }

    /** Waits until the guest has counted so many; more are an error. */
    void awaitCount(int vector, int expected) {
        await("interrupt " + expected + " of vector " + vector, () -> count(vector) >= expected);
        if (count(vector) != expected) {
            throw new AssertionError("the guest has counted " + count(vector) + " instead of " + expected);
        }
    }

    private interface Condition {
        boolean holds() throws IOException;
    }

    private void await(String what, Condition condition) {
        long deadline = calls.nanoTime() + LONGEST_NANOS;
        try {
            while (!condition.holds()) {
                if (running.isDone()) {
                    throw new AssertionError("waiting for " + what + ": the guest has ended: " + outcome());
                }
                if (calls.nanoTime() - deadline > 0) {
                    throw new AssertionError("waited in vain for " + what);
                }
                Thread.yield();
            }
        } catch (IOException e) {
            throw new AssertionError("waiting for " + what, e);
        }
    }

    private String outcome() {
        try {
            return running.get(LONGEST_NANOS, TimeUnit.NANOSECONDS);
        } catch (Exception e) {
            throw new AssertionError("the vCPU's thread", e);
        }
    }

    /** Has the guest write to its port, and returns how it ended. */
    String stop() throws IOException {
        if (!running.isDone()) {
            try (NativeMemory message = calls.allocate(32)) {
                message.putInt(0, (int) GuestCode.LOCAL_APIC);
                message.putInt(8, STOP_VECTOR);
                calls.ioctl(vmDescriptor, KVM_SIGNAL_MSI, message);
            }
        }
        return outcome();
    }

    /** Where the guest does not stop, its memory and its vCPU stay as they are. */
    @Override
    public void close() throws IOException {
        String outcome = started ? stop() : "stopped";
        vm.close();
        for (AutoCloseable each : opened) {
            try {
                each.close();
            } catch (Exception e) {
                throw new IOException(e);
            }
        }
        if (!outcome.equals("stopped")) {
            throw new AssertionError("the guest has ended: " + outcome);
        }
    }
}
