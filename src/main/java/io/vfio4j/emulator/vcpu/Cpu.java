package io.vfio4j.emulator.vcpu;

import io.vfio4j.emulator.vcpu.Outcome.Bucket;

/** One of the host's processors. */
final class Cpu {
    /** What it does. */
    enum Mode {
        IDLE,
        /** Goes over to another vCPU. */
        SWITCH,
        /** Runs KVM on behalf of its vCPU. */
        HOST,
        GUEST
    }

    /** What comes after the host's work. */
    enum Then {
        ENTER,
        /** Searches for whom to boost. */
        SEARCH,
        /** Gives way to another vCPU. */
        SWITCH,
        /** Its vCPU has halted. */
        HALT,
        BLOCK,
        SEND_INTERRUPTS,
        KICK
    }

    final int id;
    final RunQueue queue;
    /** When its first tick comes; the others follow at equal distances. */
    final long tickPhase;

    Mode mode = Mode.IDLE;
    Then then = Then.ENTER;
    Vcpu current;
    /** Up to when its time has been accounted for. */
    long from;

    Bucket bucket = Bucket.IDLE;
    /** Waits for its halted vCPU, having nothing else to do. */
    boolean polling;
    /** Is to leave the guest for an interrupt that cannot be posted. */
    boolean exitAsked;

    Cpu(int id, RunQueue queue, long tickPhase, Vcpu nobody) {
        this.id = id;
        this.queue = queue;
        this.tickPhase = tickPhase;
        this.current = nobody;
    }

    @Override
    public String toString() {
        return "processor " + id + ": " + mode + (mode == Mode.HOST ? ", then " + then : "") + ", " + queue.size()
                + " want it, "
                + (mode == Mode.IDLE
                        ? "none has it"
                        : "vCPU " + current.index + " of guest " + current.guest.number + " has it");
    }
}
