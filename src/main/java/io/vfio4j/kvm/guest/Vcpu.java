package io.vfio4j.kvm.guest;

import io.vfio4j.kvm.KvmStatistics;
import io.vfio4j.linux.Descriptor;
import io.vfio4j.linux.LinuxException;
import io.vfio4j.linux.Mapping;
import io.vfio4j.linux.NativeMemory;
import io.vfio4j.linux.SystemCalls;
import io.vfio4j.linux.uapi.Kvm;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/** A vCPU of a {@link SmallGuest}. KVM_RUN blocks, so a platform thread of its own, a daemon, does nothing else. */
public final class Vcpu {
    /** How long anything may take that takes no time on a working host. */
    static final Duration PATIENCE = Duration.ofSeconds(10);

    /** RFLAGS with nothing set but bit 1, which always is: interrupts are off. */
    private static final int RFLAGS_NOTHING = 2;

    /** Of the Intel manual, volume 3, chapter 6. */
    private static final int INVALID_OPCODE = 6;

    private static final int GENERAL_PROTECTION = 13;

    private final SystemCalls calls;
    private final int index;
    private final Descriptor vcpu;
    private final Mapping run;
    private final KvmStatistics statistics;
    private final CountDownLatch ended = new CountDownLatch(1);
    private volatile boolean started;
    private volatile Optional<VcpuEnd> end = Optional.empty();

    Vcpu(SystemCalls calls, int index, Descriptor vcpu, Mapping run, KvmStatistics statistics) {
        this.calls = calls;
        this.index = index;
        this.vcpu = vcpu;
        this.run = run;
        this.statistics = statistics;
    }

    /** Is told of what a guest writes to ports. */
    public interface Ports {
        /** For guests that write to none but that of their end. */
        Ports NONE = (port, nanos) -> {
            throw new IllegalStateException("the guest wrote to port 0x" + Integer.toHexString(port));
        };

        /** The vCPU is about to enter the guest for the first time. Called on its thread. */
        default void entering() {}

        /**
         * The guest wrote. Called on the vCPU's thread, which goes back into the guest after it.
         *
         * @param port where to
         * @param nanos when the thread saw it, by the clock of {@link SystemCalls#nanoTime}
         */
        void written(int port, long nanos);
    }

    /**
     * Its number, and that of its local APIC.
     *
     * @return from 0 on
     */
    public int index() {
        return index;
    }

    /**
     * What KVM has counted of it until now. One thread at a time.
     *
     * @return on loan; holds the values of this call until the next
     * @throws IOException what KVM says
     */
    public KvmStatistics statistics() throws IOException {
        statistics.read();
        return statistics;
    }

    /** Puts it into the state in which a processor of a PC is when its firmware runs. */
    void start(int address, int stack, List<Integer> place, Ports ports) throws LinuxException {
        if (started) {
            throw new IllegalStateException("vCPU " + index + " was started before");
        }
        setRegisters(address, stack);
        started = true;
        Thread thread = new Thread(() -> run(place, ports), "vCPU " + index);
        thread.setDaemon(true);
        thread.start();
    }

    private void setRegisters(int address, int stack) throws LinuxException {
        try (NativeMemory sregs = calls.allocate(Kvm.Sregs.SIZE);
                NativeMemory regs = calls.allocate(Kvm.Regs.SIZE);
                NativeMemory state = calls.allocate(Kvm.MpState.SIZE)) {
            calls.ioctl(vcpu, Kvm.KVM_GET_SREGS, sregs);
            sregs.putLong(Kvm.Sregs.CS + Kvm.Segment.BASE, 0);
            sregs.putShort(Kvm.Sregs.CS + Kvm.Segment.SELECTOR, 0);
            // The interrupt controllers are below 4 GiB, and its instructions reach that far.
            sregs.putInt(Kvm.Sregs.DS + Kvm.Segment.LIMIT, -1);
            sregs.putByte(Kvm.Sregs.DS + Kvm.Segment.G, 1);
            calls.ioctl(vcpu, Kvm.KVM_SET_SREGS, sregs);
            regs.putLong(Kvm.Regs.RSP, stack);
            regs.putLong(Kvm.Regs.RIP, address);
            regs.putLong(Kvm.Regs.RFLAGS, RFLAGS_NOTHING);
            calls.ioctl(vcpu, Kvm.KVM_SET_REGS, regs);
            // All but the first wait for one another otherwise.
            state.putInt(Kvm.MpState.MP_STATE, Kvm.KVM_MP_STATE_RUNNABLE);
            calls.ioctl(vcpu, Kvm.KVM_SET_MP_STATE, state);
        }
    }

    private void run(List<Integer> place, Ports ports) {
        VcpuEnd how;
        try {
            calls.bindThread(place);
            ports.entering();
            how = runUntilEnd(ports);
        } catch (LinuxException | RuntimeException | Error e) {
            how = new VcpuEnd(false, "its thread failed: " + e);
        }
        end = Optional.of(how);
        ended.countDown();
    }

    private VcpuEnd runUntilEnd(Ports ports) throws LinuxException {
        while (true) {
            calls.ioctl(vcpu, Kvm.KVM_RUN, 0);
            long nanos = calls.nanoTime();
            int port = VcpuExit.portWritten(run);
            if (port == SmallGuest.STOP_PORT) {
                return new VcpuEnd(true, "it was stopped");
            }
            if (port == SmallGuest.FAULT_PORT) {
                return new VcpuEnd(false, fault() + "; " + registers());
            }
            if (port < 0) {
                return new VcpuEnd(false, VcpuExit.describe(run) + "; " + registers());
            }
            ports.written(port, nanos);
        }
    }

    /** The handler of what has none has put the vector into AL. */
    private String fault() throws LinuxException {
        try (NativeMemory regs = calls.allocate(Kvm.Regs.SIZE)) {
            calls.ioctl(vcpu, Kvm.KVM_GET_REGS, regs);
            int vector = regs.getByte(Kvm.Regs.RAX);
            return "an interrupt or fault that nobody expected, number " + vector
                    + switch (vector) {
                        case INVALID_OPCODE -> " (invalid opcode)";
                        case GENERAL_PROTECTION -> " (general protection)";
                        default -> "";
                    };
        }
    }

    /** On the vCPU's thread: on another the call would wait until the vCPU has left the guest. */
    private String registers() {
        try (NativeMemory regs = calls.allocate(Kvm.Regs.SIZE)) {
            calls.ioctl(vcpu, Kvm.KVM_GET_REGS, regs);
            return "rip 0x" + hex(regs, Kvm.Regs.RIP) + ", rsp 0x" + hex(regs, Kvm.Regs.RSP) + ", rflags 0x"
                    + hex(regs, Kvm.Regs.RFLAGS) + ", rax 0x" + hex(regs, Kvm.Regs.RAX) + ", rbx 0x"
                    + hex(regs, Kvm.Regs.RBX);
        } catch (LinuxException e) {
            return "its registers are not to be had: " + e.getMessage();
        }
    }

    private static String hex(NativeMemory regs, int offset) {
        return Long.toHexString(regs.getLong(offset));
    }

    /**
     * Whether it has been started, and has not ended.
     *
     * @return true in between
     */
    public boolean isRunning() {
        return started && end.isEmpty();
    }

    /**
     * How it ended.
     *
     * @return empty as long as it has not
     */
    public Optional<VcpuEnd> end() {
        return end;
    }

    /** Waits for its end; one that was not started counts as ended. */
    boolean awaitEnd(Duration patience) {
        if (!started) {
            return true;
        }
        boolean interrupted = false;
        long deadline = calls.nanoTime() + patience.toNanos();
        try {
            while (true) {
                try {
                    return ended.await(deadline - calls.nanoTime(), TimeUnit.NANOSECONDS);
                } catch (InterruptedException e) {
                    interrupted = true;
                }
            }
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }
}
