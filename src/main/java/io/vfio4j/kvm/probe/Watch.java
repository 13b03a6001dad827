package io.vfio4j.kvm.probe;

import io.vfio4j.kvm.guest.SmallGuest;
import io.vfio4j.kvm.guest.Vcpu;
import io.vfio4j.kvm.guest.VcpuEnd;
import io.vfio4j.linux.SystemCalls;
import java.io.IOException;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;

/** Sees to it that a guest which does not answer is reported, and not waited for without end. */
final class Watch {
    private static final Duration STOPPING = Duration.ofSeconds(5);
    private static final long STEP_NANOS = 20_000;

    private final SystemCalls calls;
    private final SmallGuest guest;
    private final long patienceNanos;

    Watch(SystemCalls calls, SmallGuest guest, Duration patience) {
        this.calls = calls;
        this.guest = guest;
        this.patienceNanos = patience.toNanos();
    }

    interface Condition {
        boolean holds() throws IOException;
    }

    /** Waits until it holds. */
    void await(String what, Condition condition) throws IOException, InterruptedException {
        long since = calls.nanoTime();
        while (!condition.holds()) {
            check(what, since);
            pause(STEP_NANOS);
        }
    }

    /** Lets the guest run for a while, or as long as that is wanted. */
    void let(Duration time, BooleanSupplier wanted) throws IOException, InterruptedException {
        long since = calls.nanoTime();
        long left = time.toNanos();
        while (left > 0 && wanted.getAsBoolean()) {
            checkRunning("the end of the measurement");
            pause(Math.min(left, Duration.ofMillis(50).toNanos()));
            left = since + time.toNanos() - calls.nanoTime();
        }
    }

    private void pause(long nanos) throws InterruptedException {
        if (Thread.interrupted()) {
            throw new InterruptedException();
        }
        LockSupport.parkNanos(this, nanos);
    }

    /** That it has not been waited for too long, and that all vCPUs that were started still run. */
    void check(String what, long since) throws IOException {
        checkRunning(what);
        if (calls.nanoTime() - since > patienceNanos) {
            boolean ended = guest.stop(STOPPING);
            throw new UnresponsiveGuestException("waited in vain for " + what + ", for " + patienceNanos / 1_000_000
                    + " ms; " + (ended ? "the guest was stopped" : "the guest could not even be stopped") + states());
        }
    }

    private void checkRunning(String what) throws IOException {
        for (Vcpu vcpu : guest.vcpus()) {
            Optional<VcpuEnd> end = vcpu.end();
            if (end.isPresent()) {
                throw new UnresponsiveGuestException(
                        "waiting for " + what + ": vCPU " + vcpu.index() + " has ended: " + end.get());
            }
        }
    }

    /** Ends the vCPUs. */
    void stop() throws IOException {
        if (!guest.stop(STOPPING)) {
            throw new UnresponsiveGuestException("the guest does not stop" + states());
        }
        for (Vcpu vcpu : guest.vcpus()) {
            Optional<VcpuEnd> end = vcpu.end().filter(how -> !how.asked());
            if (end.isPresent()) {
                throw new UnresponsiveGuestException("vCPU " + vcpu.index() + " has ended: " + end.get());
            }
        }
    }

    private String states() {
        StringBuilder text = new StringBuilder();
        for (Vcpu vcpu : guest.vcpus()) {
            text.append("; vCPU ").append(vcpu.index()).append(": ");
            text.append(
                    vcpu.isRunning()
                            ? "in KVM_RUN"
                            : vcpu.end().map(VcpuEnd::text).orElse("not started"));
        }
        return text.toString();
    }
}
