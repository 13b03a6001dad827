package io.vfio4j.emulator.vcpu;

import io.vfio4j.emulator.vcpu.Vcpu.Doing;
import java.util.Arrays;
import java.util.SplittableRandom;

/** A guest: its vCPUs, its lock, its interrupts, and what KVM asks about it. */
final class Guest implements DirectedYield.Host {
    final int number;
    final Vcpu[] vcpus;
    final KvmVcpus kvm;

    long records;
    long processorNanos;
    long flips;
    long missedVblanks;

    private final VirtualMachine machine;
    private final Host host;
    private final GuestLock lock;
    private final Routine[] routines;
    /** Those that share an address space. */
    private final int[] sharers;

    Guest(int number, Setup setup, Host host, int firstTask, SplittableRandom random) {
        this.number = number;
        this.host = host;
        machine = setup.machines().get(number);
        int count = machine.programs().size();
        kvm = KvmVcpus.of(setup, count);
        lock = new GuestLock(machine.lock(), machine.patience(), host, host.nobody);
        vcpus = new Vcpu[count];
        routines = new Routine[count];
        int[] sharing = new int[count];
        int sharingCount = 0;
        for (int i = 0; i < count; i++) {
            routines[i] = Routine.of(machine.programs().get(i), this, i);
            vcpus[i] = new Vcpu(firstTask + i, this, i, random.split(), setup.jitterPercent());
            vcpus[i].ahead = host.nobody;
            vcpus[i].behind = host.nobody;
            vcpus[i].pauseWindow = setup.pause().windowNanos();
            vcpus[i].waitsFor = new long[(count + Long.SIZE - 1) / Long.SIZE];
            if (routines[i].isSharer()) {
                sharing[sharingCount++] = i;
            }
        }
        sharers = Arrays.copyOf(sharing, sharingCount);
    }

    boolean playsPingPong(int vcpu) {
        return vcpu < machine.programs().size() && machine.programs().get(vcpu) instanceof GuestProgram.PingPong;
    }

    void next(Vcpu vcpu) {
        routines[vcpu.index].next(vcpu);
    }

    void lock(Vcpu vcpu, long holdNanos) {
        vcpu.holdNanos = holdNanos;
        lock.acquire(vcpu);
    }

    void unlock(Vcpu vcpu) {
        lock.release(vcpu);
    }

    GuestLock lock() {
        return lock;
    }

    /** The idle loop: HLT with interrupts on. */
    void halt(Vcpu vcpu) {
        vcpu.doing = Doing.HALTED;
        host.halt(vcpu);
    }

    /** Wakes another vCPU. */
    void wake(Vcpu vcpu, int target) {
        vcpu.work(Doing.KERNEL, 0);
        vcpu.sends[0] = target;
        vcpu.sendCount = 1;
        vcpu.sendVector = Vcpu.WAKE;
        host.sendInterrupts(vcpu);
    }

    /**
     * smp_call_function_many() of kernel/smp.c: asks all others that share the address space for a call, interrupts those who had been
     * asked for none, and waits for all. Idle ones are left out: they have no address space loaded that would matter.
     */
    void shootDown(Vcpu vcpu) {
        vcpu.doing = Doing.CALL_SPIN;
        vcpu.callStart = host.now;
        vcpu.pauseLeft = vcpu.pauseWindow;
        vcpu.sendCount = 0;
        vcpu.sendVector = Vcpu.CALL;
        for (int sharer : sharers) {
            Vcpu target = vcpus[sharer];
            if (target != vcpu && target.doing != Doing.HALTED) {
                ask(vcpu, target);
            }
        }
        if (vcpu.sendCount > 0) {
            host.sendInterrupts(vcpu);
        }
    }

    private static void ask(Vcpu vcpu, Vcpu target) {
        vcpu.unanswered++;
        vcpu.waitsFor[target.index >> 6] |= 1L << target.index;
        if (target.callCount == target.callsTaken) {
            if (vcpu.sendCount == vcpu.sends.length) {
                vcpu.sends = Arrays.copyOf(vcpu.sends, 2 * vcpu.sendCount);
            }
            vcpu.sends[vcpu.sendCount++] = target.index;
        }
        if (target.callCount == target.calls.length) {
            target.calls = Arrays.copyOf(target.calls, 2 * target.callCount);
        }
        target.calls[target.callCount++] = vcpu.index;
    }

    /** The interrupts that a vCPU sends arrive. How many vCPUs that wakes. */
    int deliver(Vcpu vcpu) {
        int woken = 0;
        for (int i = 0; i < vcpu.sendCount; i++) {
            if (host.post(vcpus[vcpu.sends[i]], vcpu.sendVector)) {
                woken++;
            }
        }
        vcpu.sendCount = 0;
        return woken;
    }

    /** An interrupt from outside. */
    void postExternal(Vcpu vcpu) {
        if ((vcpu.pending & Vcpu.EXTERNAL) != 0) {
            missedVblanks++;
        } else {
            vcpu.externalSince = host.now;
        }
        vcpu.vblankTime = host.now;
        host.post(vcpu, Vcpu.EXTERNAL);
    }

    /** Takes the first of the pending interrupts. */
    void beginHandler(Vcpu vcpu) {
        vcpu.handling = Integer.lowestOneBit(vcpu.pending);
        vcpu.pending &= ~vcpu.handling;
        vcpu.handlerLeft = host.costs.interrupt();
        if (vcpu.handling == Vcpu.CALL) {
            vcpu.callsTaken = vcpu.callCount;
            vcpu.handlerLeft += host.costs.call() * vcpu.callsTaken;
        } else if (vcpu.handling == Vcpu.EXTERNAL) {
            host.listener.onInterrupt(number, vcpu.index, host.now - vcpu.externalSince);
        }
    }

    void endHandler(Vcpu vcpu) {
        if (vcpu.handling == Vcpu.CALL) {
            answer(vcpu);
        } else if (vcpu.handling == Vcpu.EXTERNAL) {
            vcpu.vblankTaken = true;
        } else {
            vcpu.signalled = true;
        }
        vcpu.handling = 0;
        vcpu.pauseLeft = vcpu.pauseWindow;
    }

    private void answer(Vcpu vcpu) {
        for (int i = 0; i < vcpu.callsTaken; i++) {
            Vcpu caller = vcpus[vcpu.calls[i]];
            caller.waitsFor[vcpu.index >> 6] &= ~(1L << vcpu.index);
            if (--caller.unanswered == 0) {
                host.listener.onShootdown(number, host.now - caller.callStart);
                host.notice(caller);
            }
        }
        vcpu.callCount -= vcpu.callsTaken;
        System.arraycopy(vcpu.calls, vcpu.callsTaken, vcpu.calls, 0, vcpu.callCount);
        vcpu.callsTaken = 0;
        host.progressed();
    }

    void flip(Vcpu vcpu) {
        records++;
        flips++;
        host.listener.onFlip(number, vcpu.index, host.now, vcpu.frameTime);
    }

    /** A vCPU has lost its processor. */
    void stopped(Vcpu vcpu) {
        if (vcpu.doing == Doing.LOCK_SPIN) {
            lock.stopped(vcpu);
        }
    }

    @Override
    public boolean hasWork(int vcpu) {
        return vcpus[vcpu].hasWork();
    }

    @Override
    public boolean pendingInterrupt(int vcpu) {
        return vcpus[vcpu].pending != 0;
    }

    @Override
    public boolean isWanted(int me, int vcpu) {
        Vcpu spinner = vcpus[me];
        Vcpu target = vcpus[vcpu];
        if (spinner.doing == Doing.LOCK_SPIN) {
            return lock.awaited() == target;
        }
        return spinner.waitsFor(vcpu) || lock.awaited() == target && waitsForLock(spinner);
    }

    /** Whether one of those whose answer a vCPU awaits cannot answer, because it waits for the lock itself. */
    private boolean waitsForLock(Vcpu caller) {
        for (int sharer : sharers) {
            Doing doing = vcpus[sharer].doing;
            if ((doing == Doing.LOCK_SPIN || doing == Doing.LOCK_HALTED) && caller.waitsFor(sharer)) {
                return true;
            }
        }
        return false;
    }

    @Override
    public int yieldTo(int me, int vcpu) {
        return host.yieldTo(vcpus[me], vcpus[vcpu]);
    }

    void clear() {
        records = 0;
        processorNanos = 0;
        flips = 0;
        missedVblanks = 0;
    }

    Outcome.Machine counted() {
        return new Outcome.Machine(records, processorNanos, flips, missedVblanks);
    }
}
