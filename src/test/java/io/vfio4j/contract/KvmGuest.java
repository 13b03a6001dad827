package io.vfio4j.contract;

import io.vfio4j.kvm.KvmStatistics;
import io.vfio4j.kvm.KvmVm;
import io.vfio4j.kvm.guest.GuestCode;
import io.vfio4j.kvm.guest.SmallGuest;
import io.vfio4j.kvm.guest.SmallGuest.PauseExits;
import io.vfio4j.kvm.guest.Vcpu;
import io.vfio4j.kvm.guest.VcpuEnd;
import io.vfio4j.linux.LinuxException;
import io.vfio4j.linux.Mapping;
import io.vfio4j.linux.SystemCalls;
import java.io.IOException;
import java.time.Duration;
import java.util.Optional;

/** A guest with one vCPU, which waits in HLT and counts the interrupts that reach it, by their vectors, in its memory. */
final class KvmGuest implements AutoCloseable {
    private static final int COUNTERS = SmallGuest.NOTES;
    private static final int READY = 0xf00;
    private static final long LONGEST_NANOS = Duration.ofSeconds(60).toNanos();

    private final SystemCalls calls;
    private final SmallGuest guest;

    KvmGuest(SystemCalls calls) throws IOException {
        this.calls = calls;
        guest = SmallGuest.create(calls, 1, PauseExits.AS_THEY_ARE);
    }

    KvmVm vm() {
        return guest.vm();
    }

    /** The vCPU's, as they are now. */
    KvmStatistics statistics() throws IOException {
        return guest.vcpu(0).statistics();
    }

    /** An interrupt by the PIC is ended there. */
    void handlePicInterrupt(int vector) {
        handlePicInterrupt(vector, new GuestCode());
    }

    /** The same, after the device has taken it back. */
    void handlePicInterrupt(int vector, GuestCode acknowledge) {
        guest.handle(vector, GuestCode.picHandler(vector, counter(vector), acknowledge));
    }

    /** An interrupt by the local APIC is ended there. */
    void handleApicInterrupt(int vector) {
        handleApicInterrupt(vector, new GuestCode());
    }

    /** The same, after the device has taken it back. */
    void handleApicInterrupt(int vector, GuestCode acknowledge) {
        guest.handle(vector, GuestCode.apicHandler(vector, counter(vector), acknowledge));
    }

    /** Gives the guest a device's registers, which stay mapped as long as the guest. */
    void giveRegisters(long guestAddress, Mapping registers) throws LinuxException {
        guest.giveRegisters(guestAddress, registers);
    }

    private static int counter(int vector) {
        return COUNTERS + Integer.BYTES * vector;
    }

    /** Starts the guest, which sets up its interrupt controllers, and waits until it is ready. */
    void start(GuestCode setUp) throws IOException {
        GuestCode code = new GuestCode().then(setUp).mark(READY).waitForInterrupts();
        guest.start(0, code, calls.allowedProcessors(), Vcpu.Ports.NONE);
        await("the guest to be ready", () -> guest.memory().getByte(READY) == 1);
    }

    /** How many interrupts the guest has counted. */
    int count(int vector) {
        return guest.memory().getInt(counter(vector));
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
                Optional<VcpuEnd> end = guest.vcpu(0).end();
                if (end.isPresent()) {
                    throw new AssertionError("waiting for " + what + ": the guest has ended: " + end.get());
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

    @Override
    public void close() throws IOException {
        guest.close();
        VcpuEnd end = guest.vcpu(0).end().orElseGet(() -> new VcpuEnd(true, "it was never started"));
        if (!end.asked()) {
            throw new AssertionError("the guest has ended: " + end);
        }
    }
}
