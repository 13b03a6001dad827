package io.vfio4j.kvm.probe;

import io.vfio4j.kvm.guest.GuestCode;
import io.vfio4j.kvm.guest.SmallGuest;
import io.vfio4j.kvm.guest.SmallGuest.PauseExits;
import io.vfio4j.kvm.guest.Vcpu;
import io.vfio4j.linux.SystemCalls;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.OptionalLong;
import java.util.function.BooleanSupplier;

/**
 * What becomes of vCPUs that spin for one another: two of them share a processor, and each waits, with PAUSE, until the other has
 * handed over to it. Where the host notices that a vCPU spins, it lets the other one run; where not, each spins until its time is up.
 * One VM has its PAUSE exits switched off, another not: all else is equal.
 */
public final class PauseProbe {
    private static final Duration PATIENCE = Duration.ofSeconds(10);
    private static final int TURN = SmallGuest.NOTES;
    private static final int HANDED_OVER = SmallGuest.NOTES + 0x40;
    private static final int VCPUS = 2;

    private PauseProbe() {}

    /**
     * What came of it.
     *
     * @param exitsOff whether PAUSE exits were switched off
     * @param time how long it took
     * @param handOvers how often one vCPU handed over to the other
     * @param exits how often the vCPUs left the guest, {@code exits}; empty where KVM does not count it
     */
    public record Outcome(boolean exitsOff, Duration time, long handOvers, OptionalLong exits) {
        /**
         * How quick it was.
         *
         * @return hand-overs a second
         */
        public double handOversPerSecond() {
            return handOvers * 1e9 / time.toNanos();
        }
    }

    /**
     * Finds out whether this host can do it at all, by making a guest that is never started.
     *
     * @param calls a real kernel
     * @throws IOException when not, with advice; {@link io.vfio4j.kvm.MissingCapabilityException} where PAUSE exits cannot be
     *     switched off
     */
    public static void requireSupport(SystemCalls calls) throws IOException {
        SmallGuest.create(calls, VCPUS, PauseExits.OFF).close();
    }

    /**
     * Has them spin for a while. Blocks a little longer than that.
     *
     * @param calls a real kernel
     * @param exitsOff whether PAUSE exits are to be switched off
     * @param processor where the vCPUs are
     * @param time how long
     * @param wanted asked some times a second; false ends it early, in order
     * @return what came of it
     * @throws IOException what KVM says, with advice; {@link io.vfio4j.kvm.MissingCapabilityException} where they cannot be switched
     *     off; {@link UnresponsiveGuestException}
     * @throws InterruptedException when the thread is interrupted; the guest has ended then
     */
    public static Outcome run(SystemCalls calls, boolean exitsOff, int processor, Duration time, BooleanSupplier wanted)
            throws IOException, InterruptedException {
        PauseExits exits = exitsOff ? PauseExits.OFF : PauseExits.AS_THEY_ARE;
        try (SmallGuest guest = SmallGuest.create(calls, VCPUS, exits)) {
            Watch watch = new Watch(calls, guest, PATIENCE);
            for (int i = 0; i < VCPUS; i++) {
                GuestCode turn = new GuestCode()
                        .spinUntil(TURN, i)
                        .count(HANDED_OVER + Integer.BYTES * i)
                        .store(TURN, (i + 1) % VCPUS);
                GuestCode code = new GuestCode().loop(turn);
                guest.start(i, code, List.of(processor), Vcpu.Ports.NONE);
            }
            watch.await("the first hand-overs", () -> handOvers(guest) > VCPUS);
            long since = calls.nanoTime();
            long handOversBefore = handOvers(guest);
            OptionalLong exitsBefore = exits(guest);
            watch.let(time, wanted);
            long handOvers = handOvers(guest) - handOversBefore;
            OptionalLong exitsAfter = exits(guest);
            Duration took = Duration.ofNanos(calls.nanoTime() - since);
            watch.stop();
            return new Outcome(
                    exitsOff,
                    took,
                    handOvers,
                    exitsAfter.isPresent()
                            ? OptionalLong.of(exitsAfter.getAsLong() - exitsBefore.getAsLong())
                            : OptionalLong.empty());
        }
    }

    private static long handOvers(SmallGuest guest) {
        long sum = 0;
        for (int i = 0; i < VCPUS; i++) {
            sum += Integer.toUnsignedLong(guest.memory().getInt(HANDED_OVER + Integer.BYTES * i));
        }
        return sum;
    }

    private static OptionalLong exits(SmallGuest guest) throws IOException {
        long sum = 0;
        for (Vcpu vcpu : guest.vcpus()) {
            if (vcpu.statistics().find("exits").isEmpty()) {
                return OptionalLong.empty();
            }
            sum += vcpu.statistics().value("exits");
        }
        return OptionalLong.of(sum);
    }
}
