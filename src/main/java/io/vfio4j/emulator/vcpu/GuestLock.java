package io.vfio4j.emulator.vcpu;

import io.vfio4j.emulator.vcpu.Vcpu.Doing;
import io.vfio4j.emulator.vcpu.Vcpu.Place;

/** A guest's spin lock: kernel/locking/qspinlock.c and qspinlock_paravirt.h of the guest, where it is a queued one. */
final class GuestLock {
    private final SpinLock kind;
    private final Patience patience;
    private final Host host;
    private final Vcpu nobody;
    private Vcpu owner;
    private Vcpu first;
    private Vcpu last;

    GuestLock(SpinLock kind, Patience patience, Host host, Vcpu nobody) {
        this.kind = kind;
        this.patience = patience;
        this.host = host;
        this.nobody = nobody;
        owner = nobody;
        first = nobody;
        last = nobody;
    }

    /** Takes the lock or waits for it. */
    void acquire(Vcpu vcpu) {
        vcpu.interruptsOff = true;
        if (owner == nobody && (first == nobody || isForTheTaking())) {
            owner = vcpu;
            hold(vcpu);
        } else {
            enqueue(vcpu);
        }
    }

    /**
     * Whether a newcomer may take a free lock before those who wait. A paravirtualised waiter that is first and spins prevents it by the
     * pending bit, even while it is preempted (pv_hybrid_queued_unfair_trylock).
     */
    private boolean isForTheTaking() {
        return kind == SpinLock.QUEUED || kind.isParavirtualised() && first.doing == Doing.LOCK_HALTED;
    }

    private static void hold(Vcpu vcpu) {
        vcpu.work(Doing.HOLD, vcpu.holdNanos);
    }

    private void enqueue(Vcpu vcpu) {
        vcpu.doing = Doing.LOCK_SPIN;
        vcpu.granted = false;
        vcpu.thresholdLeft = patience.thresholdNanos();
        vcpu.pauseLeft = vcpu.pauseWindow;
        vcpu.ahead = last;
        vcpu.behind = nobody;
        if (first == nobody) {
            first = vcpu;
        } else {
            last.behind = vcpu;
        }
        last = vcpu;
    }

    /** Lets the lock go; its way to the next one begins. */
    void release(Vcpu vcpu) {
        owner = nobody;
        vcpu.interruptsOff = false;
        vcpu.doing = Doing.KERNEL;
        vcpu.left = 0;
        if (first == nobody) {
            return;
        }
        if (kind == SpinLock.TICKET || first.doing == Doing.LOCK_SPIN && first.isInGuest()) {
            give();
        } else if (first.doing == Doing.LOCK_HALTED && !first.kicked) {
            first.kicked = true;
            host.kick(vcpu, first);
        }
    }

    /** The first in the queue gets the lock, and whoever was behind it is first now. */
    private void give() {
        Vcpu next = first;
        host.settle(next);
        owner = next;
        next.granted = true;
        next.left = host.costs.handover();
        first = next.behind;
        next.behind = nobody;
        if (first == nobody) {
            last = nobody;
        } else {
            host.settle(first);
            first.ahead = nobody;
            first.thresholdLeft = patience.thresholdNanos();
            host.review(first);
        }
        host.review(next);
        host.progressed();
    }

    /**
     * A waiter that runs looks at the lock.
     *
     * @return whether something came of it
     */
    boolean look(Vcpu vcpu) {
        if (vcpu.granted) {
            if (vcpu.left > 0) {
                return false;
            }
            vcpu.granted = false;
            hold(vcpu);
            return true;
        }
        if (vcpu == first && owner == nobody) {
            give();
            return true;
        }
        if (kind.isParavirtualised() && (vcpu.thresholdLeft <= 0 || loopsToCheck(vcpu) == 0 && stoppedAhead(vcpu))) {
            vcpu.doing = Doing.LOCK_HALTED;
            stopped(vcpu);
            host.halt(vcpu);
            return true;
        }
        return false;
    }

    /** When a waiter that spins does something by itself, from now. */
    long untilHalt(Vcpu vcpu) {
        if (!kind.isParavirtualised()) {
            return Vcpu.FOREVER;
        }
        // What is 0 now has been looked at.
        return stoppedAhead(vcpu)
                ? Math.min(vcpu.thresholdLeft, patience.checkNanos() - spun(vcpu) % patience.checkNanos())
                : vcpu.thresholdLeft;
    }

    private long loopsToCheck(Vcpu vcpu) {
        return spun(vcpu) % patience.checkNanos();
    }

    private long spun(Vcpu vcpu) {
        return patience.thresholdNanos() - vcpu.thresholdLeft;
    }

    /** pv_wait_early(): the vCPU before this one in the queue does not spin. The first in the queue has nobody to look at. */
    private boolean stoppedAhead(Vcpu vcpu) {
        Vcpu ahead = vcpu.ahead;
        return ahead != nobody
                && kind.waitsEarly()
                && (ahead.doing == Doing.LOCK_HALTED
                        || kind == SpinLock.PV_QUEUED_EARLY_IF_PREEMPTED && ahead.place != Place.RUNNING);
    }

    /** A vCPU halts or has lost its processor: whoever is behind it in the queue may halt earlier. */
    void stopped(Vcpu vcpu) {
        if (kind.waitsEarly() && vcpu.behind != nobody && vcpu.behind.isInGuest()) {
            host.settle(vcpu.behind);
            host.review(vcpu.behind);
        }
    }

    /** A waiter that was kicked runs: it spins again. */
    void resume(Vcpu vcpu) {
        vcpu.unhalted = false;
        vcpu.kicked = false;
        vcpu.doing = Doing.LOCK_SPIN;
        vcpu.thresholdLeft = patience.thresholdNanos();
        vcpu.pauseLeft = vcpu.pauseWindow;
    }

    /** For whom those wait who wait for the lock: who has it, or is first to take it. */
    Vcpu awaited() {
        return owner == nobody ? first : owner;
    }
}
