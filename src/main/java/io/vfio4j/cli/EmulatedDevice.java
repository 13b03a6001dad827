package io.vfio4j.cli;

import io.vfio4j.emulator.EmulatedHost;
import io.vfio4j.emulator.SignalCounts;
import io.vfio4j.linux.LinuxException;
import io.vfio4j.linux.SystemCalls;
import io.vfio4j.mdev.MdevDevice;
import java.time.Duration;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;

/** An emulated host with the one vGPU that a name asks for. */
final class EmulatedDevice implements AutoCloseable {
    /** Where the driver counts planes; elsewhere its values do not tell them. */
    private static final Set<String> TELL_PLANES = Set.of("v2", "v4", "v5", "v6");

    private static final Duration SLICE = Duration.ofMillis(100);

    private final DeviceName.Emulated name;
    private final EmulatedHost host;
    private final Optional<FrameTally> frames;

    private EmulatedDevice(DeviceName.Emulated name, EmulatedHost host) {
        this.name = name;
        this.host = host;
        this.frames = name.profile().overcommit().isPresent()
                ? Optional.of(new FrameTally(host.vgpu().guest()))
                : Optional.empty();
    }

    static EmulatedDevice inVirtualTime(DeviceName.Emulated name) {
        return new EmulatedDevice(name, EmulatedHost.of(name.profile()));
    }

    static EmulatedDevice inRealTime(DeviceName.Emulated name) {
        return new EmulatedDevice(
                name, EmulatedHost.builder().vgpu(name.profile()).realTime().build());
    }

    SystemCalls systemCalls() {
        return host.systemCalls();
    }

    MdevDevice mdev() throws LinuxException {
        return MdevDevice.find(host.systemCalls(), host.vgpu().uuid());
    }

    void runGuest() {
        host.vgpu().guest().run(name.scenario());
    }

    void stopGuest() {
        host.vgpu().guest().stop();
    }

    /** Lets virtual time pass; whatever steps with it is run too. */
    void advance(Duration duration) {
        host.clock().advance(duration);
    }

    /**
     * The guest does what it does, in virtual time, and whatever steps with it is run.
     *
     * @param length how long
     * @param ended whether to end before; asked every 100 ms of virtual time
     * @param passed is told how long, as often
     * @return how long it took
     */
    Duration runGuest(Duration length, BooleanSupplier ended, Consumer<Duration> passed) {
        // The irq is unmasked before the guest begins, so that no signal of it is dropped.
        advance(Duration.ZERO);
        runGuest();
        Duration sum = Duration.ZERO;
        while (sum.compareTo(length) < 0 && !ended.getAsBoolean()) {
            Duration left = length.minus(sum);
            Duration slice = left.compareTo(SLICE) < 0 ? left : SLICE;
            advance(slice);
            sum = sum.plus(slice);
            passed.accept(sum);
        }
        stopGuest();
        return sum;
    }

    Summary.DriverCounts signalled() {
        SignalCounts counts = host.vgpu().signalled();
        boolean planes = TELL_PLANES.contains(name.profile().name());
        return new Summary.DriverCounts(
                counts.calls(),
                planes ? counts.primary() + counts.cursor() : counts.raw(),
                planes ? OptionalLong.of(counts.primary()) : OptionalLong.empty(),
                planes ? OptionalLong.of(counts.cursor()) : OptionalLong.empty());
    }

    /** How the guest keeps pace; empty for one that answers at once. */
    Optional<Summary.Frames> frames() {
        return lateness().map(FrameLateness::summary);
    }

    /** The same, with its histograms. */
    Optional<FrameLateness> lateness() {
        return frames.map(FrameTally::count);
    }

    @Override
    public void close() {
        host.close();
    }
}
