package io.vfio4j.kvm.probe;

import io.vfio4j.kvm.GsiTarget.Message;
import io.vfio4j.kvm.Irqfd;
import io.vfio4j.kvm.KvmStatistics;
import io.vfio4j.kvm.guest.GuestCode;
import io.vfio4j.kvm.guest.SmallGuest;
import io.vfio4j.kvm.guest.SmallGuest.PauseExits;
import io.vfio4j.kvm.guest.Vcpu;
import io.vfio4j.linux.SystemCalls;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import java.util.concurrent.locks.LockSupport;

/**
 * Measures how long it takes from the write to an eventfd until the handler of a guest's vCPU runs: by an irqfd, through KVM, with
 * hogs on the vCPU's processor or without. Open loop: the times of the signals are drawn before.
 */
public final class LatencyProbe {
    /** Answers that are not measured: classes are loaded, code is compiled. */
    private static final int WARM_UP = 300;
    /** No hog and no tick explains it. */
    private static final Duration PATIENCE = Duration.ofSeconds(10);
    /** parkNanos may be late by so much, and the rest is spun. */
    private static final long SPIN_NANOS = 200_000;

    private static final int VECTOR = 0x31;
    private static final int HANDLED_PORT = 0xe0;
    private static final int READY = SmallGuest.NOTES;

    private final SystemCalls calls;
    private final LatencySetup setup;
    private final Progress progress;

    private LatencyProbe(SystemCalls calls, LatencySetup setup, Progress progress) {
        this.calls = calls;
        this.setup = setup;
        this.progress = progress;
    }

    /** Is told how far it is. */
    @FunctionalInterface
    public interface Progress {
        /**
         * Called after each signal, on the signalling thread: what takes long here delays the next signal.
         *
         * @param signals how many were written
         * @return whether to go on; false ends the probe early, in order
         */
        boolean signalled(int signals);
    }

    /**
     * Runs it, on the calling thread, which must be a platform thread, and on those of the vCPU and the hogs. Blocks for the time of
     * the signals, {@link #expectedDuration}. The calling thread is bound to a processor meanwhile.
     *
     * @param calls a real kernel
     * @param setup what to do
     * @param progress is told how far it is
     * @return what was measured
     * @throws IOException when there is no KVM that can do it, with advice; {@link UnresponsiveGuestException}
     * @throws InterruptedException when the thread is interrupted; everything has ended then
     */
    public static LatencyResult run(SystemCalls calls, LatencySetup setup, Progress progress)
            throws IOException, InterruptedException {
        return new LatencyProbe(calls, setup, progress).run();
    }

    /**
     * Finds out whether this host can do it at all, by making a guest that is never started.
     *
     * @param calls a real kernel
     * @throws IOException when not, with advice
     */
    public static void requireSupport(SystemCalls calls) throws IOException {
        try (SmallGuest guest = SmallGuest.create(calls, 1, PauseExits.AS_THEY_ARE)) {
            assign(calls, guest).close();
        }
    }

    private static Irqfd assign(SystemCalls calls, SmallGuest guest) throws IOException {
        int gsi = guest.vm().routing().routeFree(new Message(SmallGuest.messageAddress(0), VECTOR));
        return guest.vm().irqfd(gsi, calls.eventFd("the probe's interrupt"));
    }

    /**
     * How long a probe takes.
     *
     * @param calls a real kernel
     * @param setup what is to be done
     * @return an estimate, without the guest's start
     * @throws IOException when the tick's length is not to be had
     */
    public static Duration expectedDuration(SystemCalls calls, LatencySetup setup) throws IOException {
        return Duration.ofNanos(
                OpenLoop.expectedNanos(setup.signals(), new WaitingLaw(setup.hogs(), calls.tickNanos())));
    }

    private LatencyResult run() throws IOException, InterruptedException {
        List<Integer> before = calls.allowedProcessors();
        try (SmallGuest guest = SmallGuest.create(calls, 1, PauseExits.AS_THEY_ARE)) {
            calls.bindThread(List.of(setup.injectorProcessor()));
            try (Irqfd irqfd = assign(calls, guest);
                    ProcessorShare share = new ProcessorShare(calls)) {
                return measure(guest, irqfd, share);
            }
        } finally {
            calls.bindThread(before);
        }
    }

    private LatencyResult measure(SmallGuest guest, Irqfd irqfd, ProcessorShare share)
            throws IOException, InterruptedException {
        SignalLog warmUp = new SignalLog(WARM_UP);
        SignalLog log = new SignalLog(setup.signals());
        Answers answers = new Answers(warmUp, share);
        Watch watch = new Watch(calls, guest, PATIENCE);
        guest.handle(VECTOR, GuestCode.handler(new GuestCode().out(HANDLED_PORT, 0)));
        GuestCode idle =
                setup.work() == GuestWork.HALTED ? new GuestCode().waitForInterrupts() : new GuestCode().spin();
        GuestCode code = new GuestCode().mark(READY).then(idle);
        guest.start(0, code, List.of(setup.vcpuProcessor()), answers);
        watch.await("the guest to be ready", () -> guest.memory().getByte(READY) == 1);
        for (int i = 1; i <= WARM_UP; i++) {
            signal(warmUp, irqfd);
            int expected = i;
            watch.await("interrupt " + i, () -> warmUp.answered() >= expected);
        }
        answers.log = log;
        try (Hogs hogs = Hogs.start(calls, setup.hogs(), setup.vcpuProcessor(), share)) {
            Counts first = Counts.of(guest.vcpu(0).statistics());
            share.begin();
            signalAll(log, irqfd, watch);
            watch.await("the last interrupt", () -> log.answered() == log.signalled());
            OptionalDouble had = share.end();
            Counts last = Counts.of(guest.vcpu(0).statistics());
            hogs.requireRunning();
            // The vCPU's thread has nothing more to say, and what it wrote is visible when it has ended.
            watch.stop();
            boolean wantedAll = setup.work() == GuestWork.BUSY || setup.hogs() > 0;
            return new LatencyResult(setup, log, last.since(first), wantedAll ? had : OptionalDouble.empty());
        }
    }

    /** Where the vCPU's thread notes its answers. */
    private static final class Answers implements Vcpu.Ports {
        private final ProcessorShare share;
        private volatile SignalLog log;

        Answers(SignalLog log, ProcessorShare share) {
            this.log = log;
            this.share = share;
        }

        @Override
        public void entering() {
            share.join();
        }

        @Override
        public void written(int port, long nanos) {
            log.answer(nanos);
        }
    }

    private void signalAll(SignalLog log, Irqfd irqfd, Watch watch) throws IOException, InterruptedException {
        OpenLoop loop = new OpenLoop(setup.seed(), new WaitingLaw(setup.hogs(), calls.tickNanos()));
        boolean wanted = true;
        long due = calls.nanoTime() + loop.nextGapNanos();
        while (wanted && log.signalled() < setup.signals()) {
            waitUntil(due);
            long written = signal(log, irqfd);
            due = written + loop.nextGapNanos();
            int unanswered = log.answered();
            if (unanswered < log.signalled()) {
                watch.check("interrupt " + (unanswered + 1), log.writtenNanos(unanswered));
            }
            wanted = progress.signalled(log.signalled());
        }
    }

    private long signal(SignalLog log, Irqfd irqfd) throws IOException {
        long now = calls.nanoTime();
        log.signal(now);
        calls.signal(irqfd.eventFd(), 1);
        return now;
    }

    private void waitUntil(long due) throws InterruptedException {
        long left = due - calls.nanoTime();
        while (left > 0) {
            if (Thread.interrupted()) {
                throw new InterruptedException();
            }
            if (left > SPIN_NANOS) {
                LockSupport.parkNanos(this, left - SPIN_NANOS);
            } else {
                Thread.onSpinWait();
            }
            left = due - calls.nanoTime();
        }
    }

    /** What KVM counts, by name. */
    private record Counts(OptionalLong reported, OptionalLong other, OptionalLong wakeups) {
        static Counts of(KvmStatistics statistics) {
            return new Counts(
                    value(statistics, "preemption_reported"),
                    value(statistics, "preemption_other"),
                    value(statistics, "halt_wakeup"));
        }

        private static OptionalLong value(KvmStatistics statistics, String name) {
            return statistics.find(name).isPresent() ? OptionalLong.of(statistics.value(name)) : OptionalLong.empty();
        }

        LatencyResult.Counted since(Counts before) {
            return new LatencyResult.Counted(
                    difference(reported, before.reported),
                    difference(other, before.other),
                    difference(wakeups, before.wakeups));
        }

        private static OptionalLong difference(OptionalLong now, OptionalLong before) {
            return now.isPresent() && before.isPresent()
                    ? OptionalLong.of(now.getAsLong() - before.getAsLong())
                    : OptionalLong.empty();
        }
    }
}
